// SPDX-License-Identifier: MIT
//
// See config_text.h.
#include "server/core/config_text.h"

#include "engine/base/ascii.h"
#include "engine/base/escape.h"

namespace sluice::core {
namespace {

bool is_blank(char byte) {
  return byte == ' ' || (byte >= '\t' && byte <= '\r') || byte == '\0';
}

// Reads a word in quotes that begins at `at`; leaves `at` behind its closing quote. False: there is none.
bool unquote(std::string_view line, size_t& at, std::string& word) {
  const char quote = line[at++];
  for (; at < line.size(); ++at) {
    if (line[at] == quote) {
      ++at;
      return true;
    }
    if (line[at] != '\\' || at + 1 == line.size()) {
      word += line[at];
    } else if (quote == '\'') {
      if (line[at + 1] == '\'') ++at;
      word += line[at];
    } else {
      word += read_escape(line, at);
    }
  }
  return false;
}

}  // namespace

std::optional<std::vector<std::string>> split_words(std::string_view line) {
  std::vector<std::string> words;
  size_t at = 0;
  while (true) {
    while (at < line.size() && is_blank(line[at]))
      ++at;
    if (at == line.size()) return words;

    std::string word;
    while (at < line.size() && !is_blank(line[at])) {
      if (line[at] != '"' && line[at] != '\'') {
        word += line[at++];
        continue;
      }
      if (!unquote(line, at, word)) return std::nullopt;
      if (at < line.size() && !is_blank(line[at])) return std::nullopt;
    }
    words.push_back(std::move(word));
  }
}

std::vector<std::string_view> between_blanks(std::string_view text) {
  std::vector<std::string_view> words;
  for (size_t end; (end = text.find(' ')) != std::string_view::npos; text.remove_prefix(end + 1))
    words.push_back(text.substr(0, end));
  words.push_back(text);
  return words;
}

std::string quoted_if_needed(std::string_view word) {
  bool plain = !word.empty() && word.front() != '#';
  for (const char byte : word) {
    if (byte <= ' ' || byte > '~' || byte == '"' || byte == '\'' || byte == '\\') plain = false;
  }
  if (plain) return std::string(word);

  constexpr char kHex[] = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char byte : word) {
    if (byte == '"' || byte == '\\') quoted += '\\';
    if (byte >= ' ' && byte <= '~') {
      quoted += byte;
    } else {
      quoted += "\\x";
      quoted += kHex[static_cast<unsigned char>(byte) >> 4];
      quoted += kHex[static_cast<unsigned char>(byte) & 15];
    }
  }
  return quoted + '"';
}

std::optional<uint64_t> parse_memory(std::string_view text) {
  size_t digits = 0;
  uint64_t number = 0;
  bool fits = true;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    fits = fits && !__builtin_mul_overflow(number, uint64_t{10}, &number) &&
           !__builtin_add_overflow(number, static_cast<uint64_t>(text[digits] - '0'), &number);
  }
  if (!fits) number = UINT64_MAX;

  const struct {
    std::string_view name;
    uint64_t bytes;
  } units[] = {{"", 1},          {"b", 1},        {"k", 1'000},         {"kb", 1 << 10},
               {"m", 1'000'000}, {"mb", 1 << 20}, {"g", 1'000'000'000}, {"gb", 1 << 30}};
  for (const auto& unit : units) {
    if (!equals_folded(text.substr(digits), unit.name)) continue;
    uint64_t bytes = 0;
    if (__builtin_mul_overflow(number, unit.bytes, &bytes)) return std::nullopt;
    return bytes;
  }
  return std::nullopt;
}

}  // namespace sluice::core
