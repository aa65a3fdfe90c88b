// SPDX-License-Identifier: MIT
//
// Ziplists: what stood in payloads of DUMP before Redis 7.0, where listpacks stand now. They are only read.
//
//   [bytes in all u32][offset of the last element u32][elements u16, 65535: many][element]...[0xff]      little-endian
//
//   an element: the size of the one before it, in one byte or as 0xfe and u32, which is not needed here; then one of
//     00ssssss + text                       up to 63 bytes       11000000 + 2 bytes   an integer
//     01ssssss ssssssss + text              up to 16383 bytes    11010000 + 4 bytes
//     10000000 + size u32, big-endian + text                     11100000 + 8 bytes
//                                                                11110000 + 3 bytes
//     11111110 + 1 byte   an integer                             1111xxxx             x - 1, from 0 to 12
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/base/number_text.h"

namespace sluice::protocol {

// Reads what a client sent: anything that does not fit is a failure, and no byte outside is read.
class ZiplistReader {
 public:
  explicit ZiplistReader(std::string_view bytes);

  bool at_end() const { return failed_ || rest_.empty(); }
  bool failed() const { return failed_; }
  // The next element; empty after a failure. Valid until the next call, and as long as the bytes.
  std::string_view text();

 private:
  std::string_view fail();
  std::string_view take(size_t header_bytes, size_t bytes);
  std::string_view number(size_t bytes);
  std::string_view digits(int64_t value);

  std::string_view rest_;
  bool failed_ = false;
  char digits_[kI64CharsMax];
};

}  // namespace sluice::protocol
