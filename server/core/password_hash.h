// SPDX-License-Identifier: MIT
//
// Passwords are kept as their SHA-256, in the hexadecimal form that ACL rules and files show.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::core {

inline constexpr size_t kPasswordHashChars = 64;

// 64 lower-case hexadecimal digits.
std::string password_hash(std::string_view password);
bool is_password_hash(std::string_view text);
// Takes as long for texts that differ at their first byte as for those that differ at their last. Requires: both have
// kPasswordHashChars.
bool hashes_equal(std::string_view a, std::string_view b);

}  // namespace sluice::core
