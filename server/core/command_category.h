// SPDX-License-Identifier: MIT
//
// The ACL categories of a command. They are no column of the table: they follow from the row's flags and group.
#pragma once

#include <string_view>
#include <vector>

#include "server/core/command_spec.h"

namespace sluice::core {

// As COMMAND DOCS says it: "list", "sorted-set" ...
std::string_view group_name(Group group);

// Without the '@', in the order in which Redis lists them.
std::vector<std::string_view> categories_of(const CommandSpec& spec);

}  // namespace sluice::core
