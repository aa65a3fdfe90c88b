// SPDX-License-Identifier: MIT
#include "engine/base/escape.h"

#include <catch2/catch.hpp>
#include <string>

namespace sluice::test {
namespace {

// All of `line`, its escapes read.
std::string read(std::string_view line) {
  std::string text;
  for (size_t at = 0; at < line.size(); ++at)
    text += line[at] == '\\' && at + 1 < line.size() ? read_escape(line, at) : line[at];
  return text;
}

}  // namespace

TEST_CASE("an escape is one byte, and what follows it is left", "[escape]") {
  REQUIRE(read(R"(a\nb\r\t\b\a.)") == "a\nb\r\t\b\a.");
  REQUIRE(read(R"(\x41\xfF0)") ==
          "A\xff"
          "0");
  REQUIRE(read(R"(\"\\\q)") == "\"\\q");
}

TEST_CASE("an x without two hexadecimal digits is an x", "[escape]") {
  REQUIRE(read(R"(\x4)") == "x4");
  REQUIRE(read(R"(\x4g)") == "x4g");
  REQUIRE(read(R"(\x)") == "x");
}

}  // namespace sluice::test
