// SPDX-License-Identifier: MIT
#include "engine/base/glob.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>

using namespace sluice;

namespace {

struct Example {
  std::string_view pattern;
  std::string_view text;
  bool matches;
};

// Says the same by trying everything; exponential, so for short patterns without classes only.
bool matches_slowly(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    for (size_t taken = 0; taken <= text.size(); ++taken) {
      if (matches_slowly(pattern.substr(1), text.substr(taken))) return true;
    }
    return false;
  }
  if (text.empty()) return false;
  const size_t size = pattern[0] == '\\' && pattern.size() > 1 ? 2 : 1;
  const bool matches = pattern[0] == '?' || pattern[size - 1] == text[0];
  return matches && matches_slowly(pattern.substr(size), text.substr(1));
}

std::string repeated(std::string_view part, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i)
    out += part;
  return out;
}

}  // namespace

TEST_CASE("patterns match what Redis says they match", "[glob]") {
  const Example example = GENERATE(values<Example>({
      {"", "", true},
      {"", "a", false},
      {"a", "", false},
      {"queue", "queue", true},
      {"queue", "Queue", false},
      {"queue", "queues", false},
      {"*", "", false},
      {"*", "anything", true},
      {"**", "a", true},
      {"a*", "a", true},
      {"a**", "a", true},
      {"a*", "ba", false},
      {"*a", "bca", true},
      {"*a", "ab", false},
      {"*:jobs:*", "q:jobs:1", true},
      {"*:jobs:*", "q:job:1", false},
      {"a*b*c", "a-b-b-c", true},
      {"a*b*c", "a-b-b-d", false},
      {"*aab", "aaaab", true},
      {"?", "", false},
      {"?", "x", true},
      {"??", "x", false},
      {"h?llo", "hello", true},
      {"?*?", "a", false},
      {"?*?", "ab", true},
      {"h[ae]llo", "hallo", true},
      {"h[ae]llo", "hillo", false},
      {"[^ab]", "c", true},
      {"[^ab]", "a", false},
      {"[a-c]x", "bx", true},
      {"[c-a]x", "bx", true},
      {"[a-c]x", "dx", false},
      {"[a-cx]", "x", true},
      {"[a\\]b]", "]", true},
      {"[\\^a]", "^", true},
      {"[a^]", "^", true},
      {"[]", "a", false},
      {"[]a", "a", false},
      {"[^]", "a", true},
      {"[ab", "a", true},
      {"[ab", "b", true},
      {"[ab", "c", false},
      {"[a-", "-", true},
      {"[", "[", false},
      {"[^", "x", true},
      {"[a-]", "]", true},
      {"[a-]", "a", true},
      {"[a-]", "b", false},
      {"\\*", "*", true},
      {"\\*", "a", false},
      {"\\?x", "?x", true},
      {"a\\", "a\\", true},
      {"\\a", "a", true},
      {"\\\\", "\\", true},
      {"*[0-9]", "a1b2", true},
      {"*[0-9]", "a1b", false},
      {"*\\*", "a*", true},
  }));
  CAPTURE(example.pattern, example.text);
  REQUIRE(glob_matches(example.pattern, example.text) == example.matches);
}

TEST_CASE("letters of either case match when asked to, in classes too", "[glob]") {
  REQUIRE(glob_matches("MaxMemory*", "maxmemory-policy", LetterCase::kFolded));
  REQUIRE(glob_matches("[A-C]?", "bX", LetterCase::kFolded));
  REQUIRE(glob_matches("\\A", "a", LetterCase::kFolded));
  REQUIRE_FALSE(glob_matches("[A-C]", "b"));
  REQUIRE_FALSE(glob_matches("A", "a"));
}

TEST_CASE("patterns and texts are bytes, zero and beyond ASCII included", "[glob]") {
  using namespace std::string_view_literals;
  REQUIRE(glob_matches("a?b"sv, "a\0b"sv));
  REQUIRE(glob_matches("a\0*"sv, "a\0b"sv));
  REQUIRE_FALSE(glob_matches("a\0b"sv, "a\0c"sv));
  REQUIRE(glob_matches("[\x80-\xff]", "\xc3"));
  REQUIRE_FALSE(glob_matches("[a-z]", "\xc3"));
}

TEST_CASE("short patterns agree with trying everything", "[glob]") {
  const uint64_t seed = GENERATE(1u, 2u);
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 50'000; ++i) {
    std::string pattern, text;
    for (size_t size = random() % 9; pattern.size() < size;)
      pattern += "ab**?\\"[random() % 6];
    for (size_t size = random() % 10; text.size() < size;)
      text += "aab\\"[random() % 4];
    CAPTURE(pattern, text);
    const bool expected = text.empty() ? pattern.empty() : matches_slowly(pattern, text);
    REQUIRE(glob_matches(pattern, text) == expected);
  }
}

TEST_CASE("a pattern made to be slow is not", "[glob]") {
  // By trying everything, the first would take longer than the universe has been there.
  const std::string text(50'000, 'a');
  REQUIRE_FALSE(glob_matches(repeated("a*", 100) + "b", text));
  REQUIRE_FALSE(glob_matches(repeated("*a", 20'000) + "b", text));
  REQUIRE_FALSE(glob_matches(repeated("*?", 20'000) + "b", text));
  REQUIRE_FALSE(glob_matches("*" + repeated("a", 20'000) + "b", text));
  REQUIRE_FALSE(glob_matches("*[" + repeated("bcd", 20'000) + "]", text));
}

TEST_CASE("the bound on work does not stand in the way of a long text", "[glob]") {
  const std::string text = repeated("ab", 2'000'000) + "needle";
  REQUIRE(glob_matches("*needle", text));
  REQUIRE(glob_matches("*aba*n[d-f]*", text));
  REQUIRE_FALSE(glob_matches("*haystack*", text));
  REQUIRE(glob_matches(text, text));
}
