// SPDX-License-Identifier: MIT
#include "engine/queue/queue_statistics.h"

#include <algorithm>

namespace sluice {
namespace {

uint64_t span(Millis span) {
  return static_cast<uint64_t>(std::max<int64_t>(0, span.count));
}

}  // namespace

QueueRates::Slice& QueueRates::slice(UnixMs now) {
  const int64_t number = now.count / kSliceMs;
  Slice& slice = slices_[static_cast<size_t>(number % kSlices)];
  if (slice.number != number) slice = Slice{.number = number};
  return slice;
}

void QueueRates::waited(UnixMs now, Millis wait) {
  Slice& current = slice(now);
  ++current.waits;
  current.wait_ms += span(wait);
  current.wait_ms_max = std::max(current.wait_ms_max, span(wait));
  waits_.add(now, span(wait));
}

void QueueRates::held(UnixMs now, Millis hold) {
  Slice& current = slice(now);
  ++current.holds;
  current.hold_ms += span(hold);
  holds_.add(now, span(hold));
}

QueueRates::Summary QueueRates::summary(UnixMs now, UnixMs began) const {
  Slice sum;
  const int64_t newest = now.count / kSliceMs;
  for (const Slice& slice : slices_) {
    if (slice.number <= newest - kSlices || slice.number > newest) continue;
    sum.in += slice.in;
    sum.out += slice.out;
    sum.waits += slice.waits;
    sum.wait_ms += slice.wait_ms;
    sum.wait_ms_max = std::max(sum.wait_ms_max, slice.wait_ms_max);
    sum.holds += slice.holds;
    sum.hold_ms += slice.hold_ms;
  }
  // The oldest slice ends a whole window before the newest one does, which has only begun.
  const int64_t window = kWindowMs - kSliceMs + now.count % kSliceMs + 1;
  const double seconds =
      static_cast<double>(std::max<int64_t>(1'000, std::min(window, (now - began).count))) / 1000;
  return {.in_per_second = static_cast<double>(sum.in) / seconds,
          .out_per_second = static_cast<double>(sum.out) / seconds,
          .wait_ms_average = sum.waits == 0 ? 0 : sum.wait_ms / sum.waits,
          .wait_ms_max = sum.wait_ms_max,
          .hold_ms_average = sum.holds == 0 ? 0 : sum.hold_ms / sum.holds,
          .wait_ms_p50 = waits_.percentile(now, 50),
          .wait_ms_p99 = waits_.percentile(now, 99),
          .hold_ms_p50 = holds_.percentile(now, 50),
          .hold_ms_p99 = holds_.percentile(now, 99)};
}

}  // namespace sluice
