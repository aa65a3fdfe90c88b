// SPDX-License-Identifier: MIT
//
// By table: eight bytes a step, with eight tables ("slicing"). kTables[k][b] is what byte b does to the
// checksum when k more bytes of the step follow it.
#include "engine/base/crc32c.h"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace sluice {
namespace {

constexpr uint32_t kPolynomialReversed = 0x82f63b78u;
constexpr size_t kStep = 8;
using Tables = std::array<std::array<uint32_t, 256>, kStep>;

constexpr Tables kTables = [] {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = crc >> 1 ^ (crc & 1 ? kPolynomialReversed : 0);
    tables[0][byte] = crc;
  }
  for (size_t k = 1; k < kStep; ++k) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t crc = tables[k - 1][byte];
      tables[k][byte] = crc >> 8 ^ tables[0][crc & 0xff];
    }
  }
  return tables;
}();

uint32_t add_byte(uint32_t crc, char byte) {
  return crc >> 8 ^ kTables[0][(crc ^ static_cast<uint8_t>(byte)) & 0xff];
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t crc32c_by_instruction(std::string_view bytes, uint32_t before) {
  uint64_t crc = static_cast<uint32_t>(~before);
  while (bytes.size() >= kStep) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), kStep);
    crc = _mm_crc32_u64(crc, word);
    bytes.remove_prefix(kStep);
  }
  auto rest = static_cast<uint32_t>(crc);
  for (const char byte : bytes)
    rest = _mm_crc32_u8(rest, static_cast<uint8_t>(byte));
  return ~rest;
}
#endif

}  // namespace

uint32_t crc32c_by_table(std::string_view bytes, uint32_t before) {
  uint32_t crc = ~before;
  while (bytes.size() >= kStep) {
    // Byte by byte, so that it is the same on a machine of either byte order.
    uint32_t next = 0;
    for (size_t i = 0; i < kStep; ++i) {
      const uint32_t mixed_in = i < 4 ? crc >> (8 * i) & 0xff : 0;
      next ^= kTables[kStep - 1 - i][static_cast<uint8_t>(bytes[i]) ^ mixed_in];
    }
    crc = next;
    bytes.remove_prefix(kStep);
  }
  for (const char byte : bytes)
    crc = add_byte(crc, byte);
  return ~crc;
}

uint32_t crc32c(std::string_view bytes, uint32_t before) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return crc32c_by_instruction(bytes, before);
#endif
  return crc32c_by_table(bytes, before);
}

}  // namespace sluice
