// SPDX-License-Identifier: MIT
//
// The moves between states. Writing a queue down and rebuilding it is in queue_record.cc.
#include "engine/queue/queue.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/base/check.h"
#include "engine/entry.h"
#include "engine/queue/queue_system.h"

namespace sluice {
namespace {

// Names without leases that a queue remembers, so that a worker who takes one message at a time costs no allocation.
constexpr size_t kConsumersIdleMax = 1'000;

}  // namespace

Queue::Queue(QueueSystem& system, Entry& entry, List&& elements, const Stamp& stamp)
    : system_(system), entry_(&entry), lane_(std::move(elements), stamp.now), began_(stamp.now) {
  slot_ = system_.queues_.size();
  system_.queues_.push_back(this);
  policy_changed();
  system_.wake(*this);
  count(&QueueTotals::added, lane_.size());
}

Queue::~Queue() {
  system_.rest(*this);
  system_.timers_.disarm(*this);
  for (const auto& [consumer, leases] : leases_by_consumer_)
    system_.names_.release(consumer);
  // The heaps end with the queue: no message needs to be taken out of them.
  index_.for_each([this](Message& message) {
    system_.names_.release(message.consumer);
    Message::destroy(&message);
  });
  system_.queues_.back()->slot_ = slot_;
  std::swap(system_.queues_[slot_], system_.queues_.back());
  system_.queues_.pop_back();
}

void Queue::moved_to(Entry& entry) {
  entry_ = &entry;
  policy_changed();
}

void Queue::policy_changed() {
  policy_ = &system_.policy(entry_->db(), entry_->key());
}

void Queue::count(uint64_t QueueTotals::*what, uint64_t amount) {
  totals.*what += amount;
  system_.totals_.*what += amount;
}

// --- For list commands

void Queue::push(Side side, std::string_view bytes, UnixMs now) {
  lane_.push(side, bytes, now);
  count(&QueueTotals::added);
  rates.added(now);
}

void Queue::pop(Side side) {
  Message* const message = lane_.peek(side).message;
  lane_.pop(side);
  if (message != nullptr) destroy(*message);
  count(&QueueTotals::popped);
  rates.left(system_.now_);
}

void Queue::set(size_t index, std::string_view bytes) {
  Message* const message = lane_.replace(index, bytes);
  if (message != nullptr) destroy(*message);
  count(&QueueTotals::popped);
  count(&QueueTotals::added);
}

void Queue::insert(size_t index, std::string_view bytes, UnixMs now) {
  lane_.insert(index, bytes, now);
  count(&QueueTotals::added);
  rates.added(now);
}

void Queue::erase(size_t index, size_t count_erased) {
  std::vector<Message*> removed;
  lane_.erase(index, count_erased, removed);
  for (Message* message : removed)
    destroy(*message);
  count(&QueueTotals::popped, count_erased);
  rates.left(system_.now_, count_erased);
}

// --- Places and timers

void Queue::take_out(Message& message) {
  switch (message.state) {
    case MessageState::kReady:
      lane_.remove(message);
      break;
    case MessageState::kDelayed:
      due_.disarm(message);
      if (message.dying) --dying_;
      message.dying = false;
      break;
    case MessageState::kLeased:
      endings_.disarm(message);
      leave_lease(message);
      break;
  }
  refresh_timer();
}

void Queue::put_ready(Message& message, End end, UnixMs since) {
  message.state = MessageState::kReady;
  message.since = since;
  lane_.push(side_of(end), message);
}

void Queue::put_delayed(Message& message, UnixMs due) {
  message.state = MessageState::kDelayed;
  due_.arm(message, due.count, system_.next_arming());
  refresh_timer();
}

void Queue::put_leased(Message& message, UnixMs deadline) {
  message.state = MessageState::kLeased;
  endings_.arm(message, deadline.count, system_.next_arming());
  enter_lease(message);
  refresh_timer();
}

Message* Queue::first_timer() const {
  const TimerHeap* heap = &due_;
  if (due_.empty()) {
    heap = &endings_;
  } else if (!endings_.empty()) {
    const Timer& due = *due_.first();
    const Timer& ending = *endings_.first();
    const std::pair first_due{due_.when(due), due_.order(due)};
    if (std::pair{endings_.when(ending), endings_.order(ending)} < first_due) heap = &endings_;
  }
  return static_cast<Message*>(heap->first());
}

UnixMs Queue::first_when() const {
  return UnixMs{std::min(due_.first_when(), endings_.first_when())};
}

void Queue::refresh_timer() {
  const Message* const first = first_timer();
  if (first == nullptr) {
    system_.timers_.disarm(*this);
  } else {
    system_.timers_.arm(*this, timer_when(*first).count, timer_order(*first));
  }
}

void Queue::enter_lease(const Message& message) {
  leased_since_.add(message.reserved_at);
  if (message.consumer == ConsumerNames::kNone) return;
  const auto [leases, is_new] = leases_by_consumer_.try_emplace(message.consumer, 0);
  if (is_new) system_.names_.hold(message.consumer);
  if (leases->second++ == 0) ++consumers_;
}

void Queue::leave_lease(const Message& message) {
  leased_since_.remove(message.reserved_at);
  if (message.consumer == ConsumerNames::kNone) return;
  const auto leases = leases_by_consumer_.find(message.consumer);
  CHECK(leases != leases_by_consumer_.end() && leases->second > 0);
  if (--leases->second > 0) return;
  --consumers_;
  if (leases_by_consumer_.size() - consumers_ <= kConsumersIdleMax) return;
  leases_by_consumer_.erase(leases);
  system_.names_.release(message.consumer);
}

void Queue::set_consumer(Message& message, uint32_t consumer) {
  if (message.consumer == consumer) return;
  system_.names_.hold(consumer);
  system_.names_.release(message.consumer);
  message.consumer = consumer;
}

void Queue::destroy(Message& message) {
  CHECK(!message.armed());
  index_.remove(message);
  message_bytes_ -= message.bytes();
  system_.names_.release(message.consumer);
  Message::destroy(&message);
}

void Queue::forget(Message& message) {
  take_out(message);
  destroy(message);
}

// --- Moves

Message& Queue::add(StreamId id, std::string_view payload, std::optional<UnixMs> due, UnixMs now) {
  Message& message = *Message::create(id, payload);
  message_bytes_ += message.bytes();
  index_.insert(message);
  message.since = now;
  if (due) {
    CHECK(*due > now);
    put_delayed(message, *due);
  } else {
    put_ready(message, End::kTail, now);
  }
  count(&QueueTotals::added);
  rates.added(now);
  return message;
}

Message& Queue::identify(Side side, const Stamp& stamp) {
  const ReadyElement element = lane_.peek(side);
  Message& message = *Message::create(system_.next_id(stamp.now), element.payload);
  message.since = element.since;
  message_bytes_ += message.bytes();
  index_.insert(message);
  return message;
}

Message& Queue::reserve(Millis lease, uint32_t consumer, const Stamp& stamp) {
  CHECK(ready() > 0 && lease >= Millis{1});
  const Side side = side_of(End::kHead);
  Message* const known = lane_.peek(side).message;
  Message& message = known != nullptr ? *known : identify(side, stamp);
  lane_.pop(side);

  // The fencing token saturates rather than begin anew: a message handed out four billion times is past protecting.
  if (message.deliveries < UINT32_MAX) ++message.deliveries;
  message.open = true;
  message.reserved_at = stamp.now;
  set_consumer(message, consumer);
  if (policy_->lease_max > Millis{0}) lease = std::min(lease, policy_->lease_max);
  put_leased(message, stamp.now + lease);
  count(&QueueTotals::reserved);
  rates.waited(stamp.now, stamp.now - message.since);
  return message;
}

Queue::Outcome Queue::ack(const Handle& handle, UnixMs now) {
  Message* const message = find(handle.id);
  if (message == nullptr) return Outcome::kNoSuchMessage;
  if (message->deliveries != handle.deliveries || !message->open) {
    count(&QueueTotals::stale_acks);
    return Outcome::kRefused;
  }
  count(&QueueTotals::acked);
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
  // Also from ready and delayed: nobody else has it, so the worker goes on and a second run is saved.
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

void Queue::give_back(Message& message, std::optional<Millis> delay, std::optional<std::string_view> reason,
                      UnixMs now) {
  count(&QueueTotals::silent);
  message.open = false;
  if (delay || reason) note_reason(message, reason);
  if (delay) {
    move_on(message, *delay, now);
    return;
  }
  take_out(message);
  put_ready(message, End::kHead, message.since);
}

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
  message.open = false;
  count_attempt(message, reason, now);
  return policy_->attempts_max != 0 && message.attempts >= policy_->attempts_max;
}

bool Queue::lapse(Message& message, UnixMs now) {
  count(&QueueTotals::lease_expired);
  count_attempt(message, kLeaseExpired, now);
  return policy_->attempts_max != 0 && message.attempts >= policy_->attempts_max;
}

void Queue::condemn(Message& message, std::optional<std::string_view> reason, UnixMs now) {
  count(&QueueTotals::nacked);
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

void Queue::come_due(Message& message) {
  CHECK(message.state == MessageState::kDelayed && !message.dying);
  const UnixMs due = timer_when(message);
  take_out(message);
  put_ready(message, End::kTail, due);
}

void Queue::keep_dying(Message& message, DeathCause cause, UnixMs again) {
  take_out(message);
  message.open = false;
  message.dying = true;
  message.cause = cause;
  ++dying_;
  put_delayed(message, again);
}

void Queue::put_off(Message& message, UnixMs deadline) {
  CHECK(message.state == MessageState::kLeased);
  endings_.arm(message, deadline.count, system_.next_arming());
  refresh_timer();
}

// --- Statistics

std::optional<UnixMs> Queue::next_due() const {
  if (due_.empty()) return std::nullopt;
  return UnixMs{due_.first_when()};
}

std::string_view Queue::consumer_name(const Message& message) const {
  return system_.names_.text(message.consumer);
}

void Queue::forget_statistics(UnixMs now) {
  totals = QueueTotals();
  rates = QueueRates();
  began_ = now;
}

size_t Queue::bytes() const {
  return sizeof(Queue) + lane_.bytes() + message_bytes_ + index_.bytes() + due_.bytes() + endings_.bytes() +
         leased_since_.bytes();
}

void Queue::check_invariants() const {
  lane_.check_invariants();
  index_.check_invariants();
  due_.check_invariants();
  endings_.check_invariants();
  size_t with_id[3] = {};
  size_t dying = 0;
  size_t bytes_sum = 0;
  index_.for_each([&](const Message& message) {
    ++with_id[static_cast<size_t>(message.state)];
    bytes_sum += message.bytes();
    if (message.dying) ++dying;
    CHECK(message.armed() == (message.state != MessageState::kReady));
    if (message.state == MessageState::kReady) CHECK(message.list_place() != nullptr);
    if (message.state == MessageState::kLeased) CHECK(message.open && message.deliveries > 0);
    if (message.dying) CHECK(message.state == MessageState::kDelayed && !message.open);
    if (message.open) CHECK(message.deliveries > 0);
    if (message.attempts > 0) CHECK(message.has_notes);
  });
  CHECK(with_id[static_cast<size_t>(MessageState::kDelayed)] == due_.size());
  CHECK(with_id[static_cast<size_t>(MessageState::kLeased)] == endings_.size());
  CHECK(with_id[static_cast<size_t>(MessageState::kReady)] <= lane_.size());
  CHECK(leased_since_.total() == endings_.size());
  CHECK(dying == dying_ && bytes_sum == message_bytes_);
  CHECK(armed() == !(due_.empty() && endings_.empty()));
  CHECK(policy_ == &system_.policy(entry_->db(), entry_->key()));
}

}  // namespace sluice
