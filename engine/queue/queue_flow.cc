// SPDX-License-Identifier: MIT
//
// How messages come into queues, and how they are handed out.
#include <algorithm>

#include "engine/base/check.h"
#include "engine/list_value.h"
#include "engine/queue/queue_system.h"
#include "engine/stream.h"

namespace sluice {

// --- Adding

Admission QueueSystem::admit(const QueueContext& context, std::string_view key, size_t pushes) {
  const Entry* const entry = context.keyspace.find(context.db, key);
  if (entry != nullptr && (entry->type() != ValueType::kList || !entry->list().is_queue())) return {};
  const Policy& policy = entry != nullptr ? entry->list().queue().policy() : this->policy(context.db, key);
  if (policy.paused_in()) {
    count_rejected(context.db, key, entry);
    return {.kind = Admission::Kind::kPaused};
  }
  if (policy.length_max == 0) return {};
  const size_t length = entry != nullptr ? entry->list().queue().depth().total() : 0;
  if (length + pushes <= policy.length_max) return {};

  const Admission full{.kind = Admission::Kind::kFull, .length = length, .length_max = policy.length_max};
  const size_t surplus = length + pushes - policy.length_max;
  const bool drops = policy.overflow == Overflow::kDrop && entry != nullptr && pushes <= policy.length_max &&
                     surplus <= entry->list().queue().ready() &&
                     takes_dead_letters(context, entry->list().queue());
  if (!drops) {
    count_rejected(context.db, key, entry);
    return full;
  }
  Queue& queue = context.keyspace.for_write(*entry).list().queue();
  for (size_t i = 0; i < surplus; ++i)
    bury(context, queue, queue.oldest_of_lowest_lane(context.stamp), DeathCause::kOverflow,
         context.stamp.now);
  queue.settle();
  return {};
}

void QueueSystem::count_rejected(int db, std::string_view key, const Entry* entry) {
  if (entry != nullptr) {
    const_cast<Entry*>(entry)->list().queue().count(&QueueTotals::rejected);
    return;
  }
  ++totals_.rejected;
  if (const auto rest = resting_.find(std::pair(db, key)); rest != resting_.end())
    ++rest->second.totals.rejected;
}

Result<QueueSystem::Added> QueueSystem::add(const QueueContext& context, std::string_view key,
                                            const Add& options, std::string_view payload) {
  const UnixMs now = context.stamp.now;
  Entry* entry = context.keyspace.find_for_write(context.db, key);
  if (entry != nullptr && entry->type() != ValueType::kList) return Error::kWrongType;
  if (entry == nullptr && options.existing_only) return Added{.kind = Added::Kind::kNoKey};
  if (!options.token.empty()) {
    if (const auto first = tokens_.find(context.db, key, options.token)) {
      if (entry != nullptr && entry->list().is_queue())
        entry->list().queue().count(&QueueTotals::deduped);
      else
        ++totals_.deduped;
      return Added{.kind = Added::Kind::kDuplicate, .id = *first};
    }
  }
  const Millis ttl = options.ttl.value_or(policy(context.db, key).ttl);
  const bool delayed = options.due && *options.due > now;
  if (delayed && ttl > Millis{0} && now + ttl <= *options.due)
    return Added{.kind = Added::Kind::kTtlTooShort};
  const Admission admission = admit(context, key, 1);
  if (admission.kind != Admission::Kind::kFree)
    return Added{.kind = Added::Kind::kRefused, .admission = admission};

  if (entry == nullptr) entry = &context.keyspace.insert_list(context.db, key);
  Queue& queue = queue_of(*entry, context.stamp);
  Queue::Added how{.due = delayed ? options.due : std::nullopt, .lane = options.lane};
  if (ttl > Millis{0}) how.traits.expires = now + ttl;
  if (!options.group.empty()) how.traits.group = names_.hold(options.group);
  how.traits.token = options.token;
  how.traits.token_until = now + options.token_window;
  how.traits.token_until_start = options.token_until_start;
  const StreamId id = next_id(now);
  const Message& message = queue.add(id, payload, how);
  if (how.traits.group) names_.release(*how.traits.group);
  queue.count(&QueueTotals::added);
  const bool ready = message.state == MessageState::kReady;
  context.report(context.db, key, ready ? QueueEvent::kReady : QueueEvent::kChanged);
  return Added{.kind = Added::Kind::kAdded, .id = id};
}

// --- Reserving

size_t QueueSystem::reservable(const Entry& entry, UnixMs now) {
  const ListValue& list = entry.list();
  if (!list.is_queue()) return list.size();
  const size_t count = list.queue().reservable(now);
  if (count > 0) return count;
  if (const auto until = list.queue().rate_closed_until(now)) {
    open_at(*slot(db_of(entry), entry.key()), *until);
  }
  return 0;
}

std::optional<std::pair<int, std::string>> QueueSystem::take_opened(UnixMs now) {
  if (openings_.first_when() > now.count) return std::nullopt;
  PolicySlot& slot = *static_cast<PolicySlot*>(openings_.first());
  openings_.disarm(slot);
  return std::pair(slot.name->db, slot.name->key);
}

Result<void> QueueSystem::check_reserve_keys(const QueueContext& context,
                                             std::span<const std::string_view> keys, const Reserve& options) {
  // A key whose turn does not come may hold anything.
  size_t wanted = options.count;
  for (size_t i = 0; i < keys.size() && wanted > 0; ++i) {
    const Entry* const entry = context.keyspace.find(context.db, keys[i]);
    if (entry == nullptr) continue;
    if (entry->type() != ValueType::kList) return Error::kWrongType;
    if (!options.fair) wanted -= std::min(wanted, reservable(*entry, context.stamp.now));
  }
  return {};
}

Result<std::span<const Reservation>> QueueSystem::reserve(const QueueContext& context,
                                                          std::span<const std::string_view> keys,
                                                          const Reserve& options, std::string_view consumer) {
  reservations_.clear();
  TRY_VOID(check_reserve_keys(context, keys, options));
  if (options.fair) {
    for (size_t i = fairest(context, keys); i < keys.size() && reservations_.size() < options.count;
         i = fairest(context, keys)) {
      Entry& entry = *context.keyspace.find_for_write(context.db, keys[i]);
      reserve_from(context, entry, i, 1, options, consumer);
      context.report(context.db, keys[i], QueueEvent::kChanged);
    }
    return std::span<const Reservation>(reservations_);
  }
  for (size_t i = 0; i < keys.size() && reservations_.size() < options.count; ++i) {
    const Entry* const entry = context.keyspace.find(context.db, keys[i]);
    if (entry == nullptr || entry->type() != ValueType::kList) continue;
    if (reservable(*entry, context.stamp.now) == 0) continue;
    reserve_from(context, context.keyspace.for_write(*entry), i, options.count - reservations_.size(),
                 options, consumer);
    context.report(context.db, keys[i], QueueEvent::kChanged);
  }
  return std::span<const Reservation>(reservations_);
}

size_t QueueSystem::fairest(const QueueContext& context, std::span<const std::string_view> keys) {
  size_t fairest = keys.size();
  UnixMs oldest = kUnixMsNever;
  for (size_t i = 0; i < keys.size(); ++i) {
    const Entry* const entry = context.keyspace.find(context.db, keys[i]);
    if (entry == nullptr || reservable(*entry, context.stamp.now) == 0) continue;
    // The elements of a plain list take the time at which it becomes a queue: now.
    const ListValue& list = entry->list();
    const UnixMs since = list.is_queue() ? list.queue().next_since(context.stamp.now) : context.stamp.now;
    if (since >= oldest) continue;
    oldest = since;
    fairest = i;
  }
  return fairest;
}

void QueueSystem::reserve_from(const QueueContext& context, Entry& entry, size_t key_index, size_t count,
                               const Reserve& options, std::string_view consumer) {
  Queue& queue = queue_of(entry, context.stamp);
  const uint32_t number = names_.hold(consumer);
  for (size_t taken = std::min(count, queue.reservable(context.stamp.now)); taken > 0; --taken) {
    Message& message =
        queue.reserve(options.lease.value_or(queue.policy().lease), number, options.tied, context.stamp);
    if (options.tied && options.session != 0) ties_.add(options.session, message, queue);
    reservations_.push_back({key_index, &message, queue.timer_when(message)});
  }
  names_.release(number);
}

}  // namespace sluice
