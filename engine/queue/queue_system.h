// SPDX-License-Identifier: MIT
//
// The queues of the whole server: what they share, and every operation on one of them.
//
// Shared and logged: the counter of message IDs, the counter of arming numbers, the policies with the deliveries that
// their rate limits count, dedupe tokens. Policies lie beside the keyspace, by (database, key), and those of consumer
// groups by (database, key, group): a list ends when it runs empty, and a flush ends all, but what was set for a key
// goes on. A list under a key with a policy is a queue from its first element (created()), and a group with a policy is
// managed from its creation (group_created()); what is done with those is in ManagedGroups.
//
// Shared and not logged: the heap that knows whose timer is first, names of consumers, ties to connections, statistics.
//
// An operation checks everything before it changes anything. It says which keys it changed through
// QueueContext::report, and ends a key that it has emptied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
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
#include "engine/queue/by_key.h"
#include "engine/queue/consumer_names.h"
#include "engine/queue/dedupe_store.h"
#include "engine/queue/depth_ranking.h"
#include "engine/queue/handle.h"
#include "engine/queue/lease_ties.h"
#include "engine/queue/managed_groups.h"
#include "engine/queue/message.h"
#include "engine/queue/policy.h"
#include "engine/queue/policy_store.h"
#include "engine/queue/queue.h"
#include "engine/queue/queue_context.h"
#include "engine/queue/queue_statistics.h"
#include "engine/queue/record_words.h"
#include "engine/record_sink.h"
#include "engine/stamp.h"
#include "engine/stream_page.h"

namespace sluice {

// Queues whose numbers are kept while they have no messages.
inline constexpr size_t kRestingQueuesMax = 10'000;
// Whether a push may go on.
struct Admission {
  enum class Kind : uint8_t { kFree, kPaused, kFull };
  Kind kind = Kind::kFree;
  uint64_t length = 0;      // kFull: of the queue
  uint64_t length_max = 0;  // and what its policy allows
};

// What QREDRIVE is to move.
struct Redrive {
  std::span<const StreamId> ids;  // empty: by position
  StreamId start;
  size_t count = 100;  // entries to examine
  std::optional<std::string_view> to;
  std::optional<std::pair<std::string_view, std::string_view>> match;  // field, glob
  Millis spread{0};
  // Whether the caller may write to that key; one that is not allowed stays.
  std::function<bool(std::string_view key)> allowed;
};
struct Redriven {
  uint64_t moved = 0;
  uint64_t examined = 0;
  StreamId next;              // 0-0: the end was reached
  bool skipped = false;       // some were not allowed
  std::vector<StreamId> ids;  // what was moved
};

struct Reservation {
  size_t key_index;  // in the keys that were named
  const Message* message;
  UnixMs deadline;
};

struct Nack {
  NackMode mode = NackMode::kFail;
  std::optional<Millis> delay;  // taken as given; none: the policy's
  std::optional<std::string_view> reason;
};

struct Letter;  // redrive.cc

class QueueSystem {
 public:
  QueueSystem() = default;
  // Requires: no queue and no managed group is left. So it has to outlive the keyspace.
  ~QueueSystem();
  QueueSystem(const QueueSystem&) = delete;
  QueueSystem& operator=(const QueueSystem&) = delete;

  // Before anything else: for the table of tokens.
  void seed(uint64_t hash_seed) { tokens_.seed(hash_seed); }
  // The stamp's time of what runs now; told before each command, so that list commands need not bring it.
  void set_now(UnixMs now) { now_ = now; }
  UnixMs now() const { return now_; }

  // --- Policies
  // The one in force for a key, or for a group of it: set, or the default. Valid until it is changed.
  const Policy& policy(int db, std::string_view key, std::string_view group = {}) const;
  bool has_policy(int db, std::string_view key, std::string_view group = {}) const {
    return policies_.find(db, key, group) != nullptr;
  }
  size_t policies() const { return policies_.size(); }
  // Returns whether anything changed. A plain list under the key becomes a queue; the group of a stream is managed.
  // `group` is empty for a list. Errors: those of validate(), kWrongType, kQueueGroupRequired on a stream,
  // kQueueGroupOnList.
  Result<bool> set_policy(const QueueContext& context, std::string_view key, const Policy& policy,
                          std::string_view group = {});
  Result<bool> reset_policy(const QueueContext& context, std::string_view key, std::string_view group = {});
  // Told by whoever makes a list, or names a list or a stream anew (RENAME): it is a queue at once if its key has a
  // policy, as are its groups.
  void created(Entry& entry, const Stamp& stamp);
  // Told by whoever makes a group.
  void group_created(Entry& entry, ConsumerGroup& group);
  // Two databases have changed their contents (Keyspace::swap): policies have stayed.
  void swapped(Keyspace& keyspace, int one, int other, const Stamp& stamp);
  // All keys of the database are about to end at once (Keyspace::flush). O(queues and managed groups).
  void flushing(int db);
  int db_of(const Entry& entry) const { return dbs_[static_cast<size_t>(entry.table())]; }
  // Calls visit(name) for some policies; returns where to go on, 0 at the start and the end. A policy that is there
  // from the first call to the last is visited once.
  using VisitPolicy = std::function<void(const PolicyName& name)>;
  uint64_t scan_policies(uint64_t cursor, size_t count, const VisitPolicy& visit) const;
  ManagedGroups& managed() { return managed_; }
  const ManagedGroups& managed() const { return managed_; }

