// SPDX-License-Identifier: MIT
//
// The parts that payloads of DUMP are made of, as Redis writes them.
//
//   a length   00xxxxxx | 01xxxxxx xxxxxxxx | 80 u32 | 81 u64        big-endian
//   a text     a length and the bytes
//              c0 i8 | c1 i16 | c2 i32                               little-endian: the text of an integer
//              c3 length length bytes                                compressed by LZF: size of it, size of the text
//   a payload  [type of the value u8][value][version u16][CRC-64 of all before, u64]       little-endian
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/byte_buffer.h"

namespace sluice::protocol {

// What Redis 7.0 reads, what 7.4 reads, and the newest that is read here.
inline constexpr uint16_t kRdbVersion70 = 10;
inline constexpr uint16_t kRdbVersion74 = 12;
inline constexpr uint16_t kRdbVersionMax = kRdbVersion74;

enum class RdbType : uint8_t {
  kString = 0,
  kList = 1,
  kSet = 2,
  kSortedSet = 3,
  kHash = 4,
  kSortedSet2 = 5,
  kSetIntset = 11,
  kSortedSetZiplist = 12,
  kHashZiplist = 13,
  kQuicklist = 14,
  kStream1 = 15,
  kHashListpack = 16,
  kSortedSetListpack = 17,
  kQuicklist2 = 18,
  kStream2 = 19,
  kSetListpack = 20,
  kStream3 = 21,
  kTimedHash = 24,  // these two hold when fields end
  kTimedHashListpack = 25,
};

class RdbWriter {
 public:
  // `out` must outlive the writer, and gets a payload from its first byte on.
  explicit RdbWriter(ByteBuffer& out) : out_(out) {}

  void type(RdbType type) { byte(static_cast<uint8_t>(type)); }
  void byte(uint8_t value) { out_.append(static_cast<char>(value)); }
  void u64(uint64_t value);
  void length(uint64_t value);
  void text(std::string_view bytes);
  void raw(std::string_view bytes) { out_.append(bytes); }
  // Version and checksum.
  void finish(uint16_t version);

 private:
  bool integer_text(std::string_view bytes);
  bool compressed_text(std::string_view bytes);

  ByteBuffer& out_;
};

// Reads what a client sent: anything that does not fit is a failure, after which all reads give nothing.
class RdbReader {
 public:
  explicit RdbReader(std::string_view value) : rest_(value) {}

  bool failed() const { return failed_; }
  bool at_end() const { return rest_.empty(); }
  uint8_t byte();
  uint64_t u64();
  uint64_t length();
  // Valid as long as the payload and `scratch`, which holds what does not stand in the payload as it is.
  std::string_view text(std::string& scratch);
  std::string_view raw(size_t bytes);
  void fail() {
    failed_ = true;
    rest_ = {};
  }

 private:
  std::string_view encoded_text(unsigned encoding, std::string& scratch);

  std::string_view rest_;
  bool failed_ = false;
};

// Type and value of a payload; nothing if version or checksum are wrong.
std::optional<std::string_view> checked_payload(std::string_view payload);

}  // namespace sluice::protocol
