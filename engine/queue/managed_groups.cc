// SPDX-License-Identifier: MIT
#include "engine/queue/managed_groups.h"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/base/check.h"
#include "engine/entry.h"
#include "engine/queue/dead_letter.h"
#include "engine/queue/queue_system.h"
#include "engine/stream.h"

namespace sluice {

void ManagedGroups::enter(ManagedGroup& group) {
  group.index_ = list_.size();
  list_.push_back(&group);
}

void ManagedGroups::leave(ManagedGroup& group) {
  timers_.disarm(group);
  ranking_.forget(&group);
  sum_changed(0 - group.held_summed_, 0 - group.unowned_summed_);
  list_.back()->index_ = group.index_;
  std::swap(list_[group.index_], list_.back());
  list_.pop_back();
}

void ManagedGroups::arm(ManagedGroup& group, int64_t when) {
  if (when == INT64_MAX) {
    timers_.disarm(group);
  } else {
    timers_.arm(group, when, group.slot_->serial);
  }
}

// --- Failing

bool ManagedGroups::release(const QueueContext& context, ManagedGroup& group, StreamId id,
                            const Release& how) {
  const UnixMs now = context.stamp.now;
  const std::optional<Pending> known = group.group().pending().find(id);
  if (!known && (!how.force || how.consumer)) return false;
  if (how.consumer && group.holder(*known) != *how.consumer) {
    group.count(&QueueTotals::stale_acks);
    return false;
  }
  Pending pending = known.value_or(Pending{.id = id});
  if (known && group.turn_of(pending) == ManagedGroup::Turn::kKeep) return false;
  if (known && !pending.owned() && how.mode != NackMode::kFatal && !how.force) return false;
  if (!group.stream().contains(id)) {
    // Nothing to be delivered, now or later.
    if (!known) return false;
    group.count(&QueueTotals::deleted);
    group.group().acknowledge(id);
    return true;
  }
  if (!known) group.group().put({.id = id, .time = now});
  if (how.deliveries) {
    pending.deliveries = *how.deliveries;
  } else if (how.mode == NackMode::kSilent && pending.deliveries > 0) {
    --pending.deliveries;
  }
  if (how.mode == NackMode::kSilent) {
    group.count(&QueueTotals::silent);
    group.note_release(pending, how.reason);
    group.group().put({.id = id, .time = how.due.value_or(now), .deliveries = pending.deliveries});
    return true;
  }
  group.count(&QueueTotals::nacked);
  if (pending.owned()) ++group.deeds(pending.consumer).failed;
  group.note_failure(pending, how.reason, now);
  if (how.mode == NackMode::kFatal) {
    bury(context, group, pending, DeathCause::kFatal);
  } else if (group.turn_of(pending) == ManagedGroup::Turn::kDie) {
    bury_exhausted(context, group, pending);
  } else {
    delay(context, group, pending, how.due, now);
  }
  return true;
}

void ManagedGroups::delay(const QueueContext& context, ManagedGroup& group, const Pending& pending,
                          std::optional<UnixMs> due, UnixMs now) {
  group.count(&QueueTotals::retried);
  if (!due) {
    // A count that was set to 0 by hand waits like the first failure.
    const auto attempts = static_cast<uint32_t>(std::clamp<uint64_t>(pending.deliveries, 1, UINT32_MAX));
    const uint64_t entropy = retry_entropy(context.stamp, Handle{pending.id, attempts});
    due = now + retry_delay(group.policy().backoff, attempts, entropy);
  }
  group.group().put({.id = pending.id, .time = *due, .deliveries = pending.deliveries});
}

void ManagedGroups::lapse(const QueueContext& context, ManagedGroup& group, const Pending& pending,
                          UnixMs now) {
  group.count(&QueueTotals::lease_expired);
  ++group.deeds(pending.consumer).expired;
  if (!group.stream().contains(pending.id)) {
    group.count(&QueueTotals::deleted);
    group.group().acknowledge(pending.id);
    return;
  }
  group.note_failure(pending, kLeaseExpired, now);
  if (group.turn_of(pending) == ManagedGroup::Turn::kDie) {
    bury_exhausted(context, group, pending);
  } else {
    delay(context, group, pending, std::nullopt, now);
  }
}

void ManagedGroups::bury(const QueueContext& context, ManagedGroup& group, const Pending& pending,
                         DeathCause cause) {
  const UnixMs now = context.stamp.now;
  const Entry& entry = group.entry();
  const std::string& group_name = group.group().name();
  const std::string key = dead_letter_key(group.policy(), entry.key(), group_name);
  if (key.empty()) {
    group.count(&QueueTotals::discarded);
    group.rates.left(now);
    group.group().acknowledge(pending.id);
    return;
  }
  const Stream::Cursor at = group.stream().find(pending.id);
  CHECK(!at.at_end());
  DeadLetter letter{.source = entry.key(),
                    .group = group_name,
                    .id = pending.id,
                    .cause = cause,
                    .attempts = pending.deliveries,
                    .deliveries = pending.deliveries,
                    .added = added_at(pending.id),
                    .consumer = group.holder(pending)};
  if (const EntryNote* const note = group.note(pending.id)) {
    letter.error = group.text(note->reason);
    letter.failed_first = note->failed_first;
    letter.failed_last = note->failed_last;
    letter.redriven = note->redriven;
  }
  for (StreamFields fields = at.fields(); fields.next();) {
    letter.fields.push_back(fields.field());
    letter.fields.push_back(fields.value());
  }
  if (!write_dead_letter(context.keyspace, group.db(), key, letter, group.policy().dead_letters_max, now)) {
    group.count(&QueueTotals::dead_blocked);
    system_.dead_blocked_ = "group '" + group_name + "' of stream '" + std::string(entry.key()) + "'";
    const UnixMs again = std::min(now + kDyingRetry, kPendingTimeMax);
    group.note_release(pending, std::nullopt);
    group.note_dying(pending, cause, again);
    group.group().put({.id = pending.id, .time = again, .deliveries = pending.deliveries});
    return;
  }
  group.count(&QueueTotals::died);
  group.rates.left(now);
  group.group().acknowledge(pending.id);
  context.report(group.db(), key, QueueEvent::kDeadLetter);
}

// --- Coming back

size_t ManagedGroups::drop_consumer(const QueueContext& context, ManagedGroup& group,
                                    ConsumerNumber consumer) {
  std::vector<Pending> held;
  PendingList::Cursor at = group.group().pending().first_from(kStreamIdMin, {.consumer = consumer});
  for (; !at.at_end(); at.next())
    held.push_back(at.pending());
  for (const Pending& pending : held) {
    if (!group.stream().contains(pending.id)) {
      group.count(&QueueTotals::deleted);
      group.group().acknowledge(pending.id);
      continue;
    }
    group.note_release(pending, std::nullopt);
    group.group().put({.id = pending.id, .time = context.stamp.now, .deliveries = pending.deliveries});
  }
  group.deeds(consumer) = {};
  CHECK(group.group().remove_consumer(consumer) == 0);
  return held.size();
}

bool ManagedGroups::bring_back(ManagedGroup& group, StreamId id, uint32_t redriven, UnixMs due) {
  // What the group has not read yet, or has pending, is alive.
  const bool is_done = id <= group.group().last_id() && !group.group().pending().contains(id);
  if (!is_done || !group.stream().contains(id)) return false;
  group.group().put({.id = id, .time = due, .deliveries = 0});
  group.note_redriven(id, redriven);
  group.count(&QueueTotals::redriven);
  return true;
}

// --- Time

void ManagedGroups::restore_lease_floor(UnixMs floor) {
  lease_floor_ = std::max(lease_floor_, floor);
  for (ManagedGroup* const group : list_)
    group->refresh_timer();
}

size_t ManagedGroups::fire_first(const QueueContext& context, UnixMs now, size_t transitions_max) {
  ManagedGroup& group = *static_cast<ManagedGroup*>(timers_.first());
  const int64_t armed = timers_.first_when();
  group.refresh_exactly();
  // It was early: another group may be first.
  if (!group.armed() || timers_.when(group) != armed) return 0;
  context.keyspace.for_write(group.entry());
  size_t fired = 0;
  for (auto dying = group.first_dying(); dying && dying->first <= now && fired < transitions_max;
       dying = group.first_dying()) {
    const Pending pending = *group.group().pending().find(dying->second);
    bury(context, group, pending, group.note(pending.id)->cause);
    ++fired;
  }
  if (lease_floor_ <= now && fired < transitions_max) {
    std::vector<Pending> ended;
    group.group().pending().visit_held(now - group.policy().lease, [&](const Pending& pending) {
      ended.push_back(pending);
      return fired + ended.size() < transitions_max;
    });
    for (const Pending& pending : ended)
      lapse(context, group, pending, now);
    fired += ended.size();
  }
  group.refresh_exactly();
  if (fired > 0) context.report(group.db(), group.entry().key(), QueueEvent::kGroupLapsed);
  return fired;
}

bool ManagedGroups::restart(UnixMs now) {
  const UnixMs floor = now + kRestartGrace;
  bool put_off = false;
  for (ManagedGroup* const group : list_) {
    group->forget_statistics(now);
    const std::optional<UnixMs> oldest = group->group().pending().oldest_held();
    put_off |= oldest && group->lease_end(*oldest) < floor;
  }
  if (put_off) restore_lease_floor(floor);
  return put_off;
}

void ManagedGroups::check_invariants() const {
  timers_.check_invariants();
  size_t armed = 0;
  for (size_t i = 0; i < list_.size(); ++i) {
    CHECK(list_[i]->index_ == i);
    list_[i]->group().check_invariants();
    if (list_[i]->armed()) ++armed;
  }
  CHECK(armed == timers_.size());
  size_t pending = 0;
  for (const ManagedGroup* const group : list_)
    pending += group->group().pending().size();
  CHECK(pending == held_ + unowned_);
}

}  // namespace sluice
