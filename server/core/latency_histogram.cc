// SPDX-License-Identifier: MIT
#include "server/core/latency_histogram.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sluice::core {

uint64_t LatencyHistogram::percentile(double percent) const {
  if (total_ == 0) return 0;
  const auto wanted = static_cast<uint64_t>(std::ceil(percent / 100 * static_cast<double>(total_)));
  const uint64_t rank = std::clamp<uint64_t>(wanted, 1, total_);
  uint64_t seen = 0;
  for (size_t number = 0; number < kClasses; ++number) {
    seen += counts_[number];
    if (seen >= rank) return class_max(number);
  }
  return class_max(kClasses - 1);
}

uint64_t LatencyHistogram::below(uint64_t nanoseconds) const {
  const size_t end = nanoseconds > uint64_t{1} << kTopBit ? kClasses : class_of(nanoseconds);
  return std::accumulate(counts_.begin(), counts_.begin() + static_cast<std::ptrdiff_t>(end), uint64_t{0});
}

}  // namespace sluice::core