  // --- Operations. Errors of all: kWrongType.
  // Makes room for so many pushes, or says why not. Nothing has changed then. A queue that drops has dropped them.
  // Requires: the pushes follow, if it is kFree.
  Admission admit(const QueueContext& context, std::string_view key, size_t pushes);

  // Adds a message, to become ready when it is `due`, now if that has passed.
  struct Add {
    std::optional<UnixMs> due = {};
    bool existing_only = false;
    int lane = 0;
    std::optional<Millis> ttl = {};  // none: the policy's
    std::string_view token = {};     // empty: none
    bool token_until_start = false;
    Millis token_window{0};
    std::string_view group = {};  // empty: none
  };
  struct Added {
    enum class Kind : uint8_t { kAdded, kDuplicate, kNoKey, kRefused, kTtlTooShort };
    Kind kind = Kind::kAdded;
    StreamId id = {};          // also of the first one, if it is a duplicate
    Admission admission = {};  // if kRefused
  };
  Result<Added> add(const QueueContext& context, std::string_view key, const Add& options,
                    std::string_view payload);

  // Reserves up to `count` messages from the keys, those of the first key first, or of the key whose next message is
  // eligible longest if `fair`. The span is valid until the next operation. Empty: nothing changed.
  struct Reserve {
    size_t count = 1;
    std::optional<Millis> lease;  // none: each policy's
    bool fair = false;
    bool tied = false;
    uint64_t session = 0;  // that it is tied to; 0: one of a log that is loaded
  };
  Result<std::span<const Reservation>> reserve(const QueueContext& context,
                                               std::span<const std::string_view> keys, const Reserve& options,
                                               std::string_view consumer);
  // How many messages of a list can be reserved now. If only the rate stands in the way, the key will be among those
  // of take_opened() when it no longer does.
  size_t reservable(const Entry& entry, UnixMs now);
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

  // Ends leases that were tied to a connection that is gone, as if they had run out. Handles that are not current
  // are passed over. Returns how many ended.
  size_t untie(const QueueContext& context, std::string_view key, std::span<const Handle> handles);
  const LeaseTies& ties() const { return ties_; }
  // Moves dead letters back. Errors: kWrongType if `dlq` is not a stream.
  Result<Redriven> redrive(const QueueContext& context, std::string_view dlq, const Redrive& options);
  // The key ends on request: what lies beside it as well. True if there was anything.
  bool drop_tokens(int db, std::string_view key) { return tokens_.drop(db, key); }
  bool drop_tokens(int db) { return tokens_.drop_all(db); }
  // Frees some of what they leave. Until free_pending() is false it should be called again soon.
  bool free_pending() const { return tokens_.free_pending(); }
  void free_some() { tokens_.free_some(); }

  // --- Time
  // When the first timer fires, as milliseconds since 1970; INT64_MAX if there is none.
  int64_t next_due() const {
    return std::min({timers_.first_when(), tokens_.windows().first_when(), managed_.next_due()});
  }
  // When those who wait on a key may next find something that no change brings: a rate limit lets somebody pass, an
  // entry of a group comes due. The key, taken off the list.
  int64_t next_opening() const { return openings_.first_when(); }
  std::optional<std::pair<int, std::string>> take_opened(UnixMs now);
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
  const QueueDepth& depth() const { return depth_; }
  const DedupeStore& tokens() const { return tokens_; }
  // Whose dead letter could last not be written, for people; empty: none since the last call.
  std::string take_dead_blocked() { return std::exchange(dead_blocked_, {}); }
  // Keeps the ranking by depth up to date, some queues at a time.
  void step_ranking() {
    ranking_.step(queues_);
    managed_.step_ranking();
  }
  std::vector<const Queue*> deepest() const { return ranking_.deepest(queues_); }
  size_t bytes() const;
  void check_invariants() const;

