// SPDX-License-Identifier: MIT
//
// Nothing here depends on the locale, and only the long doubles may allocate: they are left to the C library, whose
// locale is "C" as nobody calls setlocale(). Digits are written two at a time, because replies are full of numbers.
#include "engine/base/number_text.h"

#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "engine/base/ascii.h"
#include "engine/base/check.h"

namespace sluice {
namespace {

constexpr std::array<char, 200> kDigitPairs = [] {
  std::array<char, 200> pairs{};
  for (size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

constexpr std::array<uint64_t, 20> kPowersOfTen = [] {
  std::array<uint64_t, 20> powers{};
  uint64_t power = 1;
  for (uint64_t& slot : powers) {
    slot = power;
    power *= 10;
  }
  return powers;
}();

size_t digits_in(uint64_t value) {
  // 1233 / 4096 is log10(2) from above; the comparison takes back where it was too much.
  const size_t guess = static_cast<size_t>(std::bit_width(value | 1)) * 1233 >> 12;
  return guess + (value >= kPowersOfTen[guess] || guess == 0);
}

// Below this, %.17g prints an integer as it is, so that the quick way may be taken; far above, with an exponent.
constexpr double kIntegerMax = 4503599627370496.0;  // 2^52

}  // namespace

std::optional<uint64_t> parse_u64(std::string_view text) {
  if (text.empty() || text.size() > 20) return std::nullopt;
  if (text[0] == '0' && text.size() > 1) return std::nullopt;
  uint64_t value = 0;
  for (const char byte : text) {
    const auto digit = static_cast<uint8_t>(byte - '0');
    if (digit > 9) return std::nullopt;
    if (value > UINT64_MAX / 10 || value * 10 > UINT64_MAX - digit) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

std::optional<int64_t> parse_i64(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  const auto magnitude = parse_u64(text.substr(negative ? 1 : 0));
  if (!magnitude) return std::nullopt;
  if (!negative) {
    if (*magnitude > INT64_MAX) return std::nullopt;
    return static_cast<int64_t>(*magnitude);
  }
  if (*magnitude == 0 || *magnitude > uint64_t{1} << 63) return std::nullopt;
  return static_cast<int64_t>(0 - *magnitude);
}

std::optional<double> parse_double(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative || (!text.empty() && text[0] == '+')) text.remove_prefix(1);
  // from_chars takes a sign of its own and no prefix for hexadecimal; strtod, which Redis uses, the other way round.
  if (text.empty() || text[0] == '-' || text[0] == '+') return std::nullopt;
  auto format = std::chars_format::general;
  if (text.size() > 2 && text[0] == '0' && to_lower(text[1]) == 'x') {
    text.remove_prefix(2);
    if (text[0] == '-' || text[0] == '+') return std::nullopt;
    format = std::chars_format::hex;
  }
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, format);
  // Out of range also says that a number is too small to tell from zero, which Redis refuses too.
  if (error != std::errc() || stop != end || std::isnan(value)) return std::nullopt;
  return negative ? -value : value;
}

std::optional<long double> parse_long_double(std::string_view text) {
  std::array<char, kLongDoubleCharsMax> terminated;
  if (text.empty() || text.size() >= terminated.size()) return std::nullopt;
  if (text[0] == ' ' || (text[0] >= '\t' && text[0] <= '\r')) return std::nullopt;
  terminated[text.copy(terminated.data(), text.size())] = '\0';
  char* stop = nullptr;
  errno = 0;
  const long double value = std::strtold(terminated.data(), &stop);
  if (stop != terminated.data() + text.size() || std::isnan(value)) return std::nullopt;
  // Too large is refused, and too small to tell from zero; a number that has only lost digits is taken.
  if (errno == ERANGE && (std::isinf(value) || value == 0)) return std::nullopt;
  return value;
}

size_t format_u64(char* to, uint64_t value) {
  const size_t size = digits_in(value);
  char* at = to + size;
  while (value >= 100) {
    at -= 2;
    std::memcpy(at, &kDigitPairs[value % 100 * 2], 2);
    value /= 100;
  }
  if (value >= 10) {
    std::memcpy(at - 2, &kDigitPairs[value * 2], 2);
  } else {
    at[-1] = static_cast<char>('0' + value);
  }
  return size;
}

size_t format_i64(char* to, int64_t value) {
  if (value >= 0) return format_u64(to, static_cast<uint64_t>(value));
  *to = '-';
  return 1 + format_u64(to + 1, 0 - static_cast<uint64_t>(value));
}

size_t format_double(char* to, double value) {
  if (std::isnan(value)) {
    return std::string_view("nan").copy(to, kDoubleCharsMax);
  }
  const bool integer = std::fabs(value) < kIntegerMax && std::trunc(value) == value;
  if (integer && !(value == 0 && std::signbit(value))) return format_i64(to, static_cast<int64_t>(value));
  const auto [end, error] = std::to_chars(to, to + kDoubleCharsMax, value, std::chars_format::general, 17);
  CHECK(error == std::errc());
  return static_cast<size_t>(end - to);
}

size_t format_long_double(char* to, long double value) {
  CHECK(std::isfinite(value));
  const int printed = std::snprintf(to, kLongDoubleCharsMax, "%.17Lf", value);
  CHECK(printed > 0 && static_cast<size_t>(printed) < kLongDoubleCharsMax);
  size_t size = static_cast<size_t>(printed);
  while (to[size - 1] == '0')
    --size;
  if (to[size - 1] == '.') --size;
  if (std::string_view(to, size) != "-0") return size;
  *to = '0';
  return 1;
}

}  // namespace sluice
