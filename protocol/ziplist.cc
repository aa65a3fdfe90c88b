// SPDX-License-Identifier: MIT
#include "protocol/ziplist.h"

#include "engine/base/byte_order.h"

namespace sluice::protocol {
namespace {

constexpr size_t kHeaderBytes = 10;
constexpr unsigned char kEnd = 0xff;
constexpr unsigned char kLongSizeBefore = 0xfe;

constexpr unsigned char kInt16 = 0xc0;
constexpr unsigned char kInt32 = 0xd0;
constexpr unsigned char kInt64 = 0xe0;
constexpr unsigned char kInt24 = 0xf0;
constexpr unsigned char kInt8 = 0xfe;
constexpr unsigned char kImmediateMin = 0xf1;
constexpr unsigned char kImmediateMax = 0xfd;
constexpr unsigned char kText32 = 0x80;

}  // namespace

ZiplistReader::ZiplistReader(std::string_view bytes) {
  const bool framed = bytes.size() > kHeaderBytes && little_endian(bytes.substr(0, 4)) == bytes.size() &&
                      static_cast<unsigned char>(bytes.back()) == kEnd;
  failed_ = !framed;
  if (framed) rest_ = bytes.substr(kHeaderBytes, bytes.size() - kHeaderBytes - 1);
}

std::string_view ZiplistReader::fail() {
  failed_ = true;
  rest_ = {};
  return {};
}

std::string_view ZiplistReader::take(size_t header_bytes, size_t bytes) {
  if (header_bytes > rest_.size() || bytes > rest_.size() - header_bytes) return fail();
  const std::string_view text = rest_.substr(header_bytes, bytes);
  rest_.remove_prefix(header_bytes + bytes);
  return text;
}

std::string_view ZiplistReader::digits(int64_t value) {
  return {digits_, format_i64(digits_, value)};
}

std::string_view ZiplistReader::number(size_t bytes) {
  const std::string_view raw = take(1, bytes);
  if (failed_) return {};
  const unsigned unused = 64 - 8 * static_cast<unsigned>(bytes);
  return digits(static_cast<int64_t>(little_endian(raw) << unused) >> unused);
}

std::string_view ZiplistReader::text() {
  if (at_end()) return fail();
  const size_t before = static_cast<unsigned char>(rest_[0]) == kLongSizeBefore ? 5 : 1;
  if (rest_.size() <= before) return fail();
  rest_.remove_prefix(before);
  const auto first = static_cast<unsigned char>(rest_[0]);
  switch (first >> 6) {
    case 0:
      return take(1, first);
    case 1:
      if (rest_.size() < 2) return fail();
      return take(2, size_t{first & 0x3fu} << 8 | static_cast<unsigned char>(rest_[1]));
    case 2:
      if (first != kText32 || rest_.size() < 5) return fail();
      return take(5, big_endian(rest_.substr(1, 4)));
  }
  switch (first) {
    case kInt8:
      return number(1);
    case kInt16:
      return number(2);
    case kInt24:
      return number(3);
    case kInt32:
      return number(4);
    case kInt64:
      return number(8);
  }
  if (first < kImmediateMin || first > kImmediateMax) return fail();
  rest_.remove_prefix(1);
  return digits((first & 0x0f) - 1);
}

}  // namespace sluice::protocol
