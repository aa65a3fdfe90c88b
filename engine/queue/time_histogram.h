// SPDX-License-Identifier: MIT
//
// How long things took, of the last half to whole minute, as counts in 128 classes: four to each power of two, so that
// what percentile() says is at most a quarter too high. Fixed size, and made only when the first time is added.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "engine/base/time.h"

namespace sluice {

class TimeHistogram {
 public:
  static constexpr int64_t kHalfMs = 30'000;

  void add(UnixMs now, uint64_t ms);
  // The upper end of the class in which that share of the times lies; `percent` in 1..100. 0 if there are none.
  uint64_t percentile(UnixMs now, unsigned percent) const;

  // Which class; its upper end.
  static constexpr size_t kClasses = 128;
  static size_t class_of(uint64_t ms);
  static uint64_t upper_end(size_t number);

 private:
  struct Half {
    int64_t number = -1;  // time / kHalfMs
    std::array<uint32_t, kClasses> counts{};
  };

  std::unique_ptr<std::array<Half, 2>> halves_;
};

}  // namespace sluice
