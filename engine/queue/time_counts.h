// SPDX-License-Identifier: MIT
//
// How many things began at which millisecond, to know the oldest: of ready messages, since when they are eligible; of
// leased ones, since when they are held. Times mostly come in order, so this is a queue of (time, count), as long as
// there are distinct times between the oldest and the newest, however many messages there are.
//
// Invariants: times rise strictly; the first and the last count are not 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "engine/base/time.h"

namespace sluice {

class TimeCounts {
 public:
  // O(1) for a time not before all others.
  void add(UnixMs time, uint64_t count = 1);
  // Requires: so many were added at that time. O(1) for the oldest, else a binary search.
  void remove(UnixMs time, uint64_t count = 1);
  // Nothing if there is none.
  std::optional<UnixMs> oldest() const;
  size_t bytes() const { return runs_.size() * sizeof(Run); }
  // Their sum. O(times); for tests.
  uint64_t total() const;

 private:
  struct Run {
    int64_t ms;
    uint64_t count;
  };
  void drop_empty();

  std::deque<Run> runs_;
  size_t empty_ = 0;  // runs with count 0, kept until they are many
};

}  // namespace sluice
