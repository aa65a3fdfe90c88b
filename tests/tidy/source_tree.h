// SPDX-License-Identifier: MIT
//
// The checkout as the tidy tests see it: every file of ours with its text, by its path from the root. What
// lies in build folders, hidden folders and git's own is not ours.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::tidy {

using SourceTree = std::map<std::string, std::string>;

SourceTree read_source_tree(const std::string& root);
// The text of one file, empty if there is none.
std::string read_file(const std::string& path);

bool is_source(std::string_view path);  // .h or .cc
bool is_within(std::string_view path, std::string_view folder);
// "server/core" of "server/core/args.h".
std::string_view folder_of(std::string_view path);
std::vector<std::string_view> lines_of(std::string_view text);

struct Include {
  std::string_view path;
  bool quoted;  // "path", not <path>
};
std::vector<Include> includes_of(std::string_view text);

// The text without comments and without what stands in quotes.
std::string code_of(std::string_view text);

}  // namespace sluice::tidy
