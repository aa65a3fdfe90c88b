// SPDX-License-Identifier: MIT
//
// The command table for people: what the README shows.
#pragma once

#include <string>

namespace sluice::commands {

// Markdown: a heading and a table for each group.
std::string command_reference();

}  // namespace sluice::commands
