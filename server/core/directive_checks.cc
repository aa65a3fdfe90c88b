// SPDX-License-Identifier: MIT
#include "server/core/directive_checks.h"

#include "engine/base/ascii.h"
#include "engine/base/number_text.h"

namespace sluice::core {
namespace {

bool is_one_empty_word(DirectiveWords words) {
  return words.size() == 1 && words[0].empty();
}

}  // namespace

std::optional<std::string> check_percentiles(DirectiveWords words) {
  if (is_one_empty_word(words)) return std::nullopt;
  for (const std::string_view word : words) {
    const auto percent = parse_double(word);
    if (!percent) return "Invalid latency-tracking-info-percentiles parameters";
    if (*percent < 0 || *percent > 100)
      return "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]";
  }
  return std::nullopt;
}

std::optional<std::string> check_save_points(DirectiveWords words) {
  constexpr std::string_view kInvalid = "Invalid save parameters";
  if (is_one_empty_word(words)) return std::nullopt;
  if (words.size() % 2 != 0) return std::string(kInvalid);
  for (size_t i = 0; i < words.size(); i += 2) {
    const auto seconds = parse_i64(words[i]);
    const auto changes = parse_i64(words[i + 1]);
    if (!seconds || !changes || *seconds < 1 || *changes < 0) return std::string(kInvalid);
  }
  return std::nullopt;
}

std::optional<std::string> check_renames(DirectiveWords words) {
  if (is_one_empty_word(words) || words.size() % 2 == 0) return std::nullopt;
  return "wrong number of arguments";
}

std::optional<std::string> check_shutdown_words(DirectiveWords words) {
  for (const std::string_view word : words) {
    bool known = false;
    for (const std::string_view choice : {"default", "save", "nosave", "now", "force"})
      known |= equals_folded(word, choice);
    if (!known) return "argument(s) must be one of the following: default, save, nosave, now, force";
  }
  return std::nullopt;
}

std::optional<std::string> check_three_numbers(DirectiveWords words) {
  if (words.size() != 3) return "wrong number of arguments";
  for (const std::string_view word : words) {
    if (!parse_i64(word)) return "Invalid oom-score-adj-values, elements must be between -2000 and 2000.";
  }
  return std::nullopt;
}

}  // namespace sluice::core
