// SPDX-License-Identifier: MIT
//
// A consumer group of a stream: how far it has read, who reads, and what was delivered and is not acknowledged.
//
//   new ──deliver──► held by a consumer ──acknowledge──► (gone)
//                      │          ▲
//                   release     claim, deliver again
//                      ▼          │
//                     unowned ────┘
//
// The entries that are still new are those above last_id(); the group holds nothing of them. A pending entry may have
// been deleted from the stream meanwhile.
//
// A group with a policy is managed: its unowned entries have times from which they are due, and more is known of them
// (queue/managed_group.h). One without pays a pointer.
//
// When a consumer was seen last and when it last got something are statistics: no part of the digest, and not logged
// on their own.
//
// Invariants (check_invariants):
//  * a held entry's consumer exists; Consumer::pending counts them.
//  * names are unique, and by_name_ has every consumer's number in their order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/digest.h"
#include "engine/pending_list.h"
#include "engine/record_sink.h"
#include "engine/stream_id.h"
#include "engine/stream_place.h"

namespace sluice {

class Entry;
class ManagedGroup;
class QueueSystem;
class ReferencedFront;
struct PolicySlot;

struct Consumer {
  std::string name;
  size_t pending = 0;
  UnixMs seen;                   // when it last asked
  std::optional<UnixMs> active;  // when it last got something
};

class ConsumerGroup {
 public:
  // `entries_read` is how many entries were ever added up to `last_id`, if that is known.
  ConsumerGroup(std::string_view name, StreamId last_id, std::optional<uint64_t> entries_read);
  ~ConsumerGroup();
  ConsumerGroup(const ConsumerGroup&) = delete;
  ConsumerGroup& operator=(const ConsumerGroup&) = delete;

  const std::string& name() const { return name_; }
  StreamId last_id() const { return last_id_; }
  std::optional<uint64_t> entries_read() const { return entries_read_; }
  // Where last_id() is in the stream, if it is known.
  const StreamPlace& place() const { return place_; }
  void set_position(StreamId last_id, std::optional<uint64_t> entries_read, const StreamPlace& place = {}) {
    last_id_ = last_id;
    entries_read_ = entries_read;
    place_ = place;
  }

  // --- Consumers; numbers are the group's own, and no logged state

  // kNoConsumer if there is none.
  ConsumerNumber find_consumer(std::string_view name) const;
  // Requires: there is none of that name.
  ConsumerNumber add_consumer(std::string_view name, UnixMs now);
  // Returns how many pending entries went with it. O(pending entries of the group).
  size_t remove_consumer(ConsumerNumber number);
  const Consumer& consumer(ConsumerNumber number) const { return *consumers_[number]; }
  Consumer& consumer(ConsumerNumber number) { return *consumers_[number]; }
  // Numbers in the order of names.
  const std::vector<ConsumerNumber>& consumers() const { return by_name_; }

  // --- Pending entries

  const PendingList& pending() const { return pending_; }
  // Adds it or changes it. A release without a place in the order comes last.
  void put(const Pending& pending);
  // The entry becomes the consumer's, delivered `now`, for the `deliveries`-th time.
  void hold(StreamId id, ConsumerNumber consumer, UnixMs now, uint64_t deliveries) {
    put({.id = id, .consumer = consumer, .time = now, .deliveries = deliveries});
  }
  // The entry becomes nobody's, to be claimed at once.
  void release(StreamId id, uint64_t deliveries);
  // False if it was not pending.
  bool acknowledge(StreamId id);
  // The stream has lost the entries from `first` to `last`; it has an entry again (XSETID lets IDs return).
  void entries_lost(StreamId first, StreamId last) { pending_.orphan(first, last); }
  void entry_returned(StreamId id) { pending_.adopt(id); }
  // Is told of what is no longer pending, from now on; nullptr: nobody is.
  void tell_of_acknowledged(ReferencedFront* front) { front_ = front; }

  // --- With a policy

  // nullptr if it has none.
  ManagedGroup* managed() const { return managed_.get(); }
  // Requires: not managed; the stream is that of `entry`. See ManagedGroup for what must outlive what.
  ManagedGroup& manage(QueueSystem& system, Entry& entry, PolicySlot& slot);
  // What was delayed is as if released, in the order in which it would have come due. No effect if it is not managed.
  void unmanage();

  // --- As a whole

  size_t bytes() const;
  void digest(Digest& digest) const;
  // The commands that rebuild this group of the stream `key`.
  void dump(std::string_view key, RecordSink& sink) const;
  // As Entry::retire() and Entry::free_some().
  void retire();
  bool free_some(size_t& parts_max);
  // Pending entries and consumers. O(1).
  size_t weight() const { return pending_.size() + by_name_.size(); }
  void check_invariants() const;

 private:
  std::vector<ConsumerNumber>::const_iterator lower_bound(std::string_view name) const;
  void dump_pending(std::string_view key, RecordSink& sink) const;

  std::string name_;
  StreamId last_id_;
  std::optional<uint64_t> entries_read_;
  StreamPlace place_;
  std::vector<std::unique_ptr<Consumer>> consumers_;  // by number; nullptr: free
  std::vector<ConsumerNumber> free_;
  std::vector<ConsumerNumber> by_name_;
  PendingList pending_;
  uint64_t release_last_ = 0;
  ReferencedFront* front_ = nullptr;       // the stream's
  std::unique_ptr<ManagedGroup> managed_;  // goes first
};

// The groups of a stream, in the order of their names.
class ConsumerGroups {
 public:
  using List = std::vector<std::unique_ptr<ConsumerGroup>>;

  ConsumerGroup* find(std::string_view name) const;
  // Requires: there is none of that name.
  ConsumerGroup& add(std::string_view name, StreamId last_id, std::optional<uint64_t> entries_read);
  // Requires: it is one of these.
  std::unique_ptr<ConsumerGroup> take(const ConsumerGroup& group);
  const List& list() const { return list_; }
  bool empty() const { return list_.empty(); }
  size_t size() const { return list_.size(); }

 private:
  List::const_iterator lower_bound(std::string_view name) const;
  List list_;
};

}  // namespace sluice
