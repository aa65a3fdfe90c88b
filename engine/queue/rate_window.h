// SPDX-License-Identifier: MIT
//
// When the last deliveries were made, to hold a limit of n in any window of some milliseconds. Exact: it keeps the time
// of each delivery that may still count, those of one millisecond together. Logged state, for what a reserve may take
// depends on it.
//
//   (t1, 3) (t2, 1) (t3, 40) ...     at `now` those with t > now - window count against the limit
#pragma once

#include <cstdint>
#include <deque>

#include "engine/base/time.h"
#include "engine/queue/policy.h"

namespace sluice {

class RateWindow {
 public:
  struct Run {
    int64_t ms;
    uint64_t count;
  };

  // How many more deliveries are allowed now. Requires: a limit.
  uint64_t room(const RateLimit& limit, UnixMs now) const;
  // The earliest time at which there is room for one. Requires: room() was 0.
  UnixMs opens(const RateLimit& limit) const;
  // One delivery. Forgets those that count no longer. Requires: `now` is not before the last one.
  void add(const RateLimit& limit, UnixMs now, uint64_t count = 1);
  void clear() {
    runs_.clear();
    total_ = 0;
  }

  const std::deque<Run>& runs() const { return runs_; }
  // From a record: behind all others. What is not later than those is known already: state is also loaded over itself.
  void restore(Run run) {
    if (!runs_.empty() && run.ms <= runs_.back().ms) return;
    runs_.push_back(run);
    total_ += run.count;
  }

 private:
  std::deque<Run> runs_;  // times rise strictly
  uint64_t total_ = 0;    // of the counts
};

}  // namespace sluice
