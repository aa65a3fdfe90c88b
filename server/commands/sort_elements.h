// SPDX-License-Identifier: MIT
//
// What SORT can sort, and what its patterns find: the two places that know types. A type that comes later is a case in
// each.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "server/core/command_call.h"

namespace sluice::commands {

struct SortElements {
  std::vector<std::string_view> texts;  // valid until the key changes
  std::deque<std::string> copies;       // what some of them point into
  // Their order says nothing (a set): where it would decide what is stored, they are sorted all the same.
  bool unordered = false;
};

// Those of the key, none if there is none; of a queue, the payloads that are ready. Errors: kWrongType.
Result<SortElements> sort_elements(core::CommandCall& call, std::string_view key);

// What a pattern of BY or GET finds for an element. The first '*' stands for it; behind it, "->field" names a field of
// a hash. Nothing: no such key, no such field, another type, or no '*'.
std::optional<std::string_view> find_by_pattern(core::CommandCall& call, std::string_view pattern,
                                                std::string_view element);

}  // namespace sluice::commands
