// SPDX-License-Identifier: MIT
#include "server/core/latency_monitor.h"

#include <algorithm>

namespace sluice::core {

void LatencyMonitor::add(LatencyEvent event, UnixMs now, int64_t milliseconds) {
  History& history = histories_[static_cast<size_t>(event)];
  const int64_t seconds = now.count / 1000;
  history.milliseconds_max = std::max(history.milliseconds_max, milliseconds);
  if (!history.samples.empty() && history.samples.back().seconds == seconds) {
    Sample& sample = history.samples.back();
    sample.milliseconds = std::max(sample.milliseconds, milliseconds);
    return;
  }
  history.samples.push_back({seconds, milliseconds});
  if (history.samples.size() > kLatencySamplesMax) history.samples.pop_front();
}

bool LatencyMonitor::clear(LatencyEvent event) {
  History& history = histories_[static_cast<size_t>(event)];
  const bool had = !history.samples.empty();
  history = {};
  return had;
}

}  // namespace sluice::core
