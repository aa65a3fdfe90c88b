// SPDX-License-Identifier: MIT
//
// All groups that have a policy: their timers, and what fails, ends or comes back in them. managed_group.h has the
// states and the table of transitions.
//
// Of several leases that have ended, those of the group whose oldest one ended first come first, of equal ones those of
// the group whose policy was set first; within the group, by the time of delivery and then by ID. A group's timer may
// be early, for acks do not put it off: then nothing happens but that it is set anew, so that the order does not depend
// on what was acked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/base/timer_heap.h"
#include "engine/consumer_group.h"
#include "engine/queue/depth_ranking.h"
#include "engine/queue/managed_group.h"
#include "engine/queue/message.h"
#include "engine/queue/queue_context.h"
#include "engine/stream_id.h"

namespace sluice {

class Stream;

class ManagedGroups {
 public:
  explicit ManagedGroups(QueueSystem& system) : system_(system) {}

  // XNACK. True: the entry was given back, or is dead.
  struct Release {
    NackMode mode = NackMode::kFail;
    std::optional<UnixMs> due = {};  // taken as given; none: by the mode
    std::optional<std::string_view> reason = {};
    std::optional<uint64_t> deliveries = {};        // set first; none: by the mode
    bool force = false;                             // also what is not held, or not pending at all
    std::optional<std::string_view> consumer = {};  // only what he holds, or held last
  };
  bool release(const QueueContext& context, ManagedGroup& group, StreamId id, const Release& how);
  // The entry is dead: it leaves the group for the dead-letter stream, or is dying. Requires, here and below: it is
  // pending.
  void bury(const QueueContext& context, ManagedGroup& group, const Pending& pending, DeathCause cause);
  // Its deliveries are used up, and it would have been delivered once more.
  void bury_exhausted(const QueueContext& context, ManagedGroup& group, const Pending& pending) {
    bury(context, group, pending, DeathCause::kMaxAttempts);
  }
  // XGROUP DELCONSUMER: what it holds is due. Returns how many those were.
  size_t drop_consumer(const QueueContext& context, ManagedGroup& group, ConsumerNumber consumer);
  // QREDRIVE: an entry of the stream that the group is done with is pending again. False: it is not such a one.
  bool bring_back(ManagedGroup& group, StreamId id, uint32_t redriven, UnixMs due);

  // --- Time
  // No lease ends before. After a start that is a while later: the outage was ours, not the worker's.
  UnixMs lease_floor() const { return lease_floor_; }
  void restore_lease_floor(UnixMs floor);
  // When the first timer fires, as milliseconds since 1970; INT64_MAX if there is none. May be early.
  int64_t next_due() const { return timers_.first_when(); }
  // Requires: next_due() <= now. At most so many transitions, all of one group; returns how many, which may be none.
  size_t fire_first(const QueueContext& context, UnixMs now, size_t transitions_max);
  // Row 19. True: some leases end later.
  bool restart(UnixMs now);

  std::span<ManagedGroup* const> list() const { return list_; }
  // Entries held, and unowned, in all of them.
  size_t held() const { return held_; }
  size_t unowned() const { return unowned_; }
  // Keeps the ranking by backlog up to date, some groups at a time.
  void step_ranking() { ranking_.step(list_); }
  std::vector<const ManagedGroup*> deepest() const { return ranking_.deepest(list_); }
  size_t bytes() const { return timers_.bytes() + list_.capacity() * sizeof(list_[0]); }
  void check_invariants() const;

  // --- For ManagedGroup
  void enter(ManagedGroup& group);
  void leave(ManagedGroup& group);
  void arm(ManagedGroup& group, int64_t when);
  // Differences; what goes down wraps, as the sums do.
  void sum_changed(size_t held, size_t unowned) {
    held_ += held;
    unowned_ += unowned;
  }

 private:
  void lapse(const QueueContext& context, ManagedGroup& group, const Pending& pending, UnixMs now);
  void delay(const QueueContext& context, ManagedGroup& group, const Pending& pending,
             std::optional<UnixMs> due, UnixMs now);

  QueueSystem& system_;
  TimerHeap timers_;  // of groups
  std::vector<ManagedGroup*> list_;
  DepthRanking<ManagedGroup> ranking_;
  size_t held_ = 0;
  size_t unowned_ = 0;
  UnixMs lease_floor_;
};

}  // namespace sluice
