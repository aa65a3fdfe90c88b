// SPDX-License-Identifier: MIT
//
// Letters as the protocol knows them: A to Z and a to z, whatever the locale. Other bytes are only equal to themselves.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

constexpr char to_lower(char byte) {
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte;
}
constexpr char to_upper(char byte) {
  return byte >= 'a' && byte <= 'z' ? static_cast<char>(byte - 32) : byte;
}

// "GET" equals "get".
constexpr bool equals_folded(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

inline std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& byte : lower)
    byte = to_lower(byte);
  return lower;
}

inline std::string to_upper(std::string_view text) {
  std::string upper(text);
  for (char& byte : upper)
    byte = to_upper(byte);
  return upper;
}

}  // namespace sluice
