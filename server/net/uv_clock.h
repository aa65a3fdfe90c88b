// SPDX-License-Identifier: MIT
//
// The real clocks. The steady one counts the time for which the machine slept, because a lease ends then too.
#pragma once

#include "server/core/seams.h"
#include "server/net/stopwatch.h"

namespace sluice::net {

class WallClock final : public core::Clock {
 public:
  UnixMs now() const override;
};

class BootClock final : public core::SteadyClock {
 public:
  MonoMs now() const override;
  uint64_t nanoseconds() const override;
  uint64_t stopwatch() const override { return stopwatch_.nanoseconds(); }

 private:
  Stopwatch stopwatch_;
};

}  // namespace sluice::net
