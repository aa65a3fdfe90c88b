// SPDX-License-Identifier: MIT
#include "engine/common_subsequence.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>

namespace sluice {
namespace {

// By definition, exponentially.
size_t length_of(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return 0;
  if (a.back() == b.back()) return 1 + length_of(a.substr(0, a.size() - 1), b.substr(0, b.size() - 1));
  return std::max(length_of(a.substr(0, a.size() - 1), b), length_of(a, b.substr(0, b.size() - 1)));
}

}  // namespace

TEST_CASE("the longest common subsequence is common, and longest", "[lcs]") {
  std::mt19937_64 random(5);
  const auto text = [&random] {
    std::string bytes(random() % 9, 'a');
    for (char& byte : bytes)
      byte = static_cast<char>('a' + random() % 3);
    return bytes;
  };
  for (int i = 0; i < 2'000; ++i) {
    const std::string a = text();
    const std::string b = text();
    CAPTURE(a, b);
    const size_t length = length_of(a, b);
    REQUIRE(common_subsequence_length(a, b) == length);
    const auto runs = longest_common_subsequence(a, b);
    size_t total = 0;
    size_t end_a = a.size();
    size_t end_b = b.size();
    for (const CommonRun& run : runs) {
      REQUIRE(run.size > 0);
      REQUIRE(run.in_a + run.size <= end_a);
      REQUIRE(run.in_b + run.size <= end_b);
      REQUIRE(a.substr(run.in_a, run.size) == b.substr(run.in_b, run.size));
      end_a = run.in_a;
      end_b = run.in_b;
      total += run.size;
    }
    REQUIRE(total == length);
  }
}

TEST_CASE("side by side in both is one run", "[lcs]") {
  const auto runs = longest_common_subsequence("ohmytext", "mynewtext");
  REQUIRE(runs.size() == 2);
  REQUIRE((runs[0].in_a == 4 && runs[0].in_b == 5 && runs[0].size == 4));
  REQUIRE((runs[1].in_a == 2 && runs[1].in_b == 0 && runs[1].size == 2));
  REQUIRE(longest_common_subsequence("", "x").empty());
}

}  // namespace sluice
