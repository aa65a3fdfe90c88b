// SPDX-License-Identifier: MIT
//
// A consumer group with a policy: what the policy adds to the group. The entries that are pending lie in the group's
// PendingList, as they do without a policy; here is what is known of those that failed, and when the next lease ends.
//
//   new ──deliver──► held ──acknowledge──► (gone)
//                    │  ▲
//       failed, or   │  │ deliver again, claim
//       lease ended  ▼  │
//                  delayed ──time──► due          both unowned; due when the time of the entry has come
//                    │
//                    └──► dead letter             no attempt is left, or it is hopeless
//
//   event               from                  to
//   XREADGROUP >        new                   held, delivered once
//   XREADGROUP >        due                   held, one delivery more; dead if none is left
//   ack                 held, delayed, due    (gone)
//   silent              held                  due, one delivery less; delayed if asked
//   fail, lease end     held                  delayed; dead if no attempt is left
//   fatal               any                   dead
//   claim               held, due             held; dead if no attempt is left (delayed by XCLAIM with no idle time)
//   DELCONSUMER         held                  due
//   entry deleted       delayed, due          (gone); held: when it comes back
//   redrive             (dead)                due or delayed, delivered never
//   QPOLICY RESET       delayed               released, as without a policy
//
// Coming due is no transition: whether an entry is due, its time and the stamp say. The count of attempts is that of
// deliveries. A dead entry stays in the stream, for the other groups; if its letter cannot be written it is *dying*:
// delayed, tried again each minute, never handed out.
//
// Invariants (check_invariants):
//  * a note's entry is pending. An unowned entry that has a time has a note: who held it last.
//  * a dying entry is unowned, and dying_ has it under its time.
//  * no held entry was delivered before held_bound_.
//  * an entry is counted in delayed_ if it is unowned, not dying, and due after delayed_after_.
//
// Changed under Keyspace::for_write(entry()) only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/time.h"
#include "engine/base/timer_heap.h"
#include "engine/digest.h"
#include "engine/pending_list.h"
#include "engine/queue/message.h"
#include "engine/queue/policy.h"
#include "engine/queue/policy_store.h"
#include "engine/queue/queue_statistics.h"
#include "engine/record_sink.h"
#include "engine/stream_id.h"

namespace sluice {

class ConsumerGroup;
class Entry;
class QueueSystem;
class Stream;

// When an entry was added, as its ID says.
inline UnixMs added_at(StreamId id) {
  return UnixMs{static_cast<int64_t>(std::min<uint64_t>(id.ms, INT64_MAX))};
}

// How many of a group's pending entries are in each state.
struct GroupDepth {
  size_t held = 0;
  size_t delayed = 0;  // the dying among them
  size_t due = 0;
};

// What is known of an entry that was given back, failed or came back from the dead.
struct EntryNote {
  uint32_t holder = 0;  // the last one; in ConsumerNames, as the reason
  uint32_t reason = 0;
  UnixMs failed_first;  // 0: never
  UnixMs failed_last;
  uint32_t redriven = 0;
  bool dying = false;
  DeathCause cause = DeathCause::kMaxAttempts;  // while dying
};

class ManagedGroup : public Timer {
 public:
  // All must outlive it; the entry until moved_to(), the slot until the policy goes.
  ManagedGroup(QueueSystem& system, Entry& entry, ConsumerGroup& group, PolicySlot& slot);
  ~ManagedGroup();
  ManagedGroup(const ManagedGroup&) = delete;
  ManagedGroup& operator=(const ManagedGroup&) = delete;

  Entry& entry() const { return *entry_; }
  // The database that the entry is in now.
  int db() const;
  const Stream& stream() const;
  ConsumerGroup& group() const { return group_; }
  const Policy& policy() const { return slot_->policy; }
  // The stream lies under another key. False: no policy is set for the group there; it has to end.
  [[nodiscard]] bool moved_to(Entry& entry);
  // The policy has lost the group, or the other way round: moved_to() or unmanage() must follow.
  void leave_slot();
  // The group is not part of the state any more: the system forgets it, its timer does not fire. Then free_some() frees
  // the notes in steps (Entry::free_some), or its end does in one.
  void retire();
  bool free_some(size_t& parts_max);
  void policy_changed() { refresh_timer(); }

  // `now` is never before that of an earlier call. O(1) for each time at which entries have come due since that.
  GroupDepth depth(UnixMs now) const;
  // What is not done: new or pending. Of equal ones, the first by key, group and database is deeper.
  uint64_t backlog() const;
  bool is_deeper_than(const ManagedGroup& other) const;
  // Since when the entry waits that could be handed out and has waited longest, due or new; a new one since the time in
  // its ID.
  std::optional<UnixMs> oldest_ready(UnixMs now) const;
  // The unowned entry that is due longest, and the first one that will be.
  std::optional<UnixMs> oldest_due(UnixMs now) const;
  std::optional<UnixMs> next_due(UnixMs now) const;

