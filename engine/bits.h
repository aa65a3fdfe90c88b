// SPDX-License-Identifier: MIT
//
// A string seen as a row of bits. Bit 0 is the highest one of the first byte; what lies behind the last byte reads as
// zeros. Indexes count bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace sluice {

bool bit_at(std::string_view bytes, uint64_t index);
// Requires: the byte that holds it is there.
void set_bit(char* bytes, uint64_t index, bool value);

// How many of the bits from `first` to `last`, both included, are set. O(last - first). Requires, here and below:
// first <= last, and the byte that holds `last` is there.
uint64_t count_bits(std::string_view bytes, uint64_t first, uint64_t last);
// The first of them that is `wanted`.
std::optional<uint64_t> find_bit(std::string_view bytes, bool wanted, uint64_t first, uint64_t last);

// `width` bits, at most 64, as a number, the highest first.
uint64_t read_bits(std::string_view bytes, uint64_t offset, unsigned width);
// The lowest `width` bits of `value`. Requires: the bytes that take them are there.
void write_bits(char* bytes, uint64_t offset, unsigned width, uint64_t value);

enum class BitOperation : uint8_t {
  kAnd,
  kOr,
  kXor,
  kNot,    // of the only source
  kDiff,   // set in the first source and in no other
  kDiff1,  // set in some other source and not in the first
  kAndOr,  // set in the first source and in some other
  kOne,    // set in exactly one source
};
// Writes `size` bytes to `to`. O(size * sources). Requires: at least one source; none of them overlaps `to`.
void combine_bits(BitOperation operation, std::span<const std::string_view> sources, char* to, size_t size);

}  // namespace sluice
