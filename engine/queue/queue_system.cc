// SPDX-License-Identifier: MIT
//
// Policies, and the operations that clients ask for. What time asks for is in queue_time.cc.
#include "engine/queue/queue_system.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/list_value.h"
#include "engine/queue/dead_letter.h"

namespace sluice {
namespace {

const Policy kPolicyDefault;

}  // namespace

QueueSystem::~QueueSystem() {
  CHECK(queues_.empty());
}

// --- Policies

const Policy& QueueSystem::policy(int db, std::string_view key) const {
  if (policies_.empty()) return kPolicyDefault;
  const auto found = policies_.find(std::pair(db, key));
  return found == policies_.end() ? kPolicyDefault : found->second;
}

bool QueueSystem::has_policy(int db, std::string_view key) const {
  return policies_.find(std::pair(db, key)) != policies_.end();
}

Result<bool> QueueSystem::set_policy(const QueueContext& context, std::string_view key,
                                     const Policy& policy) {
  TRY_VOID(validate(policy, key));
  const Entry* const entry = context.keyspace.find(context.db, key);
  if (entry != nullptr && entry->type() == ValueType::kStream) return Error::kQueueGroupRequired;
  if (entry != nullptr && entry->type() != ValueType::kList) return Error::kWrongType;
  const auto found = policies_.find(std::pair(context.db, key));
  if (found != policies_.end() && found->second == policy) return false;
  if (found == policies_.end() && policies_.size() >= kQueuePoliciesMax) return Error::kQueuePoliciesFull;

  if (found != policies_.end()) {
    found->second = policy;
  } else {
    policies_.emplace(std::pair(context.db, std::string(key)), policy);
  }
  policy_changed(context, key);
  return true;
}

Result<bool> QueueSystem::reset_policy(const QueueContext& context, std::string_view key) {
  const Entry* const entry = context.keyspace.find(context.db, key);
  if (entry != nullptr && entry->type() == ValueType::kStream) return Error::kQueueGroupRequired;
  if (entry != nullptr && entry->type() != ValueType::kList) return Error::kWrongType;
  const auto found = policies_.find(std::pair(context.db, key));
  if (found == policies_.end()) return false;
  policies_.erase(found);
  if (const auto rest = resting_.find(std::pair(context.db, key)); rest != resting_.end())
    resting_.erase(rest);
  policy_changed(context, key);
  return true;
}

const QueueStatistics* QueueSystem::resting(int db, std::string_view key) const {
  const auto found = resting_.find(std::pair(db, key));
  return found == resting_.end() ? nullptr : &found->second;
}

void QueueSystem::wake(Queue& queue) {
  if (resting_.empty()) return;
  const auto found = resting_.find(std::pair(queue.entry().db(), queue.entry().key()));
  if (found == resting_.end()) return;
  queue.totals = found->second.totals;
  queue.rates = found->second.rates;
  queue.began_ = found->second.began;
  resting_.erase(found);
}

void QueueSystem::rest(const Queue& queue) {
  const Entry& entry = queue.entry();
  if (resting_.size() >= kRestingQueuesMax || !has_policy(entry.db(), entry.key())) return;
  resting_.insert_or_assign(std::pair(entry.db(), std::string(entry.key())),
                            QueueStatistics{queue.totals, queue.rates, queue.began()});
}

void QueueSystem::policy_changed(const QueueContext& context, std::string_view key) {
  Entry* const entry = context.keyspace.find_for_write(context.db, key);
  if (entry == nullptr) return;
  queue_of(*entry, context.stamp).policy_changed();
  // Waiters too: what is served, and when, may be another thing now.
  context.report(context.db, key, QueueEvent::kReady);
}

void QueueSystem::created(Entry& entry, const Stamp& stamp) {
  if (policies_.empty() || !has_policy(entry.db(), entry.key())) return;
  queue_of(entry, stamp);
}

// --- Finding

Queue& QueueSystem::queue_of(Entry& entry, const Stamp& stamp) {
  now_ = std::max(now_, stamp.now);
  ListValue& list = entry.list();
  return list.is_queue() ? list.queue() : list.become_queue(*this, entry, stamp);
}

Result<Queue*> QueueSystem::find_queue(const QueueContext& context, std::string_view key) {
  const Entry* const entry = context.keyspace.find(context.db, key);
  if (entry == nullptr) return nullptr;
  if (entry->type() != ValueType::kList) return Error::kWrongType;
  if (!entry->list().is_queue()) return nullptr;
  now_ = std::max(now_, context.stamp.now);
  return &context.keyspace.for_write(*entry).list().queue();
}

void QueueSystem::finish(const QueueContext& context, Queue& queue, bool ready) {
  const Entry& entry = queue.entry();
  if (!queue.empty()) {
    context.report(entry.db(), entry.key(), ready ? QueueEvent::kReady : QueueEvent::kChanged);
    return;
  }
  const int db = entry.db();
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

// --- Adding and reserving

Result<std::optional<StreamId>> QueueSystem::add(const QueueContext& context, std::string_view key,
                                                 const Add& options, std::string_view payload) {
  Entry* entry = context.keyspace.find_for_write(context.db, key);
  if (entry != nullptr && entry->type() != ValueType::kList) return Error::kWrongType;
  if (entry == nullptr && options.existing_only) return std::optional<StreamId>();
  if (entry == nullptr) entry = &context.keyspace.insert_list(context.db, key);

  Queue& queue = queue_of(*entry, context.stamp);
  const UnixMs now = context.stamp.now;
  const bool delayed = options.due && *options.due > now;
  const StreamId id = next_id(now);
  queue.add(id, payload, delayed ? options.due : std::nullopt, now);
  context.report(context.db, key, delayed ? QueueEvent::kChanged : QueueEvent::kReady);
  return std::optional(id);
}

Result<std::span<const Reservation>> QueueSystem::reserve(const QueueContext& context,
                                                          std::span<const std::string_view> keys,
                                                          size_t count, std::optional<Millis> lease,
                                                          std::string_view consumer) {
  reservations_.clear();
  // A key whose turn does not come may hold anything.
  size_t wanted = count;
  for (size_t i = 0; i < keys.size() && wanted > 0; ++i) {
    const Entry* const entry = context.keyspace.find(context.db, keys[i]);
    if (entry == nullptr) continue;
    if (entry->type() != ValueType::kList) return Error::kWrongType;
    wanted -= std::min(wanted, entry->list().size());
  }
  for (size_t i = 0; i < keys.size() && reservations_.size() < count; ++i) {
    const Entry* const entry = context.keyspace.find(context.db, keys[i]);
    if (entry == nullptr || entry->type() != ValueType::kList || entry->list().size() == 0) continue;
    reserve_from(context, context.keyspace.for_write(*entry), i, count - reservations_.size(), lease,
                 consumer);
    context.report(context.db, keys[i], QueueEvent::kChanged);
  }
  return std::span<const Reservation>(reservations_);
}

void QueueSystem::reserve_from(const QueueContext& context, Entry& entry, size_t key_index, size_t count,
                               std::optional<Millis> lease, std::string_view consumer) {
  Queue& queue = queue_of(entry, context.stamp);
  const uint32_t number = names_.hold(consumer);
  for (size_t taken = std::min(count, queue.ready()); taken > 0; --taken) {
    const Message& message = queue.reserve(lease.value_or(queue.policy().lease), number, context.stamp);
    reservations_.push_back({key_index, &message, queue.timer_when(message)});
  }
  names_.release(number);
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
      queue.give_back(message, nack.delay, nack.reason, now);
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

void QueueSystem::retry_or_bury(const QueueContext& context, Queue& queue, Message& message, bool dies,
                                std::optional<Millis> delay, UnixMs now) {
  if (dies) {
    bury(context, queue, message, DeathCause::kMaxAttempts, now);
    return;
  }
  const uint64_t entropy = retry_entropy(context.stamp, message.handle());
  queue.retry(message, delay ? *delay : retry_delay(queue.policy().backoff, message.attempts, entropy), now);
}

void QueueSystem::bury(const QueueContext& context, Queue& queue, Message& message, DeathCause cause,
                       UnixMs now) {
  const Entry& entry = queue.entry();
  const std::string key = dead_letter_key(queue.policy(), entry.key());
  if (key.empty()) {
    queue.count(&QueueTotals::discarded);
    queue.forget(message);
    return;
  }
  const DeadLetter letter{entry.key(), message, cause, queue.consumer_name(message)};
  if (!write_dead_letter(context.keyspace, entry.db(), key, letter, queue.policy().dead_letters_max, now)) {
    queue.count(&QueueTotals::dead_blocked);
    queue.keep_dying(message, cause, now + kDyingRetry);
    return;
  }
  queue.count(&QueueTotals::died);
  queue.forget(message);
  context.report(entry.db(), key, QueueEvent::kDeadLetter);
}

// --- What it holds

size_t QueueSystem::bytes() const {
  // A policy with its key, and the node that holds them.
  constexpr size_t kPolicyBytes = sizeof(Policy) + 96;
  return timers_.bytes() + queues_.capacity() * sizeof(queues_[0]) + policies_.size() * kPolicyBytes;
}

void QueueSystem::check_invariants() const {
  timers_.check_invariants();
  size_t armed = 0;
  for (size_t i = 0; i < queues_.size(); ++i) {
    const Queue& queue = *queues_[i];
    CHECK(queue.slot_ == i);
    queue.check_invariants();
    if (!queue.armed()) continue;
    ++armed;
    const Message& first = *queue.first_timer();
    CHECK(timers_.when(queue) == queue.timer_when(first).count);
    CHECK(timers_.order(queue) == queue.timer_order(first));
  }
  CHECK(armed == timers_.size());
}

}  // namespace sluice
