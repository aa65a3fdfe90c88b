// SPDX-License-Identifier: MIT
//
// The command line, in redis-server's form, so that what starts a Redis starts this:
//
//   sluice-server [/path/to/file.conf] [-] [--directive value ...] ...
//
// A lone - reads further directives from standard input. A word that begins with -- begins the next directive. Besides
// there are a few questions that end at once: --version, --help, --config-reference, --check-aof PATH [--fix].
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::core {

struct Arguments {
  enum class Action : uint8_t { kRun, kVersion, kHelp, kConfigReference, kCheckAof };

  Action action = Action::kRun;
  std::string config_file;  // empty: none
  bool config_from_input = false;
  std::vector<std::vector<std::string>> directives;  // each with its name first
  std::string check_path;
  bool check_fix = false;
  std::string error;  // not empty: what is wrong with them
};

// `words` are those behind the program's name.
Arguments parse_arguments(std::span<const std::string_view> words);

std::string_view usage();

}  // namespace sluice::core
