// SPDX-License-Identifier: MIT
//
// The moves of a message between its states; message.h has the table.
#include <algorithm>

#include "engine/base/check.h"
#include "engine/queue/queue.h"
#include "engine/queue/queue_system.h"

namespace sluice {

// --- Adding and reserving

Message& Queue::add(StreamId id, std::string_view payload, const Added& how) {
  const UnixMs now = system_.now();
  Message& message = *Message::create(id, payload, how.traits);
  message.lane = static_cast<uint8_t>(how.lane & 0xf);
  message_bytes_ += message.bytes();
  index_.insert(message);
  message.since = std::max(now, how.due.value_or(now));
  if (how.redriven > 0) {
    message_bytes_ -= message.bytes();
    message.note().redriven = how.redriven;
    message_bytes_ += message.bytes();
  }
  if (message.has_token) system_.tokens_.of(db(), entry_->key()).hold(message);
  if (message.has_group) system_.names_.hold(*how.traits.group);
  if (message.has_group && groups_.busy(*how.traits.group)) {
    groups_.park(message, *how.traits.group);
    put_parked(message);
  } else {
    if (message.has_group) groups_.set_front(message, *how.traits.group);
    message.since = now;
    if (how.due) {
      CHECK(*how.due > now);
      put_delayed(message, *how.due);
    } else {
      put_ready(message, End::kTail, now);
    }
  }
  rates.added(now);
  return message;
}

Message& Queue::identify(int lane, std::string_view payload, UnixMs since, const Stamp& stamp) {
  MessageTraits traits;
  if (policy_->ttl > Millis{0}) traits.expires = since + policy_->ttl;
  Message& message = *Message::create(system_.next_id(stamp.now), payload, traits);
  message.lane = static_cast<uint8_t>(lane & 0xf);
  message.since = since;
  message_bytes_ += message.bytes();
  index_.insert(message);
  return message;
}

size_t Queue::reservable(UnixMs now) const {
  size_t count = ready();
  if (count == 0 || !open_for_reserve()) return 0;
  if (policy_->leased_max > 0) {
    count = std::min<size_t>(count, policy_->leased_max - leased());
  }
  if (policy_->rate.deliveries > 0) count = std::min<size_t>(count, deliveries_->room(policy_->rate, now));
  return count;
}

std::optional<UnixMs> Queue::rate_closed_until(UnixMs now) const {
  if (policy_->rate.deliveries == 0 || ready() == 0 || !open_for_reserve()) return std::nullopt;
  if (deliveries_->room(policy_->rate, now) > 0) return std::nullopt;
  return deliveries_->opens(policy_->rate);
}

int Queue::serving_lane(UnixMs now) const {
  const int highest = lanes_.highest();
  if (policy_->aging == Millis{0} || highest == lanes_.lowest()) return highest;
  int serving = -1;
  UnixMs oldest = now - policy_->aging;  // who is eligible since before that has waited too long
  for (int lane = highest; lane >= 0; lane = lanes_.neighbour(lane, opposite(policy_->head), policy_->head)) {
    const UnixMs since = lanes_.peek(lane, policy_->head).since;
    if (since >= oldest) continue;
    oldest = since;
    serving = lane;
  }
  return serving < 0 ? highest : serving;
}

UnixMs Queue::next_since(UnixMs now) const {
  return lanes_.peek(serving_lane(now), policy_->head).since;
}

Message& Queue::reserve(Millis lease, uint32_t consumer, bool tied, const Stamp& stamp) {
  CHECK(ready() > 0 && lease >= Millis{1});
  const int lane = serving_lane(stamp.now);
  const Side side = policy_->head;
  const ReadyElement next = lanes_.peek(lane, side);
  Message& message =
      next.message != nullptr ? *next.message : identify(lane, next.payload, next.since, stamp);
  lanes_.pop(lane, side);
  lifetimes_.disarm(message);
  if (next.message == nullptr) refresh_plain_timer();

  // The fencing token saturates rather than begin anew: a message handed out four billion times is past protecting.
  if (message.deliveries < UINT32_MAX) ++message.deliveries;
  message.open = true;
  message.tied = tied;
  message.reserved_at = stamp.now;
  set_consumer(message, consumer);
  if (policy_->lease_max > Millis{0}) lease = std::min(lease, policy_->lease_max);
  put_leased(message, stamp.now + lease);
  if (policy_->rate.deliveries > 0) deliveries_->add(policy_->rate, stamp.now);
  if (message.token_held && message.traits().token_until_start) system_.release_token(*this, message);
  count(&QueueTotals::reserved);
  rates.waited(stamp.now, stamp.now - message.since);
  return message;
}

// --- What a worker says of its handle

Queue::Outcome Queue::ack(const Handle& handle, UnixMs now) {
  Message* const message = find(handle.id);
  if (message == nullptr) return Outcome::kNoSuchMessage;
  if (message->deliveries != handle.deliveries || !message->open) {
    count(&QueueTotals::stale_acks);
    return Outcome::kRefused;
  }
  count(&QueueTotals::acked);
  consumers.count(message->consumer, QueueConsumers::Deed::kAcked, now);
  if (message->state == MessageState::kLeased) {
    rates.held(now, now - message->reserved_at);
  } else {
    count(&QueueTotals::late_acks);
  }
  rates.left(now);
  forget(*message);
  return Outcome::kDone;
}

Queue::Outcome Queue::extend(const Handle& handle, Millis lease, UnixMs now) {
  Message* const message = find(handle.id);
  if (message == nullptr) return Outcome::kNoSuchMessage;
  if (message->deliveries != handle.deliveries || !message->open) return Outcome::kRefused;
  const UnixMs deadline = now + lease;
  const Millis lease_max = policy_->lease_max;
  if (lease_max > Millis{0} && deadline > message->reserved_at + lease_max) return Outcome::kRefused;
  if (message->state == MessageState::kLeased) {
    endings_.arm(*message, deadline.count, system_.next_arming());
    refresh_timer();
    return Outcome::kDone;
  }
  // Nobody else has it, so the worker goes on and a second run is saved.
  take_out(*message);
  put_leased(*message, deadline);
  return Outcome::kDone;
}

Queue::Held Queue::held(const Handle& handle) const {
  Message* const message = find(handle.id);
  if (message == nullptr) return {nullptr, Outcome::kNoSuchMessage};
  const bool current = message->state == MessageState::kLeased && message->deliveries == handle.deliveries;
  return {current ? message : nullptr, Outcome::kRefused};
}

void Queue::note_reason(Message& message, std::optional<std::string_view> reason) {
  message_bytes_ -= message.bytes();
  message.note(reason);
  message_bytes_ += message.bytes();
}

void Queue::close_silently(Message& message, std::optional<std::string_view> reason) {
  count(&QueueTotals::silent);
  message.open = false;
  if (reason) note_reason(message, reason);
}

void Queue::give_back(Message& message, std::optional<Millis> delay, std::optional<std::string_view> reason,
                      UnixMs now) {
  close_silently(message, reason);
  if (delay) {
    note_reason(message, std::nullopt);  // keeps when it was added
    move_on(message, *delay, now);
    return;
  }
  take_out(message);
  put_ready(message, End::kHead, message.since);
}

// --- Failing

void Queue::count_attempt(Message& message, std::optional<std::string_view> reason, UnixMs now) {
  if (message.attempts < UINT32_MAX) ++message.attempts;
  note_failure(message, reason, now);
}

void Queue::note_failure(Message& message, std::optional<std::string_view> reason, UnixMs now) {
  note_reason(message, reason);
  MessageNotes& notes = *message.notes;
  if (notes.failed_last == UnixMs{0}) notes.failed_first = now;
  notes.failed_last = now;
}

bool Queue::fail(Message& message, std::optional<std::string_view> reason, UnixMs now) {
  count(&QueueTotals::nacked);
  consumers.count(message.consumer, QueueConsumers::Deed::kFailed, now);
  message.open = false;
  count_attempt(message, reason, now);
  return policy_->attempts_max != 0 && message.attempts >= policy_->attempts_max;
}

bool Queue::lapse(Message& message, std::string_view reason, UnixMs now) {
  count(&QueueTotals::lease_expired);
  consumers.count(message.consumer, QueueConsumers::Deed::kExpired, now);
  count_attempt(message, reason, now);
  return policy_->attempts_max != 0 && message.attempts >= policy_->attempts_max;
}

void Queue::condemn(Message& message, std::optional<std::string_view> reason, UnixMs now) {
  count(&QueueTotals::nacked);
  consumers.count(message.consumer, QueueConsumers::Deed::kFailed, now);
  message.open = false;
  note_failure(message, reason, now);
}

void Queue::move_on(Message& message, Millis delay, UnixMs now) {
  take_out(message);
  if (delay > Millis{0}) {
    put_delayed(message, now + delay);
  } else {
    put_ready(message, End::kTail, now);
  }
}

void Queue::retry(Message& message, Millis delay, UnixMs now) {
  CHECK(message.has_notes);
  count(&QueueTotals::retried);
  move_on(message, delay, now);
}

void Queue::keep_dying(Message& message, DeathCause cause, UnixMs again) {
  take_out(message);
  leave_group(message);
  message.open = false;
  if (!message.dying) ++dying_;
  message.dying = true;
  message.cause = cause;
  put_delayed(message, again);
}

// --- Time and room

void Queue::come_due(Message& message) {
  CHECK(message.state == MessageState::kDelayed && !message.dying);
  const UnixMs due = timer_when(message);
  take_out(message);
  put_ready(message, End::kTail, due);
}

Message& Queue::oldest_of_lowest_lane(const Stamp& stamp) {
  const int lane = lanes_.lowest();
  const ReadyElement oldest = lanes_.peek(lane, policy_->head);
  if (oldest.message != nullptr) return *oldest.message;
  Message& message = identify(lane, oldest.payload, oldest.since, stamp);
  lanes_.pop(lane, policy_->head);
  put_ready(message, End::kHead, message.since);
  refresh_plain_timer();
  return message;
}

Message* Queue::expired_plain(const Stamp& stamp, UnixMs now) {
  const int lane = lanes_.lane_of_oldest_plain();
  const UnixMs since = lane < 0 ? now : *lanes_.lane(lane).oldest_plain();
  if (lane < 0 || since + policy_->ttl > now) {
    refresh_plain_timer();
    return nullptr;
  }
  const std::string payload = lanes_.pop_oldest_plain(lane, policy_->head);
  Message& message = identify(lane, payload, since, stamp);
  put_ready(message, End::kHead, since);
  refresh_plain_timer();
  return &message;
}

void Queue::put_off(Message& message, UnixMs deadline) {
  CHECK(message.state == MessageState::kLeased);
  system_.ties_.remove(message);
  message.tied = false;
  endings_.arm(message, deadline.count, system_.next_arming());
  refresh_timer();
}

}  // namespace sluice