  // --- For Queue and restoring
  StreamId next_id(UnixMs now);
  uint64_t next_arming() { return ++arming_last_; }
  PolicySlot* slot(int db, std::string_view key) { return policies_.find(db, key); }
  // Those who wait on the key are to be woken then.
  void open_at(PolicySlot& slot, UnixMs when);
  void open_at(ManagedGroup& group, UnixMs when) { open_at(*group.slot_, when); }
  Result<void> restore_deliveries(const QueueContext& context, RecordReader reader);
  Result<void> restore_token(const QueueContext& context, RecordReader reader);
  // Raises both counters; they never go back.
  void restore_counters(StreamId id_last, uint64_t arming_last);
  // The queue of a list's entry, made one if it is plain. Requires: entry.type() is kList.
  Queue& queue_of(Entry& entry, const Stamp& stamp);
  ConsumerNames& names() { return names_; }
  const ConsumerNames& names() const { return names_; }

 private:
  friend class Queue;
  friend class ManagedGroup;
  friend class ManagedGroups;
  // Nullptr: no such key, or a plain list, which has no message with an ID.
  Result<Queue*> find_queue(const QueueContext& context, std::string_view key);
  Result<void> check_reserve_keys(const QueueContext& context, std::span<const std::string_view> keys,
                                  const Reserve& options);
  // The key that FAIR serves next, or the number of keys.
  size_t fairest(const QueueContext& context, std::span<const std::string_view> keys);
  void reserve_from(const QueueContext& context, Entry& entry, size_t key_index, size_t count,
                    const Reserve& options, std::string_view consumer);
  void nack_one(const QueueContext& context, Queue& queue, Message& message, const Nack& nack);
  void retry_or_bury(const QueueContext& context, Queue& queue, Message& message, bool dies,
                     std::optional<Millis> delay, UnixMs now);
  void bury(const QueueContext& context, Queue& queue, Message& message, DeathCause cause, UnixMs now);
  // Where the dead letters go: can one be written there?
  bool takes_dead_letters(const QueueContext& context, const Queue& queue) const;
  void fire(const QueueContext& context, Queue& queue, UnixMs now);
  // Lets those follow that may, reports the change of the queue's key, and ends the key if nothing is left.
  void finish(const QueueContext& context, Queue& queue, bool ready);
  void policy_changed(const QueueContext& context, std::string_view key, std::string_view group);
  Result<void> check_policy_key(const QueueContext& context, std::string_view key,
                                std::string_view group) const;
  void manage(Entry& entry, ConsumerGroup& group, PolicySlot& slot);
  void release_token(const Queue& queue, Message& message);
  void depth_changed(const QueueDepth& from, const QueueDepth& to);
  // A queue begins or ends: takes its numbers up again, or keeps them.
  void wake(Queue& queue);
  void rest(Queue& queue);
  void count_rejected(int db, std::string_view key, const Entry* entry);
  // One dead letter back to where it came from. False: it stays.
  enum class Return : uint8_t { kMoved, kStays, kFull };
  Return redrive_one(const QueueContext& context, StreamFields fields, StreamId id, const Redrive& options,
                     Redriven& result);
  // `entry` is what lies there, if anything.
  Return redrive_to_group(const QueueContext& context, Entry* entry, const Letter& letter, Millis delay);
  Return redrive_to_stream(const QueueContext& context, std::string_view key, Entry* entry,
                           const Letter& letter, bool requested);
  Return redrive_to_list(const QueueContext& context, std::string_view key, Entry* entry,
                         const Letter& letter, Millis delay);

  void swap_groups(Keyspace& keyspace, int one, int other);
  void begin(Keyspace& keyspace, const PolicyName& name, const Stamp& stamp);

  StreamId id_last_;
  uint64_t arming_last_ = 0;
  PolicyStore policies_;
  DedupeStore tokens_;

  Keyspace::Names dbs_ = Keyspace::kNamesFirst;  // what the tables of the keyspace are called
  TimerHeap timers_;                             // of queues
  TimerHeap openings_;                           // of policy slots; not logged
  uint64_t openings_armed_ = 0;
  std::vector<Queue*> queues_;
  ConsumerNames names_;
  LeaseTies ties_;
  QueueTotals totals_;
  QueueDepth depth_;
  DepthRanking<Queue> ranking_;
  ManagedGroups managed_{*this};
  std::string dead_blocked_;
  ByKey<QueueStatistics> resting_;
  UnixMs now_;
  std::vector<Reservation> reservations_;
};

}  // namespace sluice
