// SPDX-License-Identifier: MIT
#include "engine/base/number_text.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

#include "engine/base/ascii.h"

using namespace sluice;

namespace {

std::string i64_text(int64_t value) {
  char text[kI64CharsMax];
  return {text, format_i64(text, value)};
}

std::string u64_text(uint64_t value) {
  char text[kI64CharsMax];
  return {text, format_u64(text, value)};
}

std::string double_text(double value) {
  char text[kDoubleCharsMax];
  return {text, format_double(text, value)};
}

// What Redis's own way of reading a double, strtod and four conditions, says.
std::optional<double> parse_double_by_strtod(const std::string& text) {
  if (text.empty() || std::isspace(static_cast<unsigned char>(text[0])) != 0) return std::nullopt;
  errno = 0;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end != text.c_str() + text.size() || std::isnan(value)) return std::nullopt;
  if (errno == ERANGE && (std::isinf(value) || value == 0)) return std::nullopt;
  return value;
}

}  // namespace

TEST_CASE("integers are read within their range and not one beyond", "[number]") {
  REQUIRE(parse_i64("0") == 0);
  REQUIRE(parse_i64("-1") == -1);
  REQUIRE(parse_i64("42") == 42);
  REQUIRE(parse_i64("9223372036854775807") == INT64_MAX);
  REQUIRE(parse_i64("-9223372036854775808") == INT64_MIN);
  REQUIRE_FALSE(parse_i64("9223372036854775808"));
  REQUIRE_FALSE(parse_i64("-9223372036854775809"));
  REQUIRE_FALSE(parse_i64("18446744073709551616"));
  REQUIRE(parse_u64("18446744073709551615") == UINT64_MAX);
  REQUIRE_FALSE(parse_u64("18446744073709551616"));
  REQUIRE_FALSE(parse_u64("99999999999999999999"));
  REQUIRE_FALSE(parse_u64("100000000000000000000"));
}

TEST_CASE("what Redis does not take for an integer is none", "[number]") {
  const std::string_view text =
      GENERATE(as<std::string_view>{}, "", "-", "+", "+1", "-0", "007", "00", "-01", " 1", "1 ", "1\n", "1.0",
               "1e3", "0x10", "--1", "1-", "a", "\xff", "/", ":");
  CAPTURE(text);
  REQUIRE_FALSE(parse_i64(text));
  REQUIRE_FALSE(parse_u64(text));
}

TEST_CASE("a zero byte is not the end of a number", "[number]") {
  REQUIRE_FALSE(parse_i64(std::string_view("1\0", 2)));
  REQUIRE_FALSE(parse_double(std::string_view("1\0", 2)));
}

TEST_CASE("an unsigned integer has no sign", "[number]") {
  REQUIRE_FALSE(parse_u64("-1"));
}

TEST_CASE("every integer that is printed is read back", "[number]") {
  const uint64_t seed = GENERATE(1u, 2u, 3u);
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    // Shifted, so that every number of digits comes up.
    const uint64_t value = random() >> (random() % 64);
    REQUIRE(u64_text(value) == std::to_string(value));
    REQUIRE(parse_u64(u64_text(value)) == value);
    const auto number = static_cast<int64_t>(random() % 2 == 0 ? value : 0 - value);
    REQUIRE(i64_text(number) == std::to_string(number));
    REQUIRE(parse_i64(i64_text(number)) == number);
  }
}

TEST_CASE("integers are printed right around each power of ten", "[number]") {
  uint64_t power = 1;
  for (int digits = 1; digits <= 20; ++digits) {
    for (const uint64_t value : {power - 1, power, power + 1})
      REQUIRE(u64_text(value) == std::to_string(value));
    power *= 10;
  }
  REQUIRE(i64_text(INT64_MIN) == "-9223372036854775808");
  REQUIRE(u64_text(UINT64_MAX) == "18446744073709551615");
}

TEST_CASE("doubles are printed with seventeen digits, integers without a fraction", "[number]") {
  REQUIRE(double_text(0) == "0");
  REQUIRE(double_text(-0.0) == "-0");
  REQUIRE(double_text(3) == "3");
  REQUIRE(double_text(-17) == "-17");
  REQUIRE(double_text(3.5) == "3.5");
  REQUIRE(double_text(0.1) == "0.10000000000000001");
  REQUIRE(double_text(1e15) == "1000000000000000");
  REQUIRE(double_text(1e17) == "1e+17");
  REQUIRE(double_text(1e300) == "1.0000000000000001e+300");
  REQUIRE(double_text(5e-324) == "4.9406564584124654e-324");
  REQUIRE(double_text(-std::numeric_limits<double>::max()) == "-1.7976931348623157e+308");
  REQUIRE(double_text(INFINITY) == "inf");
  REQUIRE(double_text(-INFINITY) == "-inf");
  REQUIRE(double_text(NAN) == "nan");
  REQUIRE(double_text(-NAN) == "nan");
}

