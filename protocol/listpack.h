// SPDX-License-Identifier: MIT
//
// Listpacks: short sequences of texts and integers in one piece of bytes, as they stand in the payloads of DUMP.
//
//   [bytes in all u32][elements u16, 65535: many][element]...[0xff]         little-endian
//
//   an element: one of these, then its size in 1 to 5 bytes, to be read from behind (7 bits each, the high ones first,
//   all but the first with bit 7 set)
//     0xxxxxxx             0 .. 127                     11110001 + 2 bytes   an integer
//     10ssssss + text      up to 63 bytes               11110010 + 3 bytes
//     110xxxxx xxxxxxxx    13 bits, signed              11110011 + 4 bytes
//     1110ssss ssssssss + text   up to 4095 bytes       11110100 + 8 bytes
//     11110000 + size u32 + text
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/base/byte_buffer.h"
#include "engine/base/number_text.h"

namespace sluice::protocol {

class ListpackWriter {
 public:
  ListpackWriter() { clear(); }

  // As an integer, if it is the text of one.
  void text(std::string_view bytes);
  void integer(int64_t value);
  // All elements of another one.
  void append(const ListpackWriter& other);
  size_t elements() const { return elements_; }
  // With what finish() adds.
  size_t bytes() const { return out_.size() + 1; }
  // Valid until clear().
  std::string_view finish();
  void clear();

 private:
  void end_element(size_t begin);

  ByteBuffer out_;
  size_t elements_ = 0;
};

// Reads what a client sent: anything that does not fit is a failure, and no byte outside is read.
class ListpackReader {
 public:
  explicit ListpackReader(std::string_view bytes);

  bool at_end() const { return failed_ || rest_.empty(); }
  bool failed() const { return failed_; }
  // The next element; empty after a failure. Valid until the next call, and as long as the bytes.
  std::string_view text();
  // A failure if it is no integer.
  int64_t integer();

 private:
  std::string_view fail();
  std::string_view take(size_t header_bytes, size_t bytes);
  std::string_view number(size_t header_bytes, size_t bytes);
  std::string_view digits(int64_t value);
  bool skip_size(size_t bytes);

  std::string_view rest_;
  bool failed_ = false;
  char digits_[kI64CharsMax];
};

}  // namespace sluice::protocol
