// SPDX-License-Identifier: MIT
#include "server/core/output_limit.h"

#include <algorithm>

#include "engine/base/ascii.h"
#include "engine/base/number_text.h"
#include "server/core/config_text.h"

namespace sluice::core {
namespace {

constexpr size_t kWordsPerClass = 4;
constexpr std::string_view kClassNames[] = {"normal", "slave", "pubsub"};

std::optional<size_t> class_of(std::string_view name) {
  if (equals_folded(name, "replica")) name = "slave";
  for (size_t i = 0; i < kClientClasses; ++i) {
    if (equals_folded(name, kClassNames[i])) return i;
  }
  return std::nullopt;
}

}  // namespace

size_t OutputLimits::smallest() const {
  uint64_t smallest = SIZE_MAX;
  for (const ClientClass kind : {ClientClass::kNormal, ClientClass::kPubSub}) {  // there are no replicas
    const OutputLimit& limit = of(kind);
    if (limit.hard_bytes > 0) smallest = std::min(smallest, limit.hard_bytes);
    if (limit.soft_bytes > 0) smallest = std::min(smallest, limit.soft_bytes);
  }
  return smallest;
}

std::optional<std::string> read_output_limits(std::span<const std::string_view> words, OutputLimits& limits) {
  if (words.size() % kWordsPerClass != 0) return "Wrong number of arguments in buffer limit configuration.";
  OutputLimits read = limits;
  for (size_t at = 0; at < words.size(); at += kWordsPerClass) {
    const auto kind = class_of(words[at]);
    if (!kind) return "Invalid client class specified in buffer limit configuration.";
    const auto hard = parse_memory(words[at + 1]);
    const auto soft = parse_memory(words[at + 2]);
    const auto seconds = parse_i64(words[at + 3]);
    if (!hard || !soft || !seconds || *seconds < 0 || *seconds > INT32_MAX) {
      return "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
    }
    read.by_class[*kind] = {*hard, *soft, static_cast<uint64_t>(*seconds)};
  }
  limits = read;
  return std::nullopt;
}

std::string format_output_limits(const OutputLimits& limits) {
  std::string text;
  for (size_t i = 0; i < kClientClasses; ++i) {
    const OutputLimit& limit = limits.by_class[i];
    if (!text.empty()) text += ' ';
    text.append(kClassNames[i]).append(" ").append(std::to_string(limit.hard_bytes));
    text.append(" ").append(std::to_string(limit.soft_bytes));
    text.append(" ").append(std::to_string(limit.soft_seconds));
  }
  return text;
}

}  // namespace sluice::core