TEST_CASE("doubles are printed as printf does and read back exactly", "[number]") {
  const uint64_t seed = GENERATE(11u, 12u);
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    const auto value =
        i % 2 == 0 ? std::bit_cast<double>(random()) : static_cast<double>(random() >> (random() % 64)) / 8;
    if (!std::isfinite(value)) continue;
    char expected[64];
    const int size = std::snprintf(expected, sizeof(expected), "%.17g", value);
    REQUIRE(double_text(value) == std::string_view(expected, static_cast<size_t>(size)));
    REQUIRE(parse_double(double_text(value)) == value);
  }
}

TEST_CASE("doubles are read as strtod reads them", "[number]") {
  const std::string text =
      GENERATE(as<std::string>{}, "", "+", "-", ".", "1", "+1", "-1", "+-1", "--1", "1.", ".5", "-.5", "1e",
               "1e5", "1e+5", "1E-5", "1e400", "-1e400", "1e-400", "4.9e-324", "1e-310", "2e-324", "inf",
               "+inf", "-inf", "INF", "infinity", "-Infinity", "infin", "nan", "-nan", "nan(1)", " 1", "1 ",
               "\t1", "0x", "0x10", "-0X1p4", "0x.8", "0x1.8p-1", "0x-1", "0x+1", "1x", "00.5", "007", "1,5",
               "1e5.5", "123456789012345678901234567890", "0.000000000000000000000000000000000000001",
               "0x1p2000", "0x0", "0e0", "0e999999", "1.7976931348623159e308", "e5", "0x1p-1080", "-0");
  CAPTURE(text);
  REQUIRE(parse_double(text) == parse_double_by_strtod(text));
}

TEST_CASE("random text is a double exactly when strtod thinks so", "[number]") {
  const uint64_t seed = GENERATE(21u, 22u);
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  constexpr std::string_view kBytes = "0011259.eE+-xXpinfa ";
  for (int i = 0; i < 50'000; ++i) {
    std::string text;
    for (size_t size = random() % 9; text.size() < size;)
      text += kBytes[random() % kBytes.size()];
    CAPTURE(text);
    REQUIRE(parse_double(text) == parse_double_by_strtod(text));
  }
}

TEST_CASE("long doubles are read as Redis reads them", "[number]") {
  REQUIRE(parse_long_double("3.0e3") == 3000.0L);
  REQUIRE(parse_long_double("0x10") == 16.0L);
  REQUIRE(parse_long_double("+1") == 1.0L);
  REQUIRE(parse_long_double("1e4000").has_value());
  REQUIRE(std::isinf(parse_long_double("-inf").value_or(0)));
  REQUIRE(parse_long_double(std::string(kLongDoubleCharsMax - 1, '0')) == 0.0L);
  for (const std::string_view text :
       {"", " 1", "1 ", "\t1", "1x", "nan", "1e5000", "-1e5000", "1e-5000", "1,5", "."})
    REQUIRE_FALSE(parse_long_double(text));
  REQUIRE_FALSE(parse_long_double(std::string_view("1\0", 2)));
  REQUIRE_FALSE(parse_long_double(std::string(kLongDoubleCharsMax, '0')));
}

TEST_CASE("long doubles are printed without an exponent and without zeros at the end", "[number]") {
  const auto text = [](long double value) {
    std::string to(kLongDoubleCharsMax, '\0');
    to.resize(format_long_double(to.data(), value));
    return to;
  };
  REQUIRE(text(0) == "0");
  REQUIRE(text(-0.0L) == "0");
  REQUIRE(text(-1e-30L) == "0");
  REQUIRE(text(5200) == "5200");
  REQUIRE(text(-2.75L) == "-2.75");
  REQUIRE(text(0.1L + 0.2L) == "0.3");
  REQUIRE(text(1e17L) == "100000000000000000");
  REQUIRE(text(1e-17L) == "0.00000000000000001");
  REQUIRE(text(std::numeric_limits<long double>::lowest()).size() > 300);
}

TEST_CASE("letters are equal in either case, other bytes only to themselves", "[ascii]") {
  REQUIRE(equals_folded("LPush", "lpUSH"));
  REQUIRE(equals_folded("", ""));
  REQUIRE_FALSE(equals_folded("lpush", "lpus"));
  REQUIRE_FALSE(equals_folded("@", "`"));
  REQUIRE_FALSE(equals_folded("[", "{"));
  REQUIRE_FALSE(equals_folded("\xc4", "\xe4"));
  REQUIRE(to_lower(std::string_view("Q-AcK_Z")) == "q-ack_z");
  REQUIRE(to_upper(std::string_view("q-AcK_z")) == "Q-ACK_Z");
}
