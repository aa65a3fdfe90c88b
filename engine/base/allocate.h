// SPDX-License-Identifier: MIT
//
// Memory for structures that lay out their own bytes. Running out of it ends the process: a server that has
// lost part of a change cannot go on.
#pragma once

#include <cstddef>
#include <cstdlib>

#include "engine/base/check.h"

namespace sluice {

// `size` bytes, not set to zero, aligned for any type. Given back with std::free.
inline void* allocate(size_t size) {
  void* memory = std::malloc(size);
  CHECK(memory != nullptr);
  return memory;
}

// Requires: `alignment` is a power of two that divides `size`.
inline void* allocate_aligned(size_t alignment, size_t size) {
  void* memory = std::aligned_alloc(alignment, size);
  CHECK(memory != nullptr);
  return memory;
}

}  // namespace sluice
