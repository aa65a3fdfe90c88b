// SPDX-License-Identifier: MIT
//
// See stopwatch.h. The system clock costs about seventy instructions a reading, the counter three; a short command
// costs some hundreds in all.
#include "server/net/stopwatch.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

#include <ctime>

namespace sluice::net {
namespace {

uint64_t system_nanoseconds() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

#if defined(__x86_64__)
// Bit 8 of edx: the counter runs at one speed, whatever the processor's own is at the moment.
bool counter_is_steady() {
  constexpr unsigned kPowerManagement = 0x80000007;
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  return __get_cpuid(kPowerManagement, &eax, &ebx, &ecx, &edx) != 0 && (edx & 1u << 8) != 0;
}

uint64_t ticks() {
  return __rdtsc();
}
#else
bool counter_is_steady() {
  return false;
}

uint64_t ticks() {
  return 0;
}
#endif

// (ticks * factor) >> 32 without the overflow of 64 bits.
uint64_t scaled(uint64_t ticks, uint64_t factor) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<uint64_t>(Wide{ticks} * factor >> 32);
}

}  // namespace

Stopwatch::Stopwatch() {
  if (!counter_is_steady()) return;
  const uint64_t system_begin = system_nanoseconds();
  const uint64_t ticks_begin = ticks();
  uint64_t system_span = 0;
  while (system_span < kCompareNanoseconds)
    system_span = system_nanoseconds() - system_begin;
  const uint64_t ticks_span = ticks() - ticks_begin;
  // Below a million ticks in a millisecond it is no counter to measure microseconds with; 0 would also be one that
  // stands still.
  if (ticks_span >= kCompareNanoseconds / 10) nanoseconds_per_tick_ = (system_span << 32) / ticks_span;
}

uint64_t Stopwatch::nanoseconds() const {
  if (nanoseconds_per_tick_ == 0) return system_nanoseconds();
  return scaled(ticks(), nanoseconds_per_tick_);
}

}  // namespace sluice::net
