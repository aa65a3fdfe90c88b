// SPDX-License-Identifier: MIT
#include "engine/queue/time_counts.h"

#include <algorithm>

#include "engine/base/check.h"

namespace sluice {

void TimeCounts::add(UnixMs time, uint64_t count) {
  if (runs_.empty() || runs_.back().ms < time.count) {
    runs_.push_back({time.count, count});
    return;
  }
  const auto at = runs_.back().ms == time.count
                      ? runs_.end() - 1
                      : std::partition_point(runs_.begin(), runs_.end(),
                                             [time](const Run& run) { return run.ms < time.count; });
  if (at->ms != time.count) {
    runs_.insert(at, {time.count, count});
    return;
  }
  if (at->count == 0) --empty_;
  at->count += count;
}

void TimeCounts::remove(UnixMs time, uint64_t count) {
  CHECK(!runs_.empty());
  const auto at = runs_.front().ms == time.count
                      ? runs_.begin()
                      : std::partition_point(runs_.begin(), runs_.end(),
                                             [time](const Run& run) { return run.ms < time.count; });
  CHECK(at != runs_.end() && at->ms == time.count && at->count >= count);
  at->count -= count;
  if (at->count == 0) {
    ++empty_;
    drop_empty();
  }
}

void TimeCounts::drop_empty() {
  while (!runs_.empty() && runs_.front().count == 0) {
    runs_.pop_front();
    --empty_;
  }
  while (!runs_.empty() && runs_.back().count == 0) {
    runs_.pop_back();
    --empty_;
  }
  // Dropping them one by one would move the others each time.
  if (empty_ < 16 || empty_ < runs_.size() / 2) return;
  runs_.erase(std::remove_if(runs_.begin(), runs_.end(), [](const Run& run) { return run.count == 0; }),
              runs_.end());
  empty_ = 0;
}

std::optional<UnixMs> TimeCounts::oldest() const {
  if (runs_.empty()) return std::nullopt;
  return UnixMs{runs_.front().ms};
}

uint64_t TimeCounts::total() const {
  uint64_t sum = 0;
  for (const Run& run : runs_)
    sum += run.count;
  return sum;
}

}  // namespace sluice
