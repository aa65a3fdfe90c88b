// SPDX-License-Identifier: MIT
//
// The one timer structure: leases, due times, key expiry and blocking timeouts are each an instance of it. A four-ary
// heap ordered by (when, order), in which every timer knows its place, so that disarming needs no search.
//
// A timing wheel was the alternative. It fires timers of one tick in an order that depends on its cascades, but the
// order in which messages fall due is logged state; and the heap adds a timer that comes last, the usual one, without
// moving any other.
//
// Storage is in segments: growing to ten million timers copies none. Only the first one begins small and moves as it
// grows, because there can be a heap in each of many objects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace sluice {

// Part of the object that is to be woken. Must be disarmed before it goes away; must not move while armed.
class Timer {
 public:
  // `kind` is the owner's, to tell its objects apart when they fire.
  explicit Timer(uint8_t kind = 0) : kind_(kind) {}
  bool armed() const { return place_ != kUnarmed; }
  uint8_t kind() const { return kind_; }

 private:
  friend class TimerHeap;
  static constexpr uint32_t kUnarmed = UINT32_MAX;
  uint32_t place_ = kUnarmed;
  uint8_t kind_;
};

class TimerHeap {
 public:
  // Arms the timer, or moves it if it is armed. Of two timers with the same `when` (milliseconds of the clock that the
  // instance runs on), the one with the lower `order` comes first. O(log n), O(1) if it comes after all others.
  void arm(Timer& timer, int64_t when, uint64_t order);
  // No effect on a timer that is not armed.
  void disarm(Timer& timer);

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // The timer that comes first, or nullptr.
  Timer* first() const;
  // When the first one comes; INT64_MAX if there is none.
  int64_t first_when() const { return size_ == 0 ? INT64_MAX : node(0).when; }
  // Of an armed timer.
  int64_t when(const Timer& timer) const;
  uint64_t order(const Timer& timer) const;
  // Heap memory held, in bytes.
  size_t bytes() const;
  // Every node not before its parent, every timer at the place it believes. For tests: O(n).
  void check_invariants() const;

 private:
  struct Node {
    int64_t when;
    uint64_t order;
    Timer* timer;
  };
  static constexpr size_t kSegmentNodes = 8192;
  static constexpr size_t kFirstNodesMin = 8;

  Node& node(size_t place) { return segments_[place / kSegmentNodes][place % kSegmentNodes]; }
  const Node& node(size_t place) const { return segments_[place / kSegmentNodes][place % kSegmentNodes]; }
  size_t capacity() const { return segments_.size() <= 1 ? first_nodes_ : segments_.size() * kSegmentNodes; }
  void grow();
  static bool before(const Node& a, const Node& b);
  void put(size_t place, const Node& moved);
  void sift_up(size_t place, const Node& moved);
  void sift_down(size_t place, const Node& moved);

  std::vector<std::unique_ptr<Node[]>> segments_;
  size_t first_nodes_ = 0;  // of the first segment; the others have kSegmentNodes
  size_t size_ = 0;
};

}  // namespace sluice
