// SPDX-License-Identifier: MIT
#include "server/core/directive_checks.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include "engine/base/ascii.h"
#include "engine/base/number_text.h"
#include "server/core/config_text.h"

namespace sluice::core {
namespace {

using Refusal = std::optional<std::string>;

constexpr size_t kAddressesMax = 16;
constexpr uint64_t kBacklogBytesMin = 16u << 10;

bool is_one_empty_word(const DirectiveWords& words) {
  return words.size() == 1 && words[0].empty();
}

// As strtoll reads a whole word: leading zeros, and nothing at all for 0.
std::optional<int64_t> number_of(std::string_view word) {
  const bool negative = word.starts_with('-');
  std::string_view digits = word.substr(negative ? 1 : 0);
  if (negative && digits.empty()) return std::nullopt;
  while (digits.size() > 1 && digits.front() == '0')
    digits.remove_prefix(1);
  if (digits.empty()) return 0;
  const auto number = parse_i64(digits);
  if (!number || *number < 0) return std::nullopt;
  return negative ? -*number : *number;
}

// Six digits behind the point, without the zeros at their end.
std::string short_decimal(double number) {
  char text[32];
  const int size = snprintf(text, sizeof(text), "%f", number);
  std::string_view shown(text, static_cast<size_t>(size));
  while (shown.ends_with('0'))
    shown.remove_suffix(1);
  if (shown.ends_with('.')) shown.remove_suffix(1);
  return std::string(shown);
}

}  // namespace

Refusal check_addresses(DirectiveWords& words) {
  if (words.size() > kAddressesMax) return "Too many bind addresses specified.";
  const bool has_empty = std::find(words.begin(), words.end(), "") != words.end();
  if (has_empty && words.size() > 1) return "Failed to bind to specified addresses.";
  return std::nullopt;
}

Refusal check_percentiles(DirectiveWords& words) {
  if (is_one_empty_word(words)) return std::nullopt;
  for (std::string& word : words) {
    const auto percent = parse_double(word);
    if (!percent) return "Invalid latency-tracking-info-percentiles parameters";
    if (*percent < 0 || *percent > 100)
      return "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]";
    word = short_decimal(*percent);
  }
  return std::nullopt;
}

Refusal check_save_points(DirectiveWords& words) {
  constexpr std::string_view kInvalid = "Invalid save parameters";
  if (is_one_empty_word(words)) return std::nullopt;
  if (words.size() % 2 != 0) return std::string(kInvalid);
  for (size_t i = 0; i < words.size(); i += 2) {
    const auto seconds = number_of(words[i]);
    const auto changes = number_of(words[i + 1]);
    if (!seconds || !changes || *seconds < 1 || *changes < 0) return std::string(kInvalid);
    words[i] = std::to_string(*seconds);
    words[i + 1] = std::to_string(*changes);
  }
  return std::nullopt;
}

Refusal check_renames(DirectiveWords& words) {
  if (is_one_empty_word(words) || words.size() % 2 == 0) return std::nullopt;
  return "Bad directive or wrong number of arguments";
}

Refusal check_shutdown_words(DirectiveWords& words) {
  constexpr std::string_view kChoices[] = {"save", "nosave", "now", "force"};
  bool chosen[std::size(kChoices)] = {};
  for (const std::string& word : words) {
    bool known = equals_folded(word, "default");
    for (size_t i = 0; i < std::size(kChoices); ++i) {
      if (!equals_folded(word, kChoices[i])) continue;
      known = chosen[i] = true;
    }
    if (!known) return "argument(s) must be one of the following: default, save, nosave, now, force";
  }
  if (chosen[0] && chosen[1]) return "shutdown options SAVE and NOSAVE can't be used simultaneously";
  words.clear();
  for (size_t i = 0; i < std::size(kChoices); ++i) {
    if (chosen[i]) words.emplace_back(kChoices[i]);
  }
  if (words.empty()) words.emplace_back("default");
  return std::nullopt;
}

Refusal check_oom_score_adj(DirectiveWords& words) {
  if (words[0] == "relative") words[0] = "yes";
  return std::nullopt;
}

Refusal check_oom_score_adj_values(DirectiveWords& words) {
  if (words.size() != 3) return "wrong number of arguments";
  for (std::string& word : words) {
    const auto number = number_of(word);
    if (!number || *number < -2000 || *number > 2000)
      return "Invalid oom-score-adj-values, elements must be between -2000 and 2000.";
    word = std::to_string(*number);
  }
  return std::nullopt;
}

Refusal check_title_template(DirectiveWords& words) {
  // The first three always stand for something; a title of the others alone might be empty.
  constexpr std::string_view kVariables[] = {"listen-addr", "port",       "tls-port",   "title",
                                             "server-mode", "unixsocket", "config-file"};
  constexpr size_t kNeverEmpty = 3;
  constexpr std::string_view kInvalid = "template format is invalid or contains unknown variables";
  const auto is_shown = [](std::string_view text) {
    return text.find_first_not_of(" \t\r\n\v\f") != std::string_view::npos;
  };
  std::string_view rest = words[0];
  bool shown = false;
  for (size_t open; (open = rest.find('{')) != std::string_view::npos;) {
    shown |= is_shown(rest.substr(0, open));
    rest.remove_prefix(open + 1);
    if (rest.starts_with('{')) {  // stands for one brace
      shown = true;
      rest.remove_prefix(1);
      continue;
    }
    const size_t close = rest.find('}');
    const auto* const known = std::find(std::begin(kVariables), std::end(kVariables), rest.substr(0, close));
    if (close == std::string_view::npos || known == std::end(kVariables)) return std::string(kInvalid);
    shown |= known < std::begin(kVariables) + kNeverEmpty;
    rest.remove_prefix(close + 1);
  }
  if (!shown && !is_shown(rest)) return std::string(kInvalid);
  return std::nullopt;
}

Refusal check_host_name(DirectiveWords& words) {
  const auto is_allowed = [](char byte) {
    const char lower = to_lower(byte);
    return (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' || byte == '.';
  };
  if (std::all_of(words[0].begin(), words[0].end(), is_allowed)) return std::nullopt;
  return "Hostnames may only contain alphanumeric characters, hyphens or dots";
}

Refusal check_backlog(DirectiveWords& words) {
  const auto bytes = parse_memory(words[0]);
  words[0] = std::to_string(std::max(bytes.value_or(0), kBacklogBytesMin));
  return std::nullopt;
}

Refusal check_dump_name(DirectiveWords& words) {
  if (words[0].find('/') == std::string::npos) return std::nullopt;
  return "dbfilename can't be a path, just a filename";
}

Refusal check_master(DirectiveWords& words) {
  if (is_one_empty_word(words)) return std::nullopt;
  if (words.size() != 2) return "wrong number of arguments";
  if (equals_folded(words[0], "no") && equals_folded(words[1], "one")) words.assign(1, "");
  return std::nullopt;
}

Refusal check_hz(DirectiveWords& words) {
  words[0] = std::to_string(std::clamp<int64_t>(parse_i64(words[0]).value_or(1), 1, 500));
  return std::nullopt;
}

}  // namespace sluice::core
