// SPDX-License-Identifier: MIT
//
// The queues of the whole server: what they share, and every operation on one of them.
//
// Shared and logged: the counter of message IDs, the counter of arming numbers, the policies. Policies lie beside the
// keyspace, by (database, key): a list ends when it runs empty, and a flush ends all, but what was set for
// a key goes on.
// A list under a key with a policy is a queue from its first element (created()).
//
// Shared and not logged: the heap that knows whose timer is first, names of consumers, statistics.
//
// An operation checks everything before it changes anything. It says which keys it changed through
// QueueContext::report, and ends a key that it has emptied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/base/timer_heap.h"
#include "engine/digest.h"
#include "engine/keyspace.h"
#include "engine/queue/consumer_names.h"
#include "engine/queue/handle.h"
#include "engine/queue/message.h"
#include "engine/queue/policy.h"
#include "engine/queue/queue.h"
#include "engine/queue/queue_statistics.h"
#include "engine/record_sink.h"
#include "engine/stamp.h"

namespace sluice {

inline constexpr size_t kQueuePoliciesMax = 1'000'000;
// After a start no lease ends sooner: the outage was ours, not the worker's.
inline constexpr Millis kRestartGrace{10'000};
// Queues whose numbers are kept while they have no messages.
inline constexpr size_t kRestingQueuesMax = 10'000;
// A dead letter that could not be written is tried again after this.
inline constexpr Millis kDyingRetry{60'000};

enum class QueueEvent : uint8_t {
  kReady,       // a message became ready: waiters may be served
  kChanged,     // the queue changed otherwise
  kGone,        // the key ended
  kDeadLetter,  // the key is a stream that got an entry
};
// The key is valid during the call only, which must not change the engine.
using QueueReport = std::function<void(int db, std::string_view key, QueueEvent event)>;

// What every operation needs.
struct QueueContext {
  Keyspace& keyspace;
  int db;
  const Stamp& stamp;
  const QueueReport& report;
};

struct Reservation {
  size_t key_index;  // in the keys that were named
  const Message* message;
  UnixMs deadline;
};

enum class NackMode : uint8_t { kSilent, kFail, kFatal };

struct Nack {
  NackMode mode = NackMode::kFail;
  std::optional<Millis> delay;  // taken as given; none: the policy's
  std::optional<std::string_view> reason;
};

class QueueSystem {
 public:
  QueueSystem() = default;
  // Requires: no queue is left. So it has to outlive the keyspace.
  ~QueueSystem();
  QueueSystem(const QueueSystem&) = delete;
  QueueSystem& operator=(const QueueSystem&) = delete;

  // --- Policies
  // The one in force: set, or the default. Valid until it is changed.
  const Policy& policy(int db, std::string_view key) const;
  bool has_policy(int db, std::string_view key) const;
  size_t policies() const { return policies_.size(); }
  // Returns whether anything changed. A plain list under the key becomes a queue.
  // Errors: those of validate(), kWrongType, kQueueGroupRequired on a stream, kQueuePoliciesFull.
  Result<bool> set_policy(const QueueContext& context, std::string_view key, const Policy& policy);
  Result<bool> reset_policy(const QueueContext& context, std::string_view key);
  // Told by whoever makes a list, or names one anew (RENAME): it is a queue at once if its key has a policy.
  void created(Entry& entry, const Stamp& stamp);

  // --- Operations. Errors of all: kWrongType.
  // Adds a message, to become ready when it is `due`, now if that has passed. Nothing: only an existing
  // queue was wanted.
  struct Add {
    std::optional<UnixMs> due;
    bool existing_only = false;
  };
  Result<std::optional<StreamId>> add(const QueueContext& context, std::string_view key, const Add& options,
                                      std::string_view payload);
  // Reserves up to `count` messages from the keys, those of the first key first. Without `lease` each policy's holds.
  // The span is valid until the next operation. Empty: nothing changed.
  Result<std::span<const Reservation>> reserve(const QueueContext& context,
                                               std::span<const std::string_view> keys, size_t count,
                                               std::optional<Millis> lease, std::string_view consumer);
  // One outcome for each handle, in order; all appended to `outcomes`. True: logged state changed.
  using Outcomes = std::vector<Queue::Outcome>;
  Result<bool> ack(const QueueContext& context, std::string_view key, std::span<const Handle> handles,
                   Outcomes& outcomes);
  Result<bool> nack(const QueueContext& context, std::string_view key, std::span<const Handle> handles,
                    const Nack& nack, Outcomes& outcomes);
  Result<bool> extend(const QueueContext& context, std::string_view key, Millis lease,
                      std::span<const Handle> handles, Outcomes& outcomes);
  Result<bool> remove(const QueueContext& context, std::string_view key, std::span<const StreamId> ids,
                      Outcomes& outcomes);

  // --- Time
  // When the first timer fires, as milliseconds since 1970; INT64_MAX if there is none.
  int64_t next_due() const { return timers_.first_when(); }
  // Fires timers up to `now`, the earliest first, at most so many; returns how many. Whoever replays it names that
  // number, and gets the same.
  size_t tick(const QueueContext& context, UnixMs now, size_t transitions_max);
  // Row 19, when the log has been loaded: puts off the ends of leases that come too soon. Statistics begin anew.
  // Returns how many leases changed.
  size_t restart(const QueueContext& context);

  // --- What it holds
  // Counters and policies; the queues are part of the keyspace.
  void digest(Digest& into) const;
  // The commands that rebuild the same; they must run before those of the keyspace.
  void dump(RecordSink& sink) const;
  std::span<Queue* const> queues() const { return queues_; }
  // The numbers of a queue that ran empty, while a policy is set for its key: they go on when it has messages again.
  // Nullptr if there are none.
  const QueueStatistics* resting(int db, std::string_view key) const;
  const QueueTotals& totals() const { return totals_; }
  size_t bytes() const;
  void check_invariants() const;

  // --- For Queue and restoring
  StreamId next_id(UnixMs now);
  uint64_t next_arming() { return ++arming_last_; }
  // Raises both counters; they never go back.
  void restore_counters(StreamId id_last, uint64_t arming_last);
  // The queue of a list's entry, made one if it is plain. Requires: entry.type() is kList.
  Queue& queue_of(Entry& entry, const Stamp& stamp);
  ConsumerNames& names() { return names_; }
  const ConsumerNames& names() const { return names_; }

 private:
  friend class Queue;
  struct KeyBefore {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return a.first != b.first ? a.first < b.first : std::string_view(a.second) < std::string_view(b.second);
    }
  };
  template <typename Value>
  using ByKey = std::map<std::pair<int, std::string>, Value, KeyBefore>;

  // Nullptr: no such key, or a plain list, which has no message with an ID.
  Result<Queue*> find_queue(const QueueContext& context, std::string_view key);
  void reserve_from(const QueueContext& context, Entry& entry, size_t key_index, size_t count,
                    std::optional<Millis> lease, std::string_view consumer);
  void nack_one(const QueueContext& context, Queue& queue, Message& message, const Nack& nack);
  void retry_or_bury(const QueueContext& context, Queue& queue, Message& message, bool dies,
                     std::optional<Millis> delay, UnixMs now);
  void bury(const QueueContext& context, Queue& queue, Message& message, DeathCause cause, UnixMs now);
  void fire(const QueueContext& context, Queue& queue, UnixMs now);
  // Reports the change of the queue's key, and ends the key if nothing is left.
  void finish(const QueueContext& context, Queue& queue, bool ready);
  void policy_changed(const QueueContext& context, std::string_view key);
  // A queue begins or ends: takes its numbers up again, or keeps them.
  void wake(Queue& queue);
  void rest(const Queue& queue);

  StreamId id_last_;
  uint64_t arming_last_ = 0;
  ByKey<Policy> policies_;

  TimerHeap timers_;  // of queues
  std::vector<Queue*> queues_;
  ConsumerNames names_;
  QueueTotals totals_;
  ByKey<QueueStatistics> resting_;
  UnixMs now_;  // of the last operation: statistics of list commands, which bring no stamp
  std::vector<Reservation> reservations_;
};

}  // namespace sluice
