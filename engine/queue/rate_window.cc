// SPDX-License-Identifier: MIT
#include "engine/queue/rate_window.h"

#include "engine/base/check.h"

namespace sluice {

// Those that count no longer are at the front and few: add() drops them.
uint64_t RateWindow::room(const RateLimit& limit, UnixMs now) const {
  uint64_t counted = total_;
  for (auto run = runs_.begin(); run != runs_.end() && run->ms <= now.count - limit.window.count; ++run)
    counted -= run->count;
  return counted >= limit.deliveries ? 0 : limit.deliveries - counted;
}

UnixMs RateWindow::opens(const RateLimit& limit) const {
  uint64_t counted = total_;
  for (const Run& run : runs_) {
    counted -= run.count;
    if (counted < limit.deliveries) return UnixMs{run.ms} + limit.window;
  }
  CHECK(false);
}

void RateWindow::add(const RateLimit& limit, UnixMs now, uint64_t count) {
  while (!runs_.empty() && runs_.front().ms <= now.count - limit.window.count) {
    total_ -= runs_.front().count;
    runs_.pop_front();
  }
  total_ += count;
  if (!runs_.empty() && runs_.back().ms == now.count) {
    runs_.back().count += count;
  } else {
    runs_.push_back({now.count, count});
  }
}

}  // namespace sluice
