// SPDX-License-Identifier: MIT
//
// The piece that every reply and request is made of: a decimal number and a line end behind it. Most are small (lengths
// of words, counts), so the text of those is made at compile time and copied as eight bytes at once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "engine/base/number_text.h"

namespace sluice::protocol {

struct SmallNumberText {
  std::array<char, 7> text;  // digits and line end
  uint8_t size;
};
static_assert(sizeof(SmallNumberText) == 8);

inline constexpr uint64_t kSmallNumbers = 256;
inline constexpr std::array<SmallNumberText, kSmallNumbers> kSmallNumberTexts = [] {
  std::array<SmallNumberText, kSmallNumbers> texts{};
  for (uint64_t number = 0; number < kSmallNumbers; ++number) {
    SmallNumberText& it = texts[number];
    if (number >= 100) it.text[it.size++] = static_cast<char>('0' + number / 100);
    if (number >= 10) it.text[it.size++] = static_cast<char>('0' + number / 10 % 10);
    it.text[it.size++] = static_cast<char>('0' + number % 10);
    it.text[it.size++] = '\r';
    it.text[it.size++] = '\n';
  }
  return texts;
}();

// Room that put_header() may write to, beyond what it says it has written too.
inline constexpr size_t kHeaderRoom = 1 + kI64CharsMax + 2;

// Writes the type's byte, the number and a line end; returns where the next byte goes.
inline char* put_header(char* to, char type, uint64_t number) {
  *to++ = type;
  if (number < kSmallNumbers) {
    const SmallNumberText& small = kSmallNumberTexts[number];
    std::memcpy(to, &small, sizeof(small));
    return to + small.size;
  }
  to += format_u64(to, number);
  *to++ = '\r';
  *to++ = '\n';
  return to;
}

// Writes the bytes as a bulk string into room of kHeaderRoom + bytes.size() + 2.
inline char* put_bulk(char* to, const char* bytes, size_t size) {
  to = put_header(to, '$', size);
  if (size > 0) std::memcpy(to, bytes, size);
  to += size;
  *to++ = '\r';
  *to++ = '\n';
  return to;
}

}  // namespace sluice::protocol
