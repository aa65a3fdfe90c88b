// SPDX-License-Identifier: MIT
#include "engine/queue/time_histogram.h"

#include <algorithm>

namespace sluice {

// 0, 1, 2, 3, 4-4, 5-5, 6-6, 7-7, 8-9, 10-11 ...: the two bits behind the leading one choose among four.
size_t TimeHistogram::class_of(uint64_t ms) {
  if (ms < 4) return static_cast<size_t>(ms);
  const auto power = static_cast<unsigned>(63 - __builtin_clzll(ms));
  const auto quarter = static_cast<unsigned>(ms >> (power - 2) & 3);
  return std::min<size_t>(kClasses - 1, (power - 1) * 4 + quarter);
}

uint64_t TimeHistogram::upper_end(size_t number) {
  if (number < 4) return number;
  const unsigned power = static_cast<unsigned>(number) / 4 + 1;
  const uint64_t quarter = number % 4;
  return ((4 + quarter + 1) << (power - 2)) - 1;
}

void TimeHistogram::add(UnixMs now, uint64_t ms) {
  if (halves_ == nullptr) halves_ = std::make_unique<std::array<Half, 2>>();
  const int64_t number = now.count / kHalfMs;
  Half& half = (*halves_)[static_cast<size_t>(number % 2)];
  if (half.number != number) half = Half{.number = number, .counts = {}};
  ++half.counts[class_of(ms)];
}

uint64_t TimeHistogram::percentile(UnixMs now, unsigned percent) const {
  if (halves_ == nullptr) return 0;
  const int64_t newest = now.count / kHalfMs;
  std::array<uint64_t, kClasses> counts{};
  uint64_t total = 0;
  for (const Half& half : *halves_) {
    if (half.number < newest - 1 || half.number > newest) continue;
    for (size_t i = 0; i < kClasses; ++i) {
      counts[i] += half.counts[i];
      total += half.counts[i];
    }
  }
  const uint64_t wanted = (total * percent + 99) / 100;
  uint64_t seen = 0;
  for (size_t i = 0; i < kClasses && total > 0; ++i) {
    seen += counts[i];
    if (seen >= wanted) return upper_end(i);
  }
  return 0;
}

}  // namespace sluice
