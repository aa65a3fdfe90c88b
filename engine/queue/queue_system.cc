// SPDX-License-Identifier: MIT
//
// Policies, and what workers say of their handles. Adding and reserving are in queue_flow.cc, what time asks for in
// queue_time.cc.
#include "engine/queue/queue_system.h"

#include <algorithm>
#include <tuple>

#include "engine/base/check.h"
#include "engine/list_value.h"
#include "engine/queue/dead_letter.h"
#include "engine/stream.h"

namespace sluice {
namespace {

const Policy kPolicyDefault;

}  // namespace

QueueSystem::~QueueSystem() {
  CHECK(queues_.empty() && managed_.list().empty());
}

// --- Policies

const Policy& QueueSystem::policy(int db, std::string_view key, std::string_view group) const {
  const PolicySlot* const slot = policies_.find(db, key, group);
  return slot == nullptr ? kPolicyDefault : slot->policy;
}

Result<void> QueueSystem::check_policy_key(const QueueContext& context, std::string_view key,
                                           std::string_view group) const {
  const Entry* const entry = context.keyspace.find(context.db, key);
  if (entry == nullptr) return {};
  if (entry->type() == ValueType::kList) {
    if (!group.empty()) return Error::kQueueGroupOnList;
    return {};
  }
  if (entry->type() != ValueType::kStream) return Error::kWrongType;
  if (group.empty()) return Error::kQueueGroupRequired;
  return {};
}

Result<bool> QueueSystem::set_policy(const QueueContext& context, std::string_view key, const Policy& policy,
                                     std::string_view group) {
  TRY_VOID(validate(policy, key));
  TRY_VOID(check_policy_key(context, key, group));
  PolicySlot* slot = policies_.find(context.db, key, group);
  if (slot != nullptr && slot->policy == policy) return false;

  if (slot == nullptr) slot = &policies_.add(context.db, key, group);
  slot->policy = policy;
  if (policy.rate.deliveries == 0) slot->deliveries.clear();
  openings_.disarm(*slot);
  policy_changed(context, key, group);
  return true;
}

Result<bool> QueueSystem::reset_policy(const QueueContext& context, std::string_view key,
                                       std::string_view group) {
  TRY_VOID(check_policy_key(context, key, group));
  PolicySlot* const slot = policies_.find(context.db, key, group);
  if (slot == nullptr) return false;
  if (slot->group != nullptr) {
    context.keyspace.for_write(slot->group->entry());
    slot->group->group().unmanage();
  }
  openings_.disarm(*slot);
  policies_.remove(*slot);
  if (!group.empty()) {
    // Who waited for something to come due finds what is released, or goes on waiting as without a policy.
    return true;
  }
  if (const auto rest = resting_.find(std::pair(context.db, key)); rest != resting_.end())
    resting_.erase(rest);
  policy_changed(context, key, group);
  return true;
}

uint64_t QueueSystem::scan_policies(uint64_t cursor, size_t count, const VisitPolicy& visit) const {
  const auto& in_order = policies_.in_order();
  auto at = in_order.upper_bound(cursor);
  uint64_t last = cursor;
  for (; at != in_order.end() && count > 0; ++at, --count) {
    visit(*at->second->name);
    last = at->first;
  }
  return at == in_order.end() ? 0 : last;
}

const QueueStatistics* QueueSystem::resting(int db, std::string_view key) const {
  const auto found = resting_.find(std::pair(db, key));
  return found == resting_.end() ? nullptr : &found->second;
}

void QueueSystem::wake(Queue& queue) {
  if (resting_.empty()) return;
  const auto found = resting_.find(std::pair(queue.db(), queue.entry().key()));
  if (found == resting_.end()) return;
  queue.totals = found->second.totals;
  queue.rates = std::move(found->second.rates);
  queue.began_ = found->second.began;
  resting_.erase(found);
}

void QueueSystem::rest(Queue& queue) {
  ranking_.forget(&queue);
  const Entry& entry = queue.entry();
  if (resting_.size() >= kRestingQueuesMax || !has_policy(db_of(entry), entry.key())) return;
  resting_.insert_or_assign(std::pair(db_of(entry), std::string(entry.key())),
                            QueueStatistics{queue.totals, std::move(queue.rates), queue.began()});
}

void QueueSystem::depth_changed(const QueueDepth& from, const QueueDepth& to) {
  depth_.ready += to.ready - from.ready;
  depth_.delayed += to.delayed - from.delayed;
  depth_.leased += to.leased - from.leased;
  depth_.parked += to.parked - from.parked;
  depth_.dying += to.dying - from.dying;
}

void QueueSystem::release_token(const Queue& queue, Message& message) {
  const Entry& entry = queue.entry();
  tokens_.release(db_of(entry), entry.key(), message, now_, [this] { return next_arming(); });
}

void QueueSystem::policy_changed(const QueueContext& context, std::string_view key, std::string_view group) {
  Entry* const entry = context.keyspace.find_for_write(context.db, key);
  if (entry == nullptr) return;
  if (group.empty()) {
    queue_of(*entry, context.stamp).policy_changed();
    // Waiters too: what is served, and when, may be another thing now.
    context.report(context.db, key, QueueEvent::kReady);
    return;
  }
  ConsumerGroup* const found = entry->stream().find_group(group);
  if (found == nullptr) return;
  PolicySlot& slot = *policies_.find(context.db, key, group);
  if (slot.group == nullptr) {
    manage(*entry, *found, slot);
  } else {
    slot.group->policy_changed();
  }
  open_at(slot, context.stamp.now);
}

void QueueSystem::manage(Entry& entry, ConsumerGroup& group, PolicySlot& slot) {
  ManagedGroup& managed = group.manage(*this, entry, slot);
  // What was given back without a policy, and deleted since.
  std::vector<StreamId> gone;
  PendingList::Cursor at = group.pending().first_from(kStreamIdMin, {.only_unowned = true});
  for (; !at.at_end(); at.next()) {
    if (!entry.stream().contains(at.id())) gone.push_back(at.id());
  }
  for (const StreamId id : gone)
    managed.entry_deleted(id);
}

void QueueSystem::created(Entry& entry, const Stamp& stamp) {
  if (policies_.empty()) return;
  if (entry.type() == ValueType::kList) {
    if (has_policy(db_of(entry), entry.key())) queue_of(entry, stamp);
    return;
  }
  if (entry.type() != ValueType::kStream) return;
  for (const auto& group : entry.stream().groups()) {
    if (group->managed() == nullptr) group_created(entry, *group);
  }
}

void QueueSystem::group_created(Entry& entry, ConsumerGroup& group) {
  if (policies_.groups() == 0) return;
  PolicySlot* const slot = policies_.find(db_of(entry), entry.key(), group.name());
  if (slot != nullptr) manage(entry, group, *slot);
}

void QueueSystem::open_at(PolicySlot& slot, UnixMs when) {
  if (slot.armed() && openings_.when(slot) <= when.count) return;
  openings_.arm(slot, when.count, ++openings_armed_);
}

void QueueSystem::swapped(Keyspace& keyspace, int one, int other, const Stamp& stamp) {
  dbs_ = keyspace.names();
  tokens_.swap(one, other);
  std::vector<Queue*> moved;
  for (Queue* const queue : queues_) {
    if (queue->db() == one || queue->db() == other) moved.push_back(queue);
  }
  // The order of queues in memory is chance, and a lifetime that another policy sets takes an arming number.
  std::sort(moved.begin(), moved.end(), [](const Queue* a, const Queue* b) {
    return std::tuple(a->db(), a->entry().key()) < std::tuple(b->db(), b->entry().key());
  });
  for (Queue* const queue : moved) {
    keyspace.for_write(queue->entry());
    queue->policy_changed();
  }
  swap_groups(keyspace, one, other);
  // What lies under a policy now, and did not in the other database.
  policies_.for_each_of(one, [&](const PolicyName& name) { begin(keyspace, name, stamp); });
  policies_.for_each_of(other, [&](const PolicyName& name) { begin(keyspace, name, stamp); });
}

void QueueSystem::swap_groups(Keyspace& keyspace, int one, int other) {
  std::vector<ManagedGroup*> moved;
  for (ManagedGroup* const group : managed_.list()) {
    if (group->db() == one || group->db() == other) moved.push_back(group);
  }
  const auto name = [](const ManagedGroup& group) {
    return std::tuple(group.db(), group.entry().key(), std::string_view(group.group().name()));
  };
  std::sort(moved.begin(), moved.end(),
            [&name](const ManagedGroup* a, const ManagedGroup* b) { return name(*a) < name(*b); });
  // All leave before any enters: a policy has one group at a time.
  for (ManagedGroup* const group : moved) {
    keyspace.for_write(group->entry());
    group->leave_slot();
  }
  for (ManagedGroup* const group : moved) {
    if (!group->moved_to(group->entry())) group->group().unmanage();
  }
}

void QueueSystem::begin(Keyspace& keyspace, const PolicyName& name, const Stamp& stamp) {
  const Entry* const entry = keyspace.find(name.db, name.key);
  if (entry == nullptr) return;
  const bool is_list = entry->type() == ValueType::kList;
  if (is_list ? name.group.empty() && !entry->list().is_queue() : entry->type() == ValueType::kStream)
    created(keyspace.for_write(*entry), stamp);
}

void QueueSystem::flushing(int db) {
  for (size_t i = queues_.size(); i-- > 0;) {  // the last takes the place of the one that leaves
    if (queues_[i]->db() == db) queues_[i]->retire();
  }
  for (size_t i = managed_.list().size(); i-- > 0;) {
    if (managed_.list()[i]->db() == db) managed_.list()[i]->retire();
  }
}

// --- Finding

Queue& QueueSystem::queue_of(Entry& entry, const Stamp& stamp) {
  ListValue& list = entry.list();
  return list.is_queue() ? list.queue() : list.become_queue(*this, entry, stamp);
}

Result<Queue*> QueueSystem::find_queue(const QueueContext& context, std::string_view key) {
  const Entry* const entry = context.keyspace.find(context.db, key);
  if (entry == nullptr) return nullptr;
  if (entry->type() != ValueType::kList) return Error::kWrongType;
  if (!entry->list().is_queue()) return nullptr;
  return &context.keyspace.for_write(*entry).list().queue();
}

void QueueSystem::finish(const QueueContext& context, Queue& queue, bool ready) {
  const Entry& entry = queue.entry();
  ready |= queue.settle();
  // Also when it only has room for another lease.
  ready |= queue.policy().leased_max > 0 && queue.ready() > 0;
  if (!queue.empty()) {
    context.report(db_of(entry), entry.key(), ready ? QueueEvent::kReady : QueueEvent::kChanged);
    return;
  }
  const int db = db_of(entry);
  const std::string key(entry.key());
  context.keyspace.erase(entry);
  context.report(db, key, QueueEvent::kGone);
}

StreamId QueueSystem::next_id(UnixMs now) {
  const auto ms = static_cast<uint64_t>(std::max<int64_t>(0, now.count));
  if (ms > id_last_.ms) {
    id_last_ = {ms, 0};
  } else if (id_last_.seq < kMessageIdSeqMax) {
    ++id_last_.seq;
  } else {
    id_last_ = {id_last_.ms + 1, 0};
  }
  return id_last_;
}

// --- Handles

Result<bool> QueueSystem::ack(const QueueContext& context, std::string_view key,
                              std::span<const Handle> handles, Outcomes& outcomes) {
  TRY(Queue* const queue, find_queue(context, key));
  bool changed = false;
  for (const Handle& handle : handles) {
    outcomes.push_back(queue == nullptr ? Queue::Outcome::kNoSuchMessage
                                        : queue->ack(handle, context.stamp.now));
    changed |= outcomes.back() == Queue::Outcome::kDone;
  }
  if (changed) finish(context, *queue, false);
  return changed;
}

Result<bool> QueueSystem::extend(const QueueContext& context, std::string_view key, Millis lease,
                                 std::span<const Handle> handles, Outcomes& outcomes) {
  TRY(Queue* const queue, find_queue(context, key));
  bool changed = false;
  for (const Handle& handle : handles) {
    outcomes.push_back(queue == nullptr ? Queue::Outcome::kNoSuchMessage
                                        : queue->extend(handle, lease, context.stamp.now));
    changed |= outcomes.back() == Queue::Outcome::kDone;
  }
  if (changed) finish(context, *queue, false);
  return changed;
}

Result<bool> QueueSystem::remove(const QueueContext& context, std::string_view key,
                                 std::span<const StreamId> ids, Outcomes& outcomes) {
  TRY(Queue* const queue, find_queue(context, key));
  bool changed = false;
  for (const StreamId id : ids) {
    Message* const message = queue == nullptr ? nullptr : queue->find(id);
    outcomes.push_back(message == nullptr ? Queue::Outcome::kNoSuchMessage : Queue::Outcome::kDone);
    if (message == nullptr) continue;
    queue->count(&QueueTotals::deleted);
    queue->forget(*message);
    changed = true;
  }
  if (changed) finish(context, *queue, false);
  return changed;
}

Result<bool> QueueSystem::nack(const QueueContext& context, std::string_view key,
                               std::span<const Handle> handles, const Nack& nack, Outcomes& outcomes) {
  TRY(Queue* const queue, find_queue(context, key));
  bool changed = false;
  for (const Handle& handle : handles) {
    const Queue::Held held =
        queue == nullptr ? Queue::Held{nullptr, Queue::Outcome::kNoSuchMessage} : queue->held(handle);
    outcomes.push_back(held.message == nullptr ? held.otherwise : Queue::Outcome::kDone);
    if (held.message == nullptr) continue;
    nack_one(context, *queue, *held.message, nack);
    changed = true;
  }
  if (changed) finish(context, *queue, queue->ready() > 0);
  return changed;
}

void QueueSystem::nack_one(const QueueContext& context, Queue& queue, Message& message, const Nack& nack) {
  const UnixMs now = context.stamp.now;
  switch (nack.mode) {
    case NackMode::kSilent:
      if (message.expired(now)) {
        queue.close_silently(message, nack.reason);
        bury(context, queue, message, DeathCause::kExpired, now);
      } else {
        queue.give_back(message, nack.delay, nack.reason, now);
      }
      break;
    case NackMode::kFail:
      retry_or_bury(context, queue, message, queue.fail(message, nack.reason, now), nack.delay, now);
      break;
    case NackMode::kFatal:
      queue.condemn(message, nack.reason, now);
      bury(context, queue, message, DeathCause::kFatal, now);
      break;
  }
}

size_t QueueSystem::untie(const QueueContext& context, std::string_view key,
                          std::span<const Handle> handles) {
  const auto found = find_queue(context, key);
  Queue* const queue = found.ok() ? found.value() : nullptr;
  if (queue == nullptr) return 0;
  size_t ended = 0;
  const UnixMs now = context.stamp.now;
  for (const Handle& handle : handles) {
    Message* const message = queue->held(handle).message;
    if (message == nullptr || !message->tied) continue;
    retry_or_bury(context, *queue, *message, queue->lapse(*message, kConnectionClosed, now), std::nullopt,
                  now);
    ++ended;
  }
  if (ended > 0) finish(context, *queue, queue->ready() > 0);
  return ended;
}

// --- Failing

void QueueSystem::retry_or_bury(const QueueContext& context, Queue& queue, Message& message, bool dies,
                                std::optional<Millis> delay, UnixMs now) {
  if (dies || message.expired(now)) {
    bury(context, queue, message, dies ? DeathCause::kMaxAttempts : DeathCause::kExpired, now);
    return;
  }
  const uint64_t entropy = retry_entropy(context.stamp, message.handle());
  queue.retry(message, delay ? *delay : retry_delay(queue.policy().backoff, message.attempts, entropy), now);
}

void QueueSystem::bury(const QueueContext& context, Queue& queue, Message& message, DeathCause cause,
                       UnixMs now) {
  const Entry& entry = queue.entry();
  const std::string key = dead_letter_key(queue.policy(), entry.key());
  const auto count = [&queue, cause](uint64_t QueueTotals::*how) {
    queue.count(how);
    if (cause == DeathCause::kExpired) queue.count(&QueueTotals::expired);
    if (cause == DeathCause::kOverflow) queue.count(&QueueTotals::dropped);
    queue.rates.left(queue.system_.now());
  };
  if (key.empty()) {
    count(&QueueTotals::discarded);
    queue.forget(message);
    return;
  }
  const DeadLetter letter = DeadLetter::of(message, entry.key(), cause, queue.consumer_name(message));
  if (!write_dead_letter(context.keyspace, db_of(entry), key, letter, queue.policy().dead_letters_max, now)) {
    queue.count(&QueueTotals::dead_blocked);
    dead_blocked_ = "queue '" + std::string(entry.key()) + "'";
    queue.keep_dying(message, cause, now + kDyingRetry);
    return;
  }
  count(&QueueTotals::died);
  queue.forget(message);
  context.report(db_of(entry), key, QueueEvent::kDeadLetter);
}

bool QueueSystem::takes_dead_letters(const QueueContext& context, const Queue& queue) const {
  const std::string key = dead_letter_key(queue.policy(), queue.entry().key());
  if (key.empty()) return true;
  const Entry* const entry = context.keyspace.find(context.db, key);
  if (entry == nullptr) return true;
  return entry->type() == ValueType::kStream && entry->stream().next_id(context.stamp.now).ok();
}

// --- What it holds

size_t QueueSystem::bytes() const {
  // A policy with its key, and the nodes that hold them.
  constexpr size_t kPolicyBytes = sizeof(PolicySlot) + 160;
  return timers_.bytes() + queues_.capacity() * sizeof(queues_[0]) + policies_.size() * kPolicyBytes +
         tokens_.bytes() + managed_.bytes();
}

void QueueSystem::check_invariants() const {
  timers_.check_invariants();
  tokens_.check_invariants();
  managed_.check_invariants();
  size_t armed = 0;
  size_t tokens_held = 0;
  QueueDepth depth;
  for (size_t i = 0; i < queues_.size(); ++i) {
    const Queue& queue = *queues_[i];
    CHECK(queue.slot_ == i);
    queue.check_invariants();
    depth.ready += queue.ready();
    depth.delayed += queue.delayed();
    depth.leased += queue.leased();
    depth.parked += queue.parked();
    queue.for_each_message([&](const Message& message) {
      if (!message.token_held) return;
      ++tokens_held;
      CHECK(tokens_.find(queue.db(), queue.entry().key(), message.traits().token) == message.id());
    });
    if (!queue.armed()) continue;
    ++armed;
    const Queue::NextTimer first = queue.first_timer();
    CHECK(timers_.when(queue) == first.when && timers_.order(queue) == first.order);
  }
  CHECK(armed == timers_.size());
  CHECK(tokens_held + tokens_.loose() == tokens_.size());
  CHECK(depth.total() == depth_.total() && depth.ready == depth_.ready && depth.leased == depth_.leased);
}

}  // namespace sluice
