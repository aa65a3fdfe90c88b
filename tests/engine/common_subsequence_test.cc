// SPDX-License-Identifier: MIT
#include "engine/common_subsequence.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>

namespace sluice {
namespace {

using Table = std::vector<std::vector<uint32_t>>;

// table[i][j] is the length for the first i bytes of a and the first j of b.
Table lengths(std::string_view a, std::string_view b) {
  Table table(a.size() + 1, std::vector<uint32_t>(b.size() + 1));
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      table[i][j] =
          a[i - 1] == b[j - 1] ? table[i - 1][j - 1] + 1 : std::max(table[i - 1][j], table[i][j - 1]);
    }
  }
  return table;
}

// The pairs of equal bytes from the last to the first, by the same choices as Redis makes.
std::vector<std::pair<size_t, size_t>> pairs_of(std::string_view a, std::string_view b) {
  const Table table = lengths(a, b);
  std::vector<std::pair<size_t, size_t>> pairs;
  for (size_t i = a.size(), j = b.size(); i > 0 && j > 0;) {
    if (a[i - 1] == b[j - 1]) {
      pairs.emplace_back(--i, --j);
    } else {
      table[i - 1][j] > table[i][j - 1] ? --i : --j;
    }
  }
  return pairs;
}

std::string text(std::mt19937_64& random, size_t size_max, unsigned letters) {
  std::string bytes(random() % (size_max + 1), 'a');
  for (char& byte : bytes)
    byte = static_cast<char>('a' + random() % letters);
  return bytes;
}

}  // namespace

TEST_CASE("the longest common subsequence is that of the definition", "[lcs]") {
  const uint64_t seed = GENERATE(1u, 2u, 3u);
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 1'000; ++i) {
    const size_t size_max = i % 20 == 0 ? 300 : i % 3 == 0 ? 70 : 10;  // a word of bits, more, and less
    const auto letters = static_cast<unsigned>(1 + random() % 5);
    const std::string a = text(random, size_max, letters);
    const std::string b = text(random, size_max, letters);
    CAPTURE(a, b);
    const auto wanted = pairs_of(a, b);
    REQUIRE(common_subsequence_length(a, b) == wanted.size());
    std::vector<std::pair<size_t, size_t>> found;
    size_t run_end_a = a.size() + 1;
    for (const CommonRun& run : longest_common_subsequence(a, b)) {
      const bool touches = run.in_a + run.size == run_end_a && run.in_b + run.size == found.back().second;
      REQUIRE_FALSE(touches);  // it would belong to the run before
      for (size_t k = run.size; k > 0; --k)
        found.emplace_back(run.in_a + k - 1, run.in_b + k - 1);
      run_end_a = run.in_a;
    }
    REQUIRE(found == wanted);
  }
}

TEST_CASE("side by side in both is one run", "[lcs]") {
  const auto runs = longest_common_subsequence("ohmytext", "mynewtext");
  REQUIRE(runs.size() == 2);
  REQUIRE((runs[0].in_a == 4 && runs[0].in_b == 5 && runs[0].size == 4));
  REQUIRE((runs[1].in_a == 2 && runs[1].in_b == 0 && runs[1].size == 2));
  REQUIRE(longest_common_subsequence("", "x").empty());
  REQUIRE(longest_common_subsequence("x", "").empty());
  REQUIRE(common_subsequence_length("\xff\xff", "\xff") == 1);
}

}  // namespace sluice
