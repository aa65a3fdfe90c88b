// SPDX-License-Identifier: MIT
#include "protocol/rdb.h"

#include <lzf.h>

#include "engine/base/byte_order.h"
#include "engine/base/number_text.h"
#include "protocol/crc64.h"

namespace sluice::protocol {
namespace {

constexpr size_t kFooterBytes = 10;
constexpr uint64_t kTextBytesMax = 512u << 20;

constexpr uint8_t kLength32 = 0x80;
constexpr uint8_t kLength64 = 0x81;
constexpr uint8_t kEncoded = 0xc0;
enum Encoding : unsigned { kInt8 = 0, kInt16 = 1, kInt32 = 2, kLzf = 3 };

// Texts that Redis looks at for an integer, and those that it compresses.
constexpr size_t kIntegerCharsMax = 11;
constexpr size_t kCompressedBytesMin = 21;
// LZF writes three bytes for at most so many: a text that says it is longer than that is a lie about its size.
constexpr uint64_t kLzfExpansionMax = 264;

void append_little_endian(ByteBuffer& out, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i)
    out.append(static_cast<char>(value >> (8 * i)));
}

void append_big_endian(ByteBuffer& out, uint64_t value, size_t bytes) {
  for (size_t i = bytes; i-- > 0;)
    out.append(static_cast<char>(value >> (8 * i)));
}

}  // namespace

// --- Writing

void RdbWriter::u64(uint64_t value) {
  append_little_endian(out_, value, 8);
}

void RdbWriter::length(uint64_t value) {
  if (value < 1u << 6) {
    byte(static_cast<uint8_t>(value));
  } else if (value < 1u << 14) {
    append_big_endian(out_, 0x4000 | value, 2);
  } else if (value <= UINT32_MAX) {
    byte(kLength32);
    append_big_endian(out_, value, 4);
  } else {
    byte(kLength64);
    append_big_endian(out_, value, 8);
  }
}

bool RdbWriter::integer_text(std::string_view bytes) {
  if (bytes.size() > kIntegerCharsMax) return false;
  const auto value = parse_i64(bytes);
  if (!value || *value < INT32_MIN || *value > INT32_MAX) return false;
  const Encoding encoding = *value >= INT8_MIN && *value <= INT8_MAX     ? kInt8
                            : *value >= INT16_MIN && *value <= INT16_MAX ? kInt16
                                                                         : kInt32;
  byte(static_cast<uint8_t>(kEncoded | encoding));
  append_little_endian(out_, static_cast<uint64_t>(*value), size_t{1} << encoding);
  return true;
}

bool RdbWriter::compressed_text(std::string_view bytes) {
  if (bytes.size() < kCompressedBytesMin || bytes.size() > UINT32_MAX) return false;
  std::string compressed(bytes.size() - 4, '\0');
  const unsigned size = lzf_compress(bytes.data(), static_cast<unsigned>(bytes.size()), compressed.data(),
                                     static_cast<unsigned>(compressed.size()));
  if (size == 0) return false;  // it would not be shorter
  byte(kEncoded | kLzf);
  length(size);
  length(bytes.size());
  raw(std::string_view(compressed).substr(0, size));
  return true;
}

void RdbWriter::text(std::string_view bytes) {
  if (integer_text(bytes) || compressed_text(bytes)) return;
  length(bytes.size());
  raw(bytes);
}

void RdbWriter::finish(uint16_t version) {
  append_little_endian(out_, version, 2);
  append_little_endian(out_, crc64(out_.view()), 8);
}

// --- Reading

std::string_view RdbReader::raw(size_t bytes) {
  if (bytes > rest_.size()) {
    fail();
    return {};
  }
  const std::string_view taken = rest_.substr(0, bytes);
  rest_.remove_prefix(bytes);
  return taken;
}

uint8_t RdbReader::byte() {
  const std::string_view taken = raw(1);
  return failed_ ? 0 : static_cast<uint8_t>(taken[0]);
}

uint64_t RdbReader::u64() {
  return little_endian(raw(8));
}

uint64_t RdbReader::length() {
  const uint8_t first = byte();
  switch (first >> 6) {
    case 0:
      return first;
    case 1:
      return static_cast<uint64_t>(first & 0x3f) << 8 | byte();
    case 2:
      if (first == kLength32) return big_endian(raw(4));
      if (first == kLength64) return big_endian(raw(8));
  }
  fail();
  return 0;
}

std::string_view RdbReader::text(std::string& scratch) {
  if (rest_.empty()) {
    fail();
    return {};
  }
  const auto first = static_cast<uint8_t>(rest_[0]);
  if ((first & kEncoded) == kEncoded) {
    rest_.remove_prefix(1);
    return encoded_text(first & 0x3f, scratch);
  }
  return raw(length());
}

std::string_view RdbReader::encoded_text(unsigned encoding, std::string& scratch) {
  if (encoding <= kInt32) {
    const size_t bytes = size_t{1} << encoding;
    const std::string_view taken = raw(bytes);
    if (failed_) return {};
    const unsigned unused = 64 - 8 * static_cast<unsigned>(bytes);
    char digits[kI64CharsMax];
    const auto value = static_cast<int64_t>(little_endian(taken) << unused) >> unused;
    scratch.assign(digits, format_i64(digits, value));
    return scratch;
  }
  const uint64_t compressed_bytes = encoding == kLzf ? length() : 0;
  const uint64_t bytes = encoding == kLzf ? length() : 0;
  const std::string_view compressed = raw(compressed_bytes);
  if (failed_ || compressed.empty() || bytes == 0 || bytes > kTextBytesMax ||
      bytes > compressed.size() * kLzfExpansionMax) {
    fail();
    return {};
  }
  scratch.resize(bytes);
  if (lzf_decompress(compressed.data(), static_cast<unsigned>(compressed.size()), scratch.data(),
                     static_cast<unsigned>(bytes)) != bytes) {
    fail();
    return {};
  }
  return scratch;
}

std::optional<std::string_view> checked_payload(std::string_view payload) {
  if (payload.size() < kFooterBytes) return std::nullopt;
  const std::string_view footer = payload.substr(payload.size() - kFooterBytes);
  if (little_endian(footer.substr(0, 2)) > kRdbVersionMax) return std::nullopt;
  if (crc64(payload.substr(0, payload.size() - 8)) != little_endian(footer.substr(2))) return std::nullopt;
  return payload.substr(0, payload.size() - kFooterBytes);
}

}  // namespace sluice::protocol
