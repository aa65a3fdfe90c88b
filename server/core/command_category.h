// SPDX-License-Identifier: MIT
//
// The ACL categories of a command. They are no column of the table: they follow from the row's flags and group.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "server/core/command_spec.h"

namespace sluice::core {

// As COMMAND DOCS says it: "list", "sorted-set" ...
std::string_view group_name(Group group);

// Without the '@', in the order in which Redis lists them.
std::vector<std::string_view> categories_of(const CommandSpec& spec);
// In any case of letters.
bool in_category(const CommandSpec& spec, std::string_view category);

// All that there are, also those that no command is in.
std::span<const std::string_view> all_categories();
bool is_category(std::string_view name);

}  // namespace sluice::core
