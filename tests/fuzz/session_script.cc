// SPDX-License-Identifier: MIT
#include "tests/fuzz/session_script.h"

#include <algorithm>
#include <optional>

#include "engine/base/number_text.h"
#include "server/core/config_text.h"

namespace sluice::fuzz {
namespace {

std::optional<Step> step_of(std::string_view line) {
  Step step;
  step.same_turn = line.starts_with(' ');
  if (step.same_turn) line.remove_prefix(1);
  if (line.empty()) return std::nullopt;
  const char first = line.front();
  const std::string_view rest = line.substr(1);
  if (first == '*') {
    step.kind = Step::Kind::kRestart;
    return step;
  }
  if (first == '+') {
    const auto milliseconds = parse_i64(rest);
    if (!milliseconds || *milliseconds < 0) return std::nullopt;
    step.kind = Step::Kind::kPass;
    step.milliseconds = std::min(*milliseconds, kPassMsMax);
    return step;
  }
  if (first == '@' || (rest.starts_with(' ') && first >= 'A' && first <= kClientLast)) {
    auto words = core::split_words(rest);
    if (!words || words->empty()) return std::nullopt;
    step.kind = first == '@' ? Step::Kind::kDirective : Step::Kind::kCommand;
    step.client = first;
    step.words = std::move(*words);
    return step;
  }
  if (first == '-' && rest.size() == 1 && rest[0] >= 'A' && rest[0] <= kClientLast) {
    step.kind = Step::Kind::kHangUp;
    step.client = rest[0];
    return step;
  }
  if (first >= 'A' && first <= kClientLast && rest.starts_with("! ")) {
    const auto words = core::split_words('"' + std::string(rest.substr(2)) + '"');
    if (!words || words->size() != 1) return std::nullopt;
    step.kind = Step::Kind::kBytes;
    step.client = first;
    step.bytes = (*words)[0];
    return step;
  }
  return std::nullopt;
}

}  // namespace

std::vector<Step> read_script(std::string_view text) {
  std::vector<Step> steps;
  while (!text.empty() && steps.size() < kStepsMax) {
    const size_t end = text.find('\n');
    if (auto step = step_of(text.substr(0, end))) steps.push_back(std::move(*step));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return steps;
}

}  // namespace sluice::fuzz
