// SPDX-License-Identifier: MIT
//
// Straight from the kernel, without a system call: libuv's own loop time stands still while the machine sleeps, and
// its wall clock counts seconds.
#include "server/net/uv_clock.h"

#include <ctime>

#include "engine/base/check.h"

namespace sluice::net {
namespace {

timespec read(clockid_t clock) {
  timespec time{};
  CHECK(clock_gettime(clock, &time) == 0);
  return time;
}

int64_t milliseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000 + time.tv_nsec / 1'000'000;
}

}  // namespace

UnixMs WallClock::now() const {
  return {milliseconds(read(CLOCK_REALTIME))};
}

MonoMs BootClock::now() const {
  return {milliseconds(read(CLOCK_BOOTTIME))};
}

uint64_t BootClock::nanoseconds() const {
  const timespec time = read(CLOCK_BOOTTIME);
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

}  // namespace sluice::net
