// SPDX-License-Identifier: MIT
#include "protocol/listpack.h"

#include <cstring>

#include "engine/base/check.h"

namespace sluice::protocol {
namespace {

constexpr size_t kHeaderBytes = 6;
constexpr size_t kElementsMany = 65'535;
constexpr unsigned char kEnd = 0xff;

void append_bytes(ByteBuffer& out, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i)
    out.append(static_cast<char>(value >> (8 * i)));
}

// The bytes of the size that stands behind an element.
size_t size_bytes(size_t size) {
  size_t bytes = 1;
  for (; size > 127; size >>= 7)
    ++bytes;
  return bytes;
}

uint64_t read_bytes(std::string_view from, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; ++i)
    value |= static_cast<uint64_t>(static_cast<unsigned char>(from[i])) << (8 * i);
  return value;
}

}  // namespace

// --- Writing

void ListpackWriter::clear() {
  out_.clear();
  elements_ = 0;
  append_bytes(out_, 0, kHeaderBytes);
}

void ListpackWriter::end_element(size_t begin) {
  const size_t size = out_.size() - begin;
  for (size_t i = size_bytes(size); i-- > 0;) {
    const auto bits = static_cast<unsigned char>(size >> (7 * i) & 0x7f);
    const bool first = i + 1 == size_bytes(size);
    out_.append(static_cast<char>(first ? bits : bits | 0x80));
  }
  ++elements_;
}

void ListpackWriter::integer(int64_t value) {
  const size_t begin = out_.size();
  const auto fits = [value](unsigned bits) {
    return value >= -(int64_t{1} << (bits - 1)) && value < int64_t{1} << (bits - 1);
  };
  const auto bits = static_cast<uint64_t>(value);
  if (value >= 0 && value <= 127) {
    out_.append(static_cast<char>(value));
  } else if (fits(13)) {
    out_.append(static_cast<char>(0xc0 | (bits >> 8 & 0x1f)));
    out_.append(static_cast<char>(bits));
  } else if (fits(16)) {
    out_.append(static_cast<char>(0xf1));
    append_bytes(out_, bits, 2);
  } else if (fits(24)) {
    out_.append(static_cast<char>(0xf2));
    append_bytes(out_, bits, 3);
  } else if (fits(32)) {
    out_.append(static_cast<char>(0xf3));
    append_bytes(out_, bits, 4);
  } else {
    out_.append(static_cast<char>(0xf4));
    append_bytes(out_, bits, 8);
  }
  end_element(begin);
}

void ListpackWriter::text(std::string_view bytes) {
  if (bytes.size() <= kI64CharsMax) {
    if (const auto value = parse_i64(bytes)) return integer(*value);
  }
  const size_t begin = out_.size();
  if (bytes.size() < 64) {
    out_.append(static_cast<char>(0x80 | bytes.size()));
  } else if (bytes.size() < 4096) {
    out_.append(static_cast<char>(0xe0 | bytes.size() >> 8));
    out_.append(static_cast<char>(bytes.size()));
  } else {
    CHECK(bytes.size() <= UINT32_MAX);
    out_.append(static_cast<char>(0xf0));
    append_bytes(out_, bytes.size(), 4);
  }
  out_.append(bytes);
  end_element(begin);
}

void ListpackWriter::append(const ListpackWriter& other) {
  out_.append(other.out_.view().substr(kHeaderBytes));
  elements_ += other.elements_;
}

std::string_view ListpackWriter::finish() {
  out_.append(static_cast<char>(kEnd));
  char* const header = out_.data();
  const size_t elements = elements_ < kElementsMany ? elements_ : kElementsMany;
  for (size_t i = 0; i < 4; ++i)
    header[i] = static_cast<char>(out_.size() >> (8 * i));
  for (size_t i = 0; i < 2; ++i)
    header[4 + i] = static_cast<char>(elements >> (8 * i));
  return out_.view();
}

// --- Reading

ListpackReader::ListpackReader(std::string_view bytes) {
  const bool framed = bytes.size() > kHeaderBytes && read_bytes(bytes, 4) == bytes.size() &&
                      static_cast<unsigned char>(bytes.back()) == kEnd;
  failed_ = !framed;
  if (framed) rest_ = bytes.substr(kHeaderBytes, bytes.size() - kHeaderBytes - 1);
}

std::string_view ListpackReader::fail() {
  failed_ = true;
  rest_ = {};
  return {};
}

// The size behind an element of so many bytes. Requires: the element was there.
bool ListpackReader::skip_size(size_t bytes) {
  const size_t behind = size_bytes(bytes);
  if (rest_.size() < bytes + behind) return false;
  size_t size = 0;
  for (size_t i = 0; i < behind; ++i)
    size = size << 7 | (static_cast<unsigned char>(rest_[bytes + i]) & 0x7f);
  rest_.remove_prefix(bytes + behind);
  return size == bytes;
}

std::string_view ListpackReader::take(size_t header_bytes, size_t bytes) {
  if (bytes > rest_.size() || header_bytes + bytes > rest_.size()) return fail();
  const std::string_view text = rest_.substr(header_bytes, bytes);
  return skip_size(header_bytes + bytes) ? text : fail();
}

std::string_view ListpackReader::digits(int64_t value) {
  return {digits_, format_i64(digits_, value)};
}

std::string_view ListpackReader::number(size_t header_bytes, size_t bytes) {
  const std::string_view raw = take(header_bytes, bytes);
  if (failed_) return {};
  const unsigned unused = 64 - 8 * static_cast<unsigned>(bytes);
  return digits(static_cast<int64_t>(read_bytes(raw, bytes) << unused) >> unused);
}

std::string_view ListpackReader::text() {
  if (at_end()) return fail();
  const auto first = static_cast<unsigned char>(rest_[0]);
  if (first < 0x80) return skip_size(1) ? digits(first) : fail();
  if (first < 0xc0) return take(1, first & 0x3f);
  if (first < 0xf0) {
    if (rest_.size() < 2) return fail();
    const auto second = static_cast<unsigned char>(rest_[1]);
    if (first >= 0xe0) return take(2, size_t{first & 0x0fu} << 8 | second);
    const int value = (first & 0x1f) << 8 | second;
    if (!skip_size(2)) return fail();
    return digits(value < 1 << 12 ? value : value - (1 << 13));
  }
  switch (first) {
    case 0xf0:
      if (rest_.size() < 5) return fail();
      return take(5, read_bytes(rest_.substr(1), 4));
    case 0xf1:
      return number(1, 2);
    case 0xf2:
      return number(1, 3);
    case 0xf3:
      return number(1, 4);
    case 0xf4:
      return number(1, 8);
    default:
      return fail();
  }
}

int64_t ListpackReader::integer() {
  const auto value = parse_i64(text());
  if (!value) fail();
  return value.value_or(0);
}

}  // namespace sluice::protocol
