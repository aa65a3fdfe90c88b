// SPDX-License-Identifier: MIT
//
// The small grammar of configuration files: words in a line, amounts of memory. Pure.
//
//   line      words with blanks between; a # as its first byte makes it a comment
//   "word"    may hold blanks; \n \r \t \b \a and \x41 as in C, another byte behind a \ is itself
//   'word'    may hold blanks; \' is '
//   amount    512, 1k = 1000, 1kb = 1024, and so m, mb, g, gb; in any case. As in Redis, no digits are 0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::core {

// Nothing if a quote is not closed, or a word goes on right behind its closing quote.
std::optional<std::vector<std::string>> split_words(std::string_view line);
// The words of a text in which quotes mean nothing; two blanks have an empty word between them.
std::vector<std::string_view> between_blanks(std::string_view text);
// The word in such a form that split_words() gives it back.
std::string quoted_if_needed(std::string_view word);

// Digits that do not fit are the most that does, as in Redis. Nothing if it is no amount, or its unit makes it too big.
std::optional<uint64_t> parse_memory(std::string_view text);

}  // namespace sluice::core
