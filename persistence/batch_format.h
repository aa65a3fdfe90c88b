// SPDX-License-Identifier: MIT
//
// The bytes of a log file. A file is a sequence of batches; a batch is one annotation line and a body. The body holds
// whole commands as RESP arrays, opaque here. Redis steps over lines that begin with '#' between commands, so its tools
// read the file; we check every byte of it.
//
// The line, fields in this order, one space between them, "\r\n" behind the last. Numbers are decimal without leading
// zeros or '+'; hexadecimal digits are small, and all of them are written.
//
//   field     digits      what
//   #sluice   -           the batch starts here; Redis reads only the '#'
//   v=        "1"         version of this format
//   seq=      1..20       sequence of the first record in the body
//   n=        1..20       number of records in the body that take a sequence; 0 in a base
//   now=      1..19 '-'?  the stamp's time, unix milliseconds
//   seed=     16 hex      the entropy of all stamps of the batch is drawn from it
//   at=       1..20       offset of this line's '#' in this file
//   synced=   1..20       so many bytes of this file were known to be on disk when the batch was appended; <= at
//   len=      1..20       bytes of the body
//   crc=      8 hex       CRC32C over this line from '#' to the '=' of "crc=", both included, then the body
//
//   #sluice v=1 seq=41 n=2 now=1700000000000 seed=00c0ffee00c0ffee at=0 synced=0 len=62 crc=89abcdef\r\n
//   *3\r\n$5\r\nRPUSH\r\n ...
//
// Why `at`: a body may hold a copy of a log, because a client may send any bytes. When a reader looks for valid batches
// behind damage, a line that does not stand where it says it stands is no batch.
//
// A batch with len=0 is legal: a file begins with one, a base ends with one, and so does a log that was closed cleanly.
// A line that differs from this form in any byte is damage; there is one way to write each header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/base/byte_buffer.h"
#include "engine/base/time.h"

namespace sluice {

struct BatchHeader {
  uint64_t sequence = 0;
  uint64_t records = 0;
  UnixMs now = {};
  uint64_t seed = 0;
  uint64_t offset = 0;  // at=
  uint64_t synced = 0;
  uint64_t body_bytes = 0;
  uint32_t crc = 0;
  friend bool operator==(const BatchHeader&, const BatchHeader&) = default;
};

inline constexpr std::string_view kBatchMagic = "#sluice ";
// No line is longer, its end included.
inline constexpr size_t kBatchLineBytesMax = 224;
static_assert(kBatchLineBytesMax <= 1023, "Redis takes a longer line for damage");

// Appends the line for `header` and the body to `out` and returns the number of bytes. `body_bytes` and `crc` are
// worked out here, whatever the header says. Requires: header.synced <= header.offset.
size_t encode_batch(const BatchHeader& header, std::string_view body, ByteBuffer& out);

struct BatchLine {
  BatchHeader header;
  size_t line_bytes = 0;  // "\r\n" included: the body starts here
};
// Reads the line at the front of `bytes`. Nothing if it is not a line of this form; the CRC is not looked at yet.
std::optional<BatchLine> decode_batch_line(std::string_view bytes);

// The CRC over the line and the body. `line` begins with the line, `body` is the whole body.
uint32_t batch_crc(std::string_view line, const BatchLine& decoded, std::string_view body);

}  // namespace sluice
