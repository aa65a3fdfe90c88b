// SPDX-License-Identifier: MIT
//
// Where the messages of a queue are, and its timers. The moves between states are in queue_moves.cc, writing a queue
// down and rebuilding it in queue_dump.cc and queue_restore.cc.
#include "engine/queue/queue.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/base/check.h"
#include "engine/entry.h"
#include "engine/queue/queue_system.h"

namespace sluice {

Queue::Queue(QueueSystem& system, Entry& entry, List&& elements, const Stamp& stamp)
    : consumers(system.names_),
      system_(system),
      entry_(&entry),
      lanes_(std::move(elements), stamp.now),
      began_(stamp.now) {
  slot_ = system_.queues_.size();
  system_.queues_.push_back(this);
  policy_changed();
  system_.wake(*this);
  count(&QueueTotals::added, lanes_.size());
  sum();
}

Queue::~Queue() {
  retire();
  for (const uint32_t group : loose_groups_)
    system_.names_.release(group);
  // The heaps end with the queue: no message needs to be taken out of them.
  index_.for_each([this](Message& message) { free_message(message); });
}

void Queue::free_message(Message& message) {
  system_.ties_.remove(message);
  system_.names_.release(message.consumer);
  if (message.has_group) system_.names_.release(*message.traits().group);
  Message::destroy(&message);
}

void Queue::retire() {
  if (retired_) return;
  retired_ = true;
  // Not run empty but ended: so do its tokens.
  if (!empty()) system_.tokens_.drop(db(), entry_->key());
  system_.rest(*this);
  system_.timers_.disarm(*this);
  system_.depth_changed(summed_, QueueDepth());
  summed_ = QueueDepth();
  system_.queues_.back()->slot_ = slot_;
  std::swap(system_.queues_[slot_], system_.queues_.back());
  system_.queues_.pop_back();
}

bool Queue::free_some(size_t& parts_max) {
  CHECK(retired_);
  return index_.free_some(parts_max, [this](Message& message) { free_message(message); }) &&
         lanes_.free_some(parts_max);
}

int Queue::db() const {
  return system_.db_of(*entry_);
}

void Queue::moved_to(Entry& entry) {
  if (retired_) {
    entry_ = &entry;
    return;
  }
  system_.tokens_.move(db(), entry_->key(), system_.db_of(entry), entry.key());
  entry_ = &entry;
  policy_changed();
}

void Queue::policy_changed() {
  PolicySlot* const slot = system_.slot(db(), entry_->key());
  policy_ = slot != nullptr ? &slot->policy : &system_.policy(db(), entry_->key());
  deliveries_ = slot != nullptr ? &slot->deliveries : nullptr;
  refresh_plain_timer();
}

bool Queue::is_deeper_than(const Queue& other) const {
  const size_t mine = depth().total();
  const size_t others = other.depth().total();
  if (mine != others) return mine > others;
  return std::pair(entry_->key(), db()) < std::pair(other.entry_->key(), other.db());
}

void Queue::count(uint64_t QueueTotals::*what, uint64_t amount) {
  totals.*what += amount;
  system_.totals_.*what += amount;
}

void Queue::sum() {
  const QueueDepth now = depth();
  system_.depth_changed(summed_, now);
  summed_ = now;
}

// --- For list commands

void Queue::push(Side side, std::string_view bytes, UnixMs now) {
  lanes_.push(0, side, bytes, now);
  count(&QueueTotals::added);
  rates.added(now);
  refresh_plain_timer();
  sum();
}

std::string_view Queue::peek(Side side) const {
  return lanes_.peek(lanes_.end_lane(side, policy_->head), side).payload;
}

void Queue::pop(Side side) {
  const int lane = lanes_.end_lane(side, policy_->head);
  Message* const message = lanes_.peek(lane, side).message;
  lanes_.pop(lane, side);
  if (message != nullptr) destroy(*message);
  count(&QueueTotals::popped);
  rates.left(system_.now());
  refresh_plain_timer();
  sum();
}

void Queue::set(size_t index, std::string_view bytes) {
  Message* const message = lanes_.replace(lanes_.locate(index, policy_->head), bytes);
  refresh_plain_timer();
  if (message != nullptr) destroy(*message);
  count(&QueueTotals::popped);
  count(&QueueTotals::added);
}

void Queue::insert(size_t index, std::string_view bytes, UnixMs now) {
  lanes_.insert(index, bytes, now, policy_->head);
  count(&QueueTotals::added);
  rates.added(now);
  refresh_plain_timer();
  sum();
}

void Queue::insert_beside(size_t pivot, Side side, std::string_view bytes, UnixMs now) {
  lanes_.insert_beside(lanes_.locate(pivot, policy_->head), side, bytes, now);
  count(&QueueTotals::added);
  rates.added(now);
  refresh_plain_timer();
  sum();
}

void Queue::erase(size_t index, size_t count_erased) {
  std::vector<Message*> removed;
  lanes_.erase(index, count_erased, policy_->head, removed);
  for (Message* message : removed)
    destroy(*message);
  count(&QueueTotals::popped, count_erased);
  rates.left(system_.now(), count_erased);
  refresh_plain_timer();
  sum();
}

bool Queue::settle() {
  if (loose_groups_.empty()) return false;
  bool ready = false;
  const UnixMs now = system_.now();
  for (size_t i = 0; i < loose_groups_.size(); ++i) {
    const uint32_t group = loose_groups_[i];
    if (Message* const next = groups_.advance(group)) {
      lifetimes_.disarm(*next);
      // Its own time may still be to come.
      ready |= next->since <= now;
      if (next->since > now) {
        put_delayed(*next, next->since);
      } else {
        put_ready(*next, End::kTail, now);
      }
    }
    system_.names_.release(group);
  }
  loose_groups_.clear();
  refresh_timer();
  sum();
  return ready;
}

void Queue::leave_group(const Message& message) {
  if (!message.has_group) return;
  const uint32_t group = *message.traits().group;
  // The dying have left already.
  if (message.dying || !groups_.remove(message, group)) return;
  system_.names_.hold(group);
  loose_groups_.push_back(group);
}

// --- Places and timers

const TimerHeap& Queue::heap_of(const Message& message) const {
  switch (message.state) {
    case MessageState::kDelayed:
      return due_;
    case MessageState::kLeased:
      return endings_;
    case MessageState::kReady:
    case MessageState::kParked:
      return lifetimes_;
  }
  CHECK(false);
}

void Queue::take_out(Message& message) {
  switch (message.state) {
    case MessageState::kReady:
      lanes_.remove(message);
      lifetimes_.disarm(message);
      break;
    case MessageState::kDelayed:
      due_.disarm(message);
      break;
    case MessageState::kLeased:
      endings_.disarm(message);
      leave_lease(message);
      break;
    case MessageState::kParked:
      lifetimes_.disarm(message);
      break;
  }
  refresh_timer();
}

void Queue::put_ready(Message& message, End end, UnixMs since) {
  message.state = MessageState::kReady;
  message.since = since;
  lanes_.push(side_of(end), message);
  arm_lifetime(message);
  sum();
}

void Queue::put_delayed(Message& message, UnixMs due) {
  message.state = MessageState::kDelayed;
  // It dies while it waits, or wakes: one timer does for both.
  if (message.has_expiry && !message.dying) due = std::min(due, *message.traits().expires);
  due_.arm(message, due.count, system_.next_arming());
  refresh_timer();
  sum();
}

void Queue::put_leased(Message& message, UnixMs deadline) {
  message.state = MessageState::kLeased;
  endings_.arm(message, deadline.count, system_.next_arming());
  enter_lease(message);
  refresh_timer();
  sum();
}

void Queue::put_parked(Message& message) {
  message.state = MessageState::kParked;
  arm_lifetime(message);
  sum();
}

void Queue::arm_lifetime(Message& message) {
  if (!message.has_expiry) return;
  lifetimes_.arm(message, message.traits().expires->count, system_.next_arming());
  refresh_timer();
}

Queue::NextTimer Queue::first_timer() const {
  NextTimer first{plain_when_, plain_order_, nullptr};
  for (const TimerHeap* heap : {&due_, &endings_, &lifetimes_}) {
    if (heap->empty()) continue;
    const Timer& timer = *heap->first();
    const NextTimer next{heap->when(timer), heap->order(timer), static_cast<Message*>(heap->first())};
    if (std::tie(next.when, next.order) < std::tie(first.when, first.order)) first = next;
  }
  return first;
}

void Queue::refresh_timer() {
  const NextTimer first = first_timer();
  if (first.when == INT64_MAX) {
    system_.timers_.disarm(*this);
  } else {
    system_.timers_.arm(*this, first.when, first.order);
  }
}

void Queue::refresh_plain_timer() {
  if (policy_->ttl == Millis{0} && plain_when_ == INT64_MAX) return;
  const int lane = policy_->ttl == Millis{0} ? -1 : lanes_.lane_of_oldest_plain();
  const int64_t when = lane < 0 ? INT64_MAX : (*lanes_.lane(lane).oldest_plain() + policy_->ttl).count;
  if (when == plain_when_) return;
  plain_when_ = when;
  plain_order_ = when == INT64_MAX ? 0 : system_.next_arming();
  refresh_timer();
}

void Queue::enter_lease(const Message& message) {
  leased_since_.add(message.reserved_at);
  consumers.enter(message.consumer, message.reserved_at, system_.now());
}

void Queue::leave_lease(Message& message) {
  leased_since_.remove(message.reserved_at);
  consumers.leave(message.consumer, message.reserved_at, system_.now());
  system_.ties_.remove(message);
  message.tied = false;
}

void Queue::set_consumer(Message& message, uint32_t consumer) {
  if (message.consumer == consumer) return;
  system_.names_.hold(consumer);
  system_.names_.release(message.consumer);
  message.consumer = consumer;
}

void Queue::destroy(Message& message) {
  if (message.armed()) heap_of(message).disarm(message);
  leave_group(message);
  if (message.token_held) system_.release_token(*this, message);
  if (message.dying) --dying_;
  index_.remove(message);
  message_bytes_ -= message.bytes();
  system_.names_.release(message.consumer);
  if (message.has_group) system_.names_.release(*message.traits().group);
  Message::destroy(&message);
  refresh_timer();
  sum();
}

void Queue::forget(Message& message) {
  take_out(message);
  destroy(message);
}

// --- Statistics

std::optional<UnixMs> Queue::next_due() const {
  if (due_.empty()) return std::nullopt;
  return UnixMs{due_.first_when()};
}

std::string_view Queue::consumer_name(const Message& message) const {
  return system_.names_.text(message.consumer);
}

std::string_view Queue::group_name(const Message& message) const {
  return message.has_group ? system_.names_.text(*message.traits().group) : std::string_view();
}

void Queue::forget_statistics(UnixMs now) {
  totals = QueueTotals();
  rates = QueueRates();
  consumers.forget_deeds();
  began_ = now;
}

size_t Queue::bytes() const {
  return sizeof(Queue) + lanes_.bytes() + message_bytes_ + index_.bytes() + due_.bytes() + endings_.bytes() +
         lifetimes_.bytes() + leased_since_.bytes() + groups_.bytes() + consumers.bytes();
}

void Queue::check_invariants() const {
  lanes_.check_invariants();
  index_.check_invariants();
  groups_.check_invariants();
  due_.check_invariants();
  endings_.check_invariants();
  lifetimes_.check_invariants();
  CHECK(loose_groups_.empty());
  size_t with_id[4] = {};
  size_t dying = 0;
  size_t bytes_sum = 0;
  size_t lifetimes = 0;
  index_.for_each([&](const Message& message) {
    ++with_id[static_cast<size_t>(message.state)];
    bytes_sum += message.bytes();
    if (message.dying) ++dying;
    const bool waits = message.state == MessageState::kReady || message.state == MessageState::kParked;
    CHECK(message.armed() == (!waits || message.has_expiry));
    if (waits && message.has_expiry) ++lifetimes;
    if (message.state == MessageState::kReady) CHECK(message.list_place() != nullptr);
    if (message.state == MessageState::kLeased) CHECK(message.open && message.deliveries > 0);
    if (message.state == MessageState::kParked) CHECK(message.has_group && message.deliveries == 0);
    if (message.dying) CHECK(message.state == MessageState::kDelayed && !message.open);
    if (message.open) CHECK(message.deliveries > 0);
    if (message.attempts > 0) CHECK(message.has_notes);
    if (message.tied) CHECK(message.state == MessageState::kLeased);
    if (message.token_held) CHECK(message.has_token);
  });
  CHECK(with_id[static_cast<size_t>(MessageState::kDelayed)] == due_.size());
  CHECK(with_id[static_cast<size_t>(MessageState::kLeased)] == endings_.size());
  CHECK(with_id[static_cast<size_t>(MessageState::kParked)] == groups_.parked());
  CHECK(with_id[static_cast<size_t>(MessageState::kReady)] <= lanes_.size());
  CHECK(lifetimes == lifetimes_.size());
  CHECK(leased_since_.total() == endings_.size());
  CHECK(dying == dying_ && bytes_sum == message_bytes_);
  CHECK(armed() == (first_timer().when != INT64_MAX));
  CHECK(policy_ == &system_.policy(db(), entry_->key()));
}

}  // namespace sluice
