// SPDX-License-Identifier: MIT
//
// A count of nanoseconds for measuring how long each command takes, so cheap that every command can be measured: where
// the processor has a counter that runs at one speed, it is read without leaving the program.
#pragma once

#include <cstdint>

namespace sluice::net {

class Stopwatch {
 public:
  // Compares the counter with the steady clock, which takes about kCompareNanoseconds.
  Stopwatch();

  // Only the difference between two readings means something.
  uint64_t nanoseconds() const;

 private:
  static constexpr uint64_t kCompareNanoseconds = 1'000'000;

  uint64_t nanoseconds_per_tick_ = 0;  // in parts of 2^32; 0: there is no such counter
};

}  // namespace sluice::net
