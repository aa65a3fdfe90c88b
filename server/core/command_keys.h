// SPDX-License-Identifier: MIT
//
// Finds the keys of a request from its row, for expiry, COMMAND GETKEYS and permissions alike.
#pragma once

#include <span>
#include <string_view>

#include "engine/base/ascii.h"
#include "server/core/command_spec.h"

namespace sluice::core {

// Calls `visit(index of the word, flags)` for each key in order. False if the words do not have the keys that the row
// promises (a number of keys that is none, or larger than the words that follow).
template <typename Visit>
bool for_each_key(const CommandSpec& spec, std::span<const std::string_view> words, Visit visit);

// The indexes of the words between which keys lie: [first, first + count), each `step` apart.
struct KeyRange {
  bool valid = true;
  size_t first = 0;
  size_t count = 0;
  size_t step = 1;
};
// Requires: the specification is of such a range.
KeyRange locate_keys(const KeySpec& keys, std::span<const std::string_view> words);
// The specification's flags; where they depend on the words (kVariable), those that these words make.
uint16_t key_flags(const CommandSpec& spec, const KeySpec& keys, std::span<const std::string_view> words);

// The words that are channels, [first, end), for permissions. Leaving a channel needs none.
struct ChannelRange {
  size_t first = 0;
  size_t end = 0;
  bool patterns = false;
};
ChannelRange locate_channels(const CommandSpec& spec, std::span<const std::string_view> words);

// How many words the condition at the front takes, its key being the second; 0 if it is none or is cut short.
size_t condition_words(std::span<const std::string_view> words);

template <typename Visit>
bool for_each_key(const CommandSpec& spec, std::span<const std::string_view> words, Visit visit) {
  for (const KeySpec& keys : spec.keys) {
    if (keys.kind == KeySpec::Kind::kNone) break;
    const uint16_t flags = key_flags(spec, keys, words);
    if (keys.kind == KeySpec::Kind::kConditions) {
      for (size_t at = static_cast<size_t>(keys.first); at < words.size();) {
        const size_t size = condition_words(words.subspan(at));
        if (size == 0) return false;
        visit(at + 1, flags);
        at += size;
      }
      continue;
    }
    if (keys.kind == KeySpec::Kind::kOption) {
      for (auto at = static_cast<size_t>(keys.first); at + 1 < words.size(); ++at) {
        const bool says_none = (flags & kEmptyIsNone) != 0 && words[at + 1].empty();
        if (equals_folded(words[at], keys.word) && !says_none) visit(at + 1, flags);
      }
      continue;
    }
    const KeyRange range = locate_keys(keys, words);
    if (!range.valid) return false;
    for (size_t i = 0; i < range.count; ++i)
      visit(range.first + i * range.step, flags);
  }
  return true;
}

}  // namespace sluice::core
