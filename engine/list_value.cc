// SPDX-License-Identifier: MIT
#include "engine/list_value.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/base/check.h"
#include "engine/queue/queue.h"

namespace sluice {
namespace {

// So that a record stays far below what a request may hold.
constexpr size_t kPushElementsMax = 64;
constexpr size_t kPushBytesMax = 64u << 10;

}  // namespace

ListValue::ListValue() = default;
ListValue::~ListValue() = default;

size_t ListValue::queue_size() const {
  return queue_->ready();
}

bool ListValue::queue_empty() const {
  return queue_->empty();
}

void ListValue::queue_push(Side side, std::string_view bytes, const Stamp& stamp) {
  queue_->push(side, bytes, stamp.now);
}

std::string_view ListValue::queue_peek(Side side) const {
  return queue_->peek(side);
}

void ListValue::queue_pop(Side side) {
  queue_->pop(side);
}

bool ListValue::queue_settle() {
  return queue_->settle();
}

std::string_view ListValue::at(size_t index) const {
  CHECK(index < size());
  return cursor(index).bytes();
}

void ListValue::set(size_t index, std::string_view bytes) {
  if (queue_ != nullptr) return queue_->set(index, bytes);
  list_.set(index, bytes);
}

void ListValue::insert(size_t index, std::string_view bytes, const Stamp& stamp) {
  if (queue_ != nullptr) return queue_->insert(index, bytes, stamp.now);
  list_.insert(index, bytes);
}

void ListValue::insert_beside(size_t pivot, Side side, std::string_view bytes, const Stamp& stamp) {
  if (queue_ != nullptr) return queue_->insert_beside(pivot, side, bytes, stamp.now);
  list_.insert(side == Side::kLeft ? pivot : pivot + 1, bytes);
}

void ListValue::erase(size_t index, size_t count) {
  if (queue_ != nullptr) return queue_->erase(index, count);
  list_.erase(index, count);
}

size_t ListValue::count_equal(std::string_view bytes) const {
  size_t count = 0;
  for_each(0, size(), [bytes, &count](std::string_view each) { count += each == bytes ? 1 : 0; });
  return count;
}

size_t ListValue::erase_equal(std::string_view bytes, Side from, size_t count_max) {
  // The last ones from the left: all but those in front.
  size_t skipped = 0;
  if (from == Side::kRight) {
    const size_t found = count_equal(bytes);
    skipped = found - std::min(found, count_max);
  }
  if (queue_ != nullptr) return queue_erase_equal(bytes, skipped, count_max);
  return list_.erase_equal(bytes, skipped, count_max);
}

size_t ListValue::queue_erase_equal(std::string_view bytes, size_t skipped, size_t count_max) {
  std::vector<size_t> positions;
  size_t position = 0;
  for_each(0, size(), [&](std::string_view each) {
    const size_t at = position++;
    if (each != bytes || positions.size() == count_max) return;
    skipped > 0 ? static_cast<void>(--skipped) : positions.push_back(at);
  });
  // From the right, so that the positions to the left stay; neighbours at once.
  for (size_t end = positions.size(); end > 0;) {
    size_t begin = end - 1;
    while (begin > 0 && positions[begin - 1] + 1 == positions[begin])
      --begin;
    queue_->erase(positions[begin], end - begin);
    end = begin;
  }
  return positions.size();
}

std::string_view ListValue::Cursor::bytes() const {
  const ListElement element = cursor_.element();
  return element.ref == nullptr ? element.bytes : static_cast<const Message*>(element.ref)->payload();
}

void ListValue::Cursor::next_lane(Side towards) {
  const ReadyLanes& lanes = queue_->lanes();
  lane_ = lanes.neighbour(lane_, towards, queue_->policy().head);
  if (lane_ < 0) {
    queue_ = nullptr;
    return;
  }
  const List& list = lanes.lane(lane_).list();
  cursor_ = list.cursor(towards == Side::kRight ? 0 : list.size() - 1);
}

ListValue::Cursor ListValue::cursor(size_t index) const {
  if (queue_ == nullptr) return Cursor(list_.cursor(index));
  const ReadyLanes& lanes = queue_->lanes();
  if (index >= lanes.size()) return Cursor(List::Cursor());
  const ReadyLanes::Spot spot = lanes.locate(index, queue_->policy().head);
  return Cursor(lanes.lane(spot.lane).list().cursor(spot.index), queue_.get(), spot.lane);
}

Queue& ListValue::queue() {
  CHECK(queue_ != nullptr);
  return *queue_;
}

const Queue& ListValue::queue() const {
  CHECK(queue_ != nullptr);
  return *queue_;
}

Queue& ListValue::become_queue(QueueSystem& system, Entry& entry, const Stamp& stamp) {
  CHECK(queue_ == nullptr);
  queue_ = std::make_unique<Queue>(system, entry, std::move(list_), stamp);
  list_ = List();
  return *queue_;
}

void ListValue::moved_to(Entry& entry) {
  if (queue_ != nullptr) queue_->moved_to(entry);
}

size_t ListValue::bytes() const {
  return queue_ == nullptr ? list_.bytes() : queue_->bytes();
}

size_t ListValue::weight() const {
  return queue_ == nullptr ? list_.size() : queue_->ready() + queue_->delayed() + queue_->leased();
}

void ListValue::retire() {
  if (queue_ != nullptr) queue_->retire();
}

bool ListValue::free_some(size_t& parts_max) {
  return queue_ == nullptr ? list_.free_some(parts_max) : queue_->free_some(parts_max);
}

void ListValue::digest(Digest& into) const {
  into.add(uint64_t{is_queue()});
  if (queue_ != nullptr) return queue_->digest(into);
  into.add(list_.size());
  for (List::Cursor at = list_.cursor(0); !at.at_end(); at.move(Side::kRight))
    into.add(at.element().bytes);
}

void ListValue::dump(std::string_view key, RecordSink& sink) const {
  if (queue_ != nullptr) return queue_->dump(key, sink);
  std::vector<std::string_view> words = {"RPUSH", key};
  size_t bytes = 0;
  for (List::Cursor at = list_.cursor(0); !at.at_end(); at.move(Side::kRight)) {
    words.push_back(at.element().bytes);
    bytes += words.back().size();
    if (words.size() < 2 + kPushElementsMax && bytes < kPushBytesMax) continue;
    sink.record(words);
    words.resize(2);
    bytes = 0;
  }
  if (words.size() > 2) sink.record(words);
}

void ListValue::check_invariants() const {
  list_.check_invariants();
  if (queue_ == nullptr) return;
  CHECK(list_.empty());
  queue_->check_invariants();
}

}  // namespace sluice
