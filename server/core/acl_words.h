// SPDX-License-Identifier: MIT
//
// How a line of ACL rules is cut into words.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::core {

// A name or pattern with one of these could not be written into a file of rules and read back.
inline bool has_space_or_zero(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return c == '\0' || c == ' ' || (c >= '\t' && c <= '\r'); });
}

// Puts together what stands in parentheses: "(~a", "+get)" becomes "(~a +get)". If a parenthesis stays open, nothing,
// and `open_at` is the place of the word that opens it.
inline std::optional<std::vector<std::string>> merge_parentheses(std::span<const std::string_view> words,
                                                                 size_t& open_at) {
  std::vector<std::string> merged;
  bool open = false;
  for (size_t i = 0; i < words.size(); ++i) {
    if (open) {
      merged.back().append(" ").append(words[i]);
    } else {
      merged.emplace_back(words[i]);
      open = words[i].starts_with('(');
      if (open) open_at = i;
    }
    if (open && words[i].ends_with(')')) open = false;
  }
  if (open) return std::nullopt;
  return merged;
}

}  // namespace sluice::core
