// SPDX-License-Identifier: MIT
//
// Moving is by a hole: the nodes on the way are shifted into it, and the one that moves is put down once, at the end.
#include "engine/base/timer_heap.h"

#include <algorithm>

#include "engine/base/check.h"

namespace sluice {
namespace {

// Four, because a node's children then lie side by side in two cache lines and the heap is half as deep as a
// binary one.
constexpr size_t kChildren = 4;

constexpr size_t parent_of(size_t place) {
  return (place - 1) / kChildren;
}
constexpr size_t first_child_of(size_t place) {
  return place * kChildren + 1;
}

}  // namespace

bool TimerHeap::before(const Node& a, const Node& b) {
  if (a.when != b.when) return a.when < b.when;
  return a.order < b.order;
}

void TimerHeap::put(size_t place, const Node& moved) {
  node(place) = moved;
  moved.timer->place_ = static_cast<uint32_t>(place);
}

void TimerHeap::sift_up(size_t place, const Node& moved) {
  while (place > 0) {
    const size_t parent = parent_of(place);
    if (!before(moved, node(parent))) break;
    put(place, node(parent));
    place = parent;
  }
  put(place, moved);
}

void TimerHeap::sift_down(size_t place, const Node& moved) {
  while (true) {
    const size_t begin = first_child_of(place);
    if (begin >= size_) break;
    const size_t end = std::min(begin + kChildren, size_);
    size_t least = begin;
    for (size_t child = begin + 1; child < end; ++child) {
      if (before(node(child), node(least))) least = child;
    }
    if (!before(node(least), moved)) break;
    put(place, node(least));
    place = least;
  }
  put(place, moved);
}

void TimerHeap::arm(Timer& timer, int64_t when, uint64_t order) {
  const Node moved{when, order, &timer};
  if (timer.armed()) {
    const size_t place = timer.place_;
    DCHECK(place < size_ && node(place).timer == &timer);
    if (before(moved, node(place))) {
      sift_up(place, moved);
    } else {
      sift_down(place, moved);
    }
    return;
  }
  CHECK(size_ < Timer::kUnarmed);
  if (size_ == capacity()) grow();
  sift_up(size_++, moved);
}

void TimerHeap::grow() {
  if (segments_.empty()) {
    first_nodes_ = kFirstNodesMin;
    segments_.push_back(std::make_unique_for_overwrite<Node[]>(first_nodes_));
  } else if (first_nodes_ < kSegmentNodes) {
    first_nodes_ *= 2;
    auto larger = std::make_unique_for_overwrite<Node[]>(first_nodes_);
    std::copy_n(segments_[0].get(), size_, larger.get());
    segments_[0] = std::move(larger);
  } else {
    segments_.push_back(std::make_unique_for_overwrite<Node[]>(kSegmentNodes));
  }
}

void TimerHeap::disarm(Timer& timer) {
  if (!timer.armed()) return;
  const size_t place = timer.place_;
  CHECK(place < size_ && node(place).timer == &timer);
  timer.place_ = Timer::kUnarmed;

  const Node last = node(--size_);
  if (place != size_) {
    // The last node may belong to another branch, so it can be too early for this place as well as too late.
    if (place > 0 && before(last, node(parent_of(place)))) {
      sift_up(place, last);
    } else {
      sift_down(place, last);
    }
  }
  // One segment stays in reserve, or a heap that goes up and down by one around its end would allocate each time.
  const size_t segments_used = (size_ + kSegmentNodes - 1) / kSegmentNodes;
  if (segments_.size() > segments_used + 1) segments_.pop_back();
}

Timer* TimerHeap::first() const {
  return size_ == 0 ? nullptr : node(0).timer;
}

int64_t TimerHeap::when(const Timer& timer) const {
  CHECK(timer.place_ < size_);
  return node(timer.place_).when;
}

uint64_t TimerHeap::order(const Timer& timer) const {
  CHECK(timer.place_ < size_);
  return node(timer.place_).order;
}

size_t TimerHeap::bytes() const {
  return capacity() * sizeof(Node) + segments_.capacity() * sizeof(segments_[0]);
}

void TimerHeap::check_invariants() const {
  CHECK(size_ <= capacity());
  for (size_t place = 0; place < size_; ++place) {
    CHECK(node(place).timer != nullptr && node(place).timer->place_ == place);
    if (place > 0) CHECK(!before(node(place), node(parent_of(place))));
  }
}

}  // namespace sluice
