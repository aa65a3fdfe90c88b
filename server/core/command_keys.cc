// SPDX-License-Identifier: MIT
#include "server/core/command_keys.h"

#include <algorithm>

#include "engine/base/ascii.h"
#include "engine/base/number_text.h"

namespace sluice::core {
namespace {

KeyRange locate_counted(const KeySpec& keys, std::span<const std::string_view> words) {
  const size_t at = static_cast<size_t>(keys.first);
  if (at >= words.size()) return {.valid = false};
  const auto count = parse_i64(words[at]);
  const auto step = static_cast<size_t>(keys.step);
  const int64_t least = (keys.flags & kMayBeMissing) != 0 ? 0 : 1;
  if (!count || *count < least || static_cast<uint64_t>(*count) > (words.size() - at - 1) / step)
    return {.valid = false};
  return {.first = at + 1, .count = static_cast<size_t>(*count), .step = step};
}

KeyRange locate_after_word(const KeySpec& keys, std::span<const std::string_view> words) {
  size_t at = 1;
  while (at < words.size() && !equals_folded(words[at], keys.word)) {
    const auto option = std::find_if(keys.options.begin(), keys.options.end(), [&](const OptionWords& it) {
      return equals_folded(words[at], it.name);
    });
    // What is none is an error of the request; where its keys are can be told all the same.
    at += option == keys.options.end() ? 1 : 1 + option->values;
  }
  if (at + 1 >= words.size()) return {.valid = false};
  return {.first = at + 1, .count = (words.size() - at - 1) / 2};
}

bool set_returns_old_value(std::span<const std::string_view> words) {
  for (size_t at = 3; at < words.size(); ++at) {
    if (equals_folded(words[at], "GET")) return true;
  }
  return false;
}

bool bitfield_only_gets(std::span<const std::string_view> words) {
  for (size_t at = 2; at < words.size();) {
    if (equals_folded(words[at], "GET") && at + 2 < words.size()) {
      at += 3;
    } else if (equals_folded(words[at], "OVERFLOW") && at + 1 < words.size()) {
      at += 2;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

size_t condition_words(std::span<const std::string_view> words) {
  if (words.empty()) return 0;
  const bool compares = equals_folded(words[0], "IFEQ") || equals_folded(words[0], "IFNE");
  if (!compares && !equals_folded(words[0], "NX") && !equals_folded(words[0], "XX")) return 0;
  const size_t size = compares ? 3 : 2;
  return words.size() < size ? 0 : size;
}

uint16_t key_flags(const CommandSpec& spec, const KeySpec& keys, std::span<const std::string_view> words) {
  if ((keys.flags & kVariable) == 0) return keys.flags;
  if (spec.name == "set") return set_returns_old_value(words) ? kRw | kAccess | kUpdate : kOw | kUpdate;
  if (spec.name == "bitfield") return bitfield_only_gets(words) ? kRo | kAccess : kRw | kAccess | kUpdate;
  return keys.flags;
}

ChannelRange locate_channels(const CommandSpec& spec, std::span<const std::string_view> words) {
  if (spec.name == "publish" || spec.name == "spublish") return {1, std::min<size_t>(2, words.size()), false};
  if (spec.name == "subscribe" || spec.name == "ssubscribe") return {1, words.size(), false};
  if (spec.name == "psubscribe") return {1, words.size(), true};
  return {};
}

KeyRange locate_keys(const KeySpec& keys, std::span<const std::string_view> words) {
  switch (keys.kind) {
    case KeySpec::Kind::kConditions:
      return {.valid = false};
    case KeySpec::Kind::kNone:
    case KeySpec::Kind::kUnknown:
    case KeySpec::Kind::kOption:  // no range: for_each_key()
      return {};
    case KeySpec::Kind::kCounted:
      return locate_counted(keys, words);
    case KeySpec::Kind::kAfterWord:
      return locate_after_word(keys, words);
    case KeySpec::Kind::kRange:
      break;
  }
  const auto size = static_cast<int>(words.size());
  if (keys.first >= size && (keys.flags & kMayBeMissing) != 0) return {};
  const int last = keys.last < 0 ? size + keys.last : keys.last;
  // Names that are no keys may all be left out: SUNSUBSCRIBE.
  if ((keys.flags & kNotKey) != 0 && keys.first >= size) return {};
  if (keys.first >= size || last < keys.first || last >= size) return {.valid = false};
  const auto step = static_cast<size_t>(keys.step);
  return {.first = static_cast<size_t>(keys.first),
          .count = static_cast<size_t>(last - keys.first) / step + 1,
          .step = step};
}

}  // namespace sluice::core
