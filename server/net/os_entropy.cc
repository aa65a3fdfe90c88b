// SPDX-License-Identifier: MIT
//
// See os_entropy.h.
#include "server/net/os_entropy.h"

#include <sys/random.h>

#include "engine/base/check.h"

namespace sluice::net {

uint64_t OsEntropy::draw() {
  if (next_ == block_.size()) {
    // Cannot fail for this size once the kernel has been seeded, and waits until then.
    CHECK(getrandom(block_.data(), sizeof(block_), 0) == static_cast<ssize_t>(sizeof(block_)));
    next_ = 0;
  }
  return block_[next_++];
}

}  // namespace sluice::net
