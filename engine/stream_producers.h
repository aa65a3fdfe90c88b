// SPDX-License-Identifier: MIT
//
// What a stream remembers of its producers, so that an entry that is sent again is not added again: for each producer
// the idempotence IDs of its last entries, and what those entries' own IDs are.
//
//   (producer, idempotence ID) ──► ID of the entry, which may be deleted meanwhile
//
// Something remembered counts as forgotten when its entry's ID is older than the span. It is taken away when an entry
// is added, a few at a time, and by whoever the timer wakes (Keyspace), who logs how many went. Of each producer only
// the latest `size_max` are kept.
//
// What is remembered is logged state, and so is how often it helped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/base/time.h"
#include "engine/digest.h"
#include "engine/record_sink.h"
#include "engine/stream_id.h"
#include "engine/value_timer.h"

namespace sluice {

struct ProducerLimits {
  int64_t span_seconds = 100;
  int64_t size_max = 100;  // idempotence IDs of one producer
  friend bool operator==(const ProducerLimits&, const ProducerLimits&) = default;
};
inline constexpr int64_t kProducerSpanSecondsMax = 86'400;
inline constexpr int64_t kProducerSizeMax = 10'000;

// What is over is taken away in batches, so far apart.
inline constexpr Millis kForgettingGrain{100};

class StreamProducers {
 public:
  explicit StreamProducers(const ProducerLimits& limits) : limits_(limits) {}
  StreamProducers(const StreamProducers&) = delete;
  StreamProducers& operator=(const StreamProducers&) = delete;

  const ProducerLimits& limits() const { return limits_; }
  // Other limits than before make it forget everything.
  void set_limits(const ProducerLimits& limits);

  // The entry that was added with this idempotence ID, if that is not too long ago.
  std::optional<StreamId> find(std::string_view producer, std::string_view idempotence_id, UnixMs now) const;
  // Remembers an entry; whatever the idempotence ID stood for before is forgotten.
  void record(std::string_view producer, std::string_view idempotence_id, StreamId id);
  // Takes away what counts as forgotten, at most so many; returns how many went.
  size_t forget_old(UnixMs now, size_t records_max = kForgottenMax);
  // Takes away the oldest ones, as forget_old() did.
  void forget_oldest(size_t records);
  // When forget_old() next finds something, rounded up; never if nothing is remembered.
  UnixMs earliest_expiry() const;
  ValueTimer& timer() { return timer_; }

  // How many idempotence IDs were ever remembered, and how many entries were not added for them.
  void count_duplicate() { ++duplicates_; }
  uint64_t duplicates() const { return duplicates_; }
  uint64_t added() const { return added_; }
  void set_counts(uint64_t added, uint64_t duplicates) {
    added_ = added;
    duplicates_ = duplicates;
  }

  size_t producers() const { return producers_.size(); }
  size_t size() const { return records_.size(); }
  size_t bytes() const;
  void digest(Digest& digest) const;
  // The commands that make the stream `key` remember this.
  void dump(std::string_view key, RecordSink& sink) const;
  void check_invariants() const;

 private:
  struct Producer;
  struct Record {
    Producer* producer;
    std::string idempotence_id;
    StreamId id;
  };
  using Place = std::list<Record>::iterator;
  struct Producer {
    std::string name;
    std::deque<Place> in_order;                         // the oldest first
    std::unordered_map<std::string_view, Place> by_id;  // names lie in the records
  };
  static constexpr size_t kForgottenMax = 16;  // in one step; each adds one at most

  bool is_old(StreamId id, UnixMs now) const;
  void forget(Place place);

  ProducerLimits limits_;
  ValueTimer timer_;
  std::list<Record> records_;  // of all producers, as they were added
  std::unordered_map<std::string_view, std::unique_ptr<Producer>> producers_;  // names lie in the producers
  uint64_t added_ = 0;
  uint64_t duplicates_ = 0;
};

}  // namespace sluice
