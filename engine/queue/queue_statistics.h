// SPDX-License-Identifier: MIT
//
// What a queue has done, for people and dashboards. No part of the logged state: it starts from 0 when the log has been
// loaded, and nothing may depend on it.
#pragma once

#include <array>
#include <cstdint>

#include "engine/base/time.h"
#include "engine/queue/time_histogram.h"

namespace sluice {

// Since the queue, or the server, began.
struct QueueTotals {
  uint64_t added = 0;  // pushes included
  uint64_t reserved = 0;
  uint64_t acked = 0;
  uint64_t nacked = 0;  // FAIL and FATAL
  uint64_t silent = 0;
  uint64_t lease_expired = 0;
  uint64_t retried = 0;  // failed and came back, or will
  uint64_t died = 0;     // written to the dead-letter stream
  uint64_t discarded = 0;
  uint64_t expired = 0;  // of the dead and discarded
  uint64_t dropped = 0;  // likewise
  uint64_t rejected = 0;
  uint64_t deduped = 0;
  uint64_t popped = 0;
  uint64_t deleted = 0;
  uint64_t redriven = 0;
  uint64_t late_acks = 0;
  uint64_t stale_acks = 0;
  uint64_t dead_blocked = 0;  // tries to write a dead letter that a key of another type was in the way of
};

// The last minute, in slices that are overwritten in turn.
class QueueRates {
 public:
  static constexpr int64_t kSliceMs = 5'000;
  static constexpr int64_t kSlices = 12;
  static constexpr int64_t kWindowMs = kSliceMs * kSlices;

  void added(UnixMs now, uint64_t count = 1) { slice(now).in += count; }
  void left(UnixMs now, uint64_t count = 1) { slice(now).out += count; }
  // Waited from push or due time to its reserve.
  void waited(UnixMs now, Millis wait);
  // Held from reserve to ack.
  void held(UnixMs now, Millis hold);

  struct Summary {
    double in_per_second = 0;
    double out_per_second = 0;
    uint64_t wait_ms_average = 0;
    uint64_t wait_ms_max = 0;
    uint64_t hold_ms_average = 0;
    // Upper ends of classes (TimeHistogram).
    uint64_t wait_ms_p50 = 0;
    uint64_t wait_ms_p99 = 0;
    uint64_t hold_ms_p50 = 0;
    uint64_t hold_ms_p99 = 0;
  };
  // Of the window that ends `now`, or of the time since `began` if that is shorter.
  Summary summary(UnixMs now, UnixMs began) const;

 private:
  struct Slice {
    int64_t number = -1;  // time / kSliceMs
    uint64_t in = 0;
    uint64_t out = 0;
    uint64_t waits = 0;
    uint64_t wait_ms = 0;
    uint64_t wait_ms_max = 0;
    uint64_t holds = 0;
    uint64_t hold_ms = 0;
  };
  Slice& slice(UnixMs now);

  std::array<Slice, kSlices> slices_;
  TimeHistogram waits_;
  TimeHistogram holds_;
};

// All of them, of one queue.
struct QueueStatistics {
  QueueTotals totals;
  QueueRates rates;
  UnixMs began;
};

}  // namespace sluice
