// SPDX-License-Identifier: MIT
//
// Numbers as Redis reads and prints them. Reading is strict: no spaces, no '+', no leading zeros, nothing behind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice {

// "-0" and "007" are no integers to Redis, and so none here.
std::optional<int64_t> parse_i64(std::string_view text);
std::optional<uint64_t> parse_u64(std::string_view text);
// What Redis's string2d and getDoubleFromObject take: decimal, exponent, hex, "inf", "-inf"; no nan, no spaces.
std::optional<double> parse_double(std::string_view text);
// What INCRBYFLOAT takes: as above, in the widest type that the machine has. At most kLongDoubleCharsMax characters.
std::optional<long double> parse_long_double(std::string_view text);

// Write to `to`, return the number of characters; no terminating zero.
inline constexpr size_t kI64CharsMax = 20;
inline constexpr size_t kU64CharsMax = 20;
size_t format_i64(char* to, int64_t value);
size_t format_u64(char* to, uint64_t value);
// %.17g as Redis's d2string: "inf", "-inf", "nan", integers without a fraction.
inline constexpr size_t kDoubleCharsMax = 32;
size_t format_double(char* to, double value);
// As INCRBYFLOAT prints it: 17 digits behind the point, without the zeros at their end; never with an exponent.
// Requires: finite.
inline constexpr size_t kLongDoubleCharsMax = 5 * 1024;
size_t format_long_double(char* to, long double value);

}  // namespace sluice
