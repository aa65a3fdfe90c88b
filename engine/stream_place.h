// SPDX-License-Identifier: MIT
//
// Where a reader of a stream stopped.
#pragma once

#include <cstdint>

namespace sluice {

class StreamPage;

// Only a hint: when the pages have moved since, it is looked up again by ID.
struct StreamPlace {
  const StreamPage* page = nullptr;
  uint32_t slot = 0;
  uint64_t layout = 0;
};

}  // namespace sluice
