// SPDX-License-Identifier: MIT
//
// Randomness from the kernel, drawn in blocks because the core asks every turn.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "server/core/seams.h"

namespace sluice::net {

class OsEntropy final : public core::Entropy {
 public:
  uint64_t draw() override;

 private:
  std::array<uint64_t, 32> block_{};  // 256 bytes: the most that the kernel gives without being interrupted
  size_t next_ = block_.size();
};

}  // namespace sluice::net
