// SPDX-License-Identifier: MIT
//
// Greedy with one way back: when a mismatch is met behind a '*', that '*' takes one more byte and matching
// goes on behind it. Only the last '*' ever needs to be tried again, because an earlier one that took more
// would leave the later ones a shorter rest of the same text. So the time is at most pattern times text,
// never exponential; Budget cuts even that.
#include "engine/base/glob.h"

#include <utility>

#include "engine/base/ascii.h"

namespace sluice {
namespace {

constexpr size_t kNone = SIZE_MAX;

class Budget {
 public:
  explicit Budget(size_t bytes) : left_(kGlobWorkMax + bytes * kGlobWorkPerByteMax) {}
  // False when it is used up.
  bool spend(size_t steps) {
    if (steps > left_) return false;
    left_ -= steps;
    return true;
  }

 private:
  size_t left_;
};

struct Token {
  bool matches;
  size_t size;  // of the pattern
};

uint8_t fold(char byte, LetterCase letters) {
  return static_cast<uint8_t>(letters == LetterCase::kFolded ? to_lower(byte) : byte);
}

// `pattern` begins with '['. Reads to the end of the class also when a match is found early: the size is needed.
Token match_class(std::string_view pattern, char byte, LetterCase letters) {
  size_t at = 1;
  const bool negated = at < pattern.size() && pattern[at] == '^';
  if (negated) ++at;
  bool found = false;
  while (at < pattern.size() && pattern[at] != ']') {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      // Taken literally, case included, as Redis does.
      found |= pattern[at + 1] == byte;
      at += 2;
    } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
      uint8_t from = fold(pattern[at], letters);
      uint8_t to = fold(pattern[at + 2], letters);
      if (from > to) std::swap(from, to);
      const uint8_t it = fold(byte, letters);
      found |= from <= it && it <= to;
      at += 3;
    } else {
      found |= fold(pattern[at], letters) == fold(byte, letters);
      ++at;
    }
  }
  if (at < pattern.size()) ++at;  // the ']'
  return {found != negated, at};
}

// The first token of `pattern`, which is not '*', against one byte.
Token match_byte(std::string_view pattern, char byte, LetterCase letters) {
  switch (pattern[0]) {
    case '?':
      return {true, 1};
    case '[':
      return match_class(pattern, byte, letters);
    case '\\':
      if (pattern.size() > 1) return {fold(pattern[1], letters) == fold(byte, letters), 2};
      break;
  }
  return {fold(pattern[0], letters) == fold(byte, letters), 1};
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text, LetterCase letters) {
  if (text.empty()) return pattern.empty();
  Budget budget(pattern.size() + text.size());
  size_t at = 0;  // in the pattern
  size_t byte = 0;
  size_t star = kNone;   // where in the pattern the last '*' ended
  size_t star_byte = 0;  // and the first byte that it has not taken
  while (byte < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = ++at;
      star_byte = byte;
      continue;
    }
    Token token{false, 1};
    if (at < pattern.size()) token = match_byte(pattern.substr(at), text[byte], letters);
    if (!budget.spend(token.size)) return false;
    if (token.matches) {
      at += token.size;
      ++byte;
      continue;
    }
    if (star == kNone) return false;
    if (star == pattern.size()) return true;
    at = star;
    byte = ++star_byte;
  }
  while (at < pattern.size() && pattern[at] == '*')
    ++at;
  return at == pattern.size();
}

}  // namespace sluice
