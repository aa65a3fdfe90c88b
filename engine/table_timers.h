// SPDX-License-Identifier: MIT
//
// A heap of timers for each table of the keyspace, and which timer comes first of all: so a table's timers can be taken
// away with it, and finding the first one costs what it would in a single heap.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/timer_heap.h"

namespace sluice {

template <size_t kTables>
class TableTimers {
 public:
  // As TimerHeap's, of the heap of that table.
  void arm(size_t table, Timer& timer, int64_t when, uint64_t order) {
    TimerHeap& heap = heaps_[table];
    const bool was_first = timer.armed() && heap.when(timer) == first_when_;
    heap.arm(timer, when, order);
    if (when < first_when_) {
      first_when_ = when;
    } else if (was_first) {
      find_first();
    }
  }
  void disarm(size_t table, Timer& timer) {
    if (!timer.armed()) return;
    TimerHeap& heap = heaps_[table];
    const bool was_first = heap.when(timer) == first_when_;
    heap.disarm(timer);
    if (was_first) find_first();
  }
  int64_t when(size_t table, const Timer& timer) const { return heaps_[table].when(timer); }
  const TimerHeap& heap(size_t table) const { return heaps_[table]; }
  // The heap of a table, which has none of its timers armed any more.
  TimerHeap take(size_t table) {
    TimerHeap taken = std::exchange(heaps_[table], TimerHeap());
    find_first();
    return taken;
  }

  // When the first of all comes; INT64_MAX if there is none.
  int64_t first_when() const { return first_when_; }
  // Requires: there is one.
  Timer* first() const {
    const TimerHeap* first = nullptr;
    for (const TimerHeap& heap : heaps_) {
      if (heap.first_when() != first_when_ || heap.empty()) continue;
      if (first == nullptr || heap.order(*heap.first()) < first->order(*first->first())) first = &heap;
    }
    return first->first();
  }

  void check_invariants() const {
    int64_t first = INT64_MAX;
    for (const TimerHeap& heap : heaps_) {
      heap.check_invariants();
      first = std::min(first, heap.first_when());
    }
    CHECK(first == first_when_);
  }

 private:
  void find_first() {
    first_when_ = INT64_MAX;
    for (const TimerHeap& heap : heaps_)
      first_when_ = std::min(first_when_, heap.first_when());
  }

  std::array<TimerHeap, kTables> heaps_;
  int64_t first_when_ = INT64_MAX;
};

}  // namespace sluice