  // --- Handing out
  // How many entries XREADGROUP > may hand out now; UINT64_MAX: any number.
  uint64_t room(UnixMs now) const;
  // What is to be done with a pending entry that would be delivered once more.
  enum class Turn : uint8_t {
    kDeliver,
    kKeep,  // it is dying
    kDie,   // no attempt is left
  };
  Turn turn_of(const Pending& pending) const;
  // So many were handed out by XREADGROUP >.
  void handed_out(uint64_t count, UnixMs now);
  // Whoever waits has found nothing: he is to be woken when there is something, as far as time brings it.
  void wait_for_time(UnixMs now);

  // --- What the group tells of its pending entries
  // One is now like that; none: it is gone, or was not there.
  void changed(const Pending* before, const Pending* after);
  // The entry is delivered as a new one: what was known of it, if anything, counts no longer.
  void begin_anew(StreamId id);
  // The stream has lost an entry; all up to, and without, an ID.
  void entry_deleted(StreamId id);
  void entries_trimmed(StreamId up_to);

  // --- Notes
  const EntryNote* note(StreamId id) const;
  std::string_view text(uint32_t number) const;
  // Who holds it, or held it last; empty: not known.
  std::string_view holder(const Pending& pending) const;
  // The entry leaves its owner, as a failure or not.
  void note_release(const Pending& pending, std::optional<std::string_view> reason);
  void note_failure(const Pending& pending, std::optional<std::string_view> reason, UnixMs now);
  void note_redriven(StreamId id, uint32_t redriven);
  // Its letter could not be written: it is tried again at that time, which becomes that of its record. `pending` is how
  // it was before.
  void note_dying(const Pending& pending, DeathCause cause, UnixMs again);
  // The next one to be tried again.
  std::optional<std::pair<UnixMs, StreamId>> first_dying() const;
  size_t dying() const { return dying_.size(); }

  // --- Timers
  // When a lease ends.
  UnixMs lease_end(UnixMs delivered) const;
  // Looks at what is held, instead of at bounds.
  void refresh_exactly();
  void refresh_timer();

  // --- Statistics
  QueueTotals totals;
  QueueRates rates;
  UnixMs began;
  struct Deeds {
    uint64_t acked = 0;
    uint64_t failed = 0;
    uint64_t expired = 0;
  };
  // Of a consumer of the group.
  Deeds& deeds(ConsumerNumber consumer);
  // Counts for the group and for the server.
  void count(uint64_t QueueTotals::*what, uint64_t amount = 1);
  void count_acknowledged(const Pending& pending, UnixMs now);
  // An entry was added to the stream.
  void count_added();
  void forget_statistics(UnixMs now);

  size_t bytes() const;
  void digest(Digest& into) const;
  // The notes as records, behind those of the pending entries:
  //
  //   XGROUPRESTORE key group NOTES (id holder reason failed-first failed-last redriven cause)...
  //
  // A cause stands with those that are dying.
  void dump(std::string_view key, RecordSink& sink) const;
  // Requires: the entry is pending, and unowned if it is dying; there is no note of it.
  struct NoteText {
    std::string_view holder;
    std::string_view reason;
    EntryNote numbers;  // without them
  };
  void restore(const Pending& pending, const NoteText& note);
  void check_invariants() const;

 private:
  friend class ManagedGroups;
  friend class QueueSystem;
  void sum();
  void set_name(uint32_t& number, std::string_view text);
  void forget(const Pending& pending);
  bool is_dying(StreamId id) const;
  // Counts an entry that waits for its time, or no longer does.
  bool is_delayed(const Pending& pending) const;
  void count_delayed(const Pending& pending);
  void uncount_delayed(const Pending& pending);
  // What has come due is not counted any more.
  void forget_due(UnixMs now) const;

  QueueSystem& system_;
  Entry* entry_;
  ConsumerGroup& group_;
  PolicySlot* slot_;
  size_t index_ = 0;  // in the list of all
  bool retired_ = false;

  std::map<StreamId, EntryNote> notes_;
  std::set<std::pair<int64_t, StreamId>> dying_;
  // How many come due at which time; for people only, so that telling does not change what is logged.
  mutable std::map<int64_t, uint64_t> delayed_;
  mutable uint64_t delayed_total_ = 0;
  mutable UnixMs delayed_after_;
  std::optional<UnixMs> held_bound_;
  // As the sums of all groups count them.
  size_t held_summed_ = 0;
  size_t unowned_summed_ = 0;
  std::vector<Deeds> deeds_;
};

}  // namespace sluice
