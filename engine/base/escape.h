// SPDX-License-Identifier: MIT
//
// Escapes within double quotes, as redis-cli and redis.conf write them.
#pragma once

#include <cstddef>
#include <string_view>

#include "engine/base/ascii.h"

namespace sluice {

// The value of a hexadecimal digit; -1 if it is none.
constexpr int hex_value(char byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  const char lower = to_lower(byte);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The byte that the backslash at line[at] and what follows it stand for: \n \r \t \b \a, \xHH, or any other byte for
// itself. Leaves `at` on the last of them. Requires: at + 1 < line.size().
constexpr char read_escape(std::string_view line, size_t& at) {
  if (line[at + 1] == 'x' && at + 3 < line.size()) {
    const int high = hex_value(line[at + 2]);
    const int low = hex_value(line[at + 3]);
    if (high >= 0 && low >= 0) {
      at += 3;
      return static_cast<char>(high * 16 + low);
    }
  }
  switch (line[++at]) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return line[at];
  }
}

}  // namespace sluice
