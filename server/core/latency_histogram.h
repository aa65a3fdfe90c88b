// SPDX-License-Identifier: MIT
//
// How long the calls of one command took, counted in classes that are 1/32 of their value wide: fine enough for
// percentiles, small enough to have one for each command.
//
//   nanoseconds   class
//   0 .. 31       one each
//   2^k .. 2^k+1  32 of equal width, for k from 5 on
//   2^30 and up   all in the last one: a second or more
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace sluice::core {

class LatencyHistogram {
 public:
  static constexpr unsigned kPartBits = 5;
  static constexpr unsigned kTopBit = 30;  // values from 2^30 on are as good as 2^30
  static constexpr uint64_t kParts = 1u << kPartBits;
  static constexpr size_t kClasses = (kTopBit - kPartBits + 1) * kParts + 1;

  void record(uint64_t nanoseconds) {
    ++counts_[class_of(nanoseconds)];
    ++total_;
  }
  uint64_t total() const { return total_; }

  // The greatest value of the class in which the call lies that `percent` of all calls are not slower than. 0 if there
  // were none.
  uint64_t percentile(double percent) const;
  // How many calls took less than this, counted by whole classes. Requires: a power of two, at least 32.
  uint64_t below(uint64_t nanoseconds) const;

  static constexpr size_t class_of(uint64_t nanoseconds) {
    if (nanoseconds >= uint64_t{1} << kTopBit) return kClasses - 1;
    if (nanoseconds < kParts) return nanoseconds;
    const unsigned shift = static_cast<unsigned>(std::bit_width(nanoseconds)) - kPartBits - 1;
    return (shift << kPartBits) + (nanoseconds >> shift);
  }
  static constexpr uint64_t class_max(size_t number) {
    if (number >= kClasses - 1) return uint64_t{1} << kTopBit;
    if (number < 2 * kParts) return number;
    const unsigned shift = static_cast<unsigned>(number >> kPartBits) - 1;
    return (((number & (kParts - 1)) + kParts + 1) << shift) - 1;
  }

 private:
  std::array<uint64_t, kClasses> counts_{};
  uint64_t total_ = 0;
};
static_assert(LatencyHistogram::class_of(31) == 31 && LatencyHistogram::class_of(32) == 32);
static_assert(LatencyHistogram::class_of(64) == 64 && LatencyHistogram::class_of(65) == 64);
static_assert(LatencyHistogram::class_max(64) == 65);
static_assert(LatencyHistogram::class_of((1u << 30) - 1) == LatencyHistogram::kClasses - 2);
static_assert(LatencyHistogram::class_max(LatencyHistogram::kClasses - 2) == (1u << 30) - 1);

}  // namespace sluice::core
