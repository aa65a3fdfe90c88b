// SPDX-License-Identifier: MIT
//
// Unsigned numbers as bytes in a given order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice {

// The number that the bytes are, the least significant first. Requires: 8 at most.
inline uint64_t little_endian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

// The same, the most significant first.
inline uint64_t big_endian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char byte : bytes)
    value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

}  // namespace sluice
