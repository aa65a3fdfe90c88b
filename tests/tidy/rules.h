// SPDX-License-Identifier: MIT
//
// The rules of design.md and style.md that a program can check. Each takes the tree and says what breaks it, one line
// for each place: "server/core/server.cc: includes server/net/loop.h". Pure, so that tests can show that they do find.
#pragma once

#include <string>
#include <vector>

#include "tests/tidy/source_tree.h"

namespace sluice::tidy {

using Violations = std::vector<std::string>;

// Who may include whom (design.md, section 2), and every quoted include is a file's path from the root.
Violations includes_against_the_arrows(const SourceTree& tree);
// <uv.h>, jemalloc and POSIX calls only where the outside world is let in.
Violations outside_world_in_the_wrong_place(const SourceTree& tree);
// Clocks and random numbers only behind their seams.
Violations time_or_chance_in_the_wrong_place(const SourceTree& tree);
Violations folders_without_readme(const SourceTree& tree);
Violations files_without_licence(const SourceTree& tree);
Violations lines_too_long(const SourceTree& tree);
// Headers that nobody includes; source files that `compile_commands` (the text of compile_commands.json) does not name.
Violations files_not_built(const SourceTree& tree, const std::string& compile_commands);

}  // namespace sluice::tidy
