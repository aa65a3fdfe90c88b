// SPDX-License-Identifier: MIT
//
// See arguments.h.
#include "server/core/arguments.h"

namespace sluice::core {
namespace {

Arguments parse_check(std::span<const std::string_view> words) {
  Arguments arguments;
  arguments.action = Arguments::Action::kCheckAof;
  for (const std::string_view word : words) {
    if (word == "--fix") {
      arguments.check_fix = true;
    } else if (arguments.check_path.empty()) {
      arguments.check_path = word;
    } else {
      arguments.error = "--check-aof takes one path";
    }
  }
  if (arguments.check_path.empty())
    arguments.error = "--check-aof needs the path of a log, or of its directory";
  return arguments;
}

}  // namespace

Arguments parse_arguments(std::span<const std::string_view> words) {
  Arguments arguments;
  if (words.empty()) return arguments;

  const std::string_view first = words[0];
  if (first == "-v" || first == "--version") arguments.action = Arguments::Action::kVersion;
  if (first == "-h" || first == "--help") arguments.action = Arguments::Action::kHelp;
  if (first == "--config-reference") arguments.action = Arguments::Action::kConfigReference;
  if (first == "--check-aof") return parse_check(words.subspan(1));
  if (arguments.action != Arguments::Action::kRun) return arguments;

  for (size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const bool between_directives = arguments.directives.empty() || i + 1 == words.size();
    if (word == "-" && between_directives) {
      arguments.config_from_input = true;
    } else if (word.starts_with("--") && word.size() > 2) {
      arguments.directives.push_back({std::string(word.substr(2))});
    } else if (!arguments.directives.empty()) {
      arguments.directives.back().emplace_back(word);
    } else if (i == 0) {
      arguments.config_file = word;
    } else {
      arguments.error = "'" + std::string(word) + "' belongs to no directive";
      return arguments;
    }
  }
  for (auto& directive : arguments.directives) {
    if (directive.size() == 1) directive.emplace_back();  // --save alone stands for --save ""
  }
  return arguments;
}

std::string_view usage() {
  return "Usage: sluice-server [/path/to/sluice.conf] [-] [--directive value ...] ...\n"
         "       sluice-server --version | -v\n"
         "       sluice-server --help | -h\n"
         "       sluice-server --config-reference          every directive with its meaning and its default\n"
         "       sluice-server --check-aof PATH [--fix]    checks a log; --fix cuts off what is damaged at "
         "its end\n"
         "\n"
         "  -  reads directives from standard input.\n"
         "\n"
         "Examples:\n"
         "       sluice-server\n"
         "       sluice-server conf/sluice.conf --port 7000\n"
         "       sluice-server --port 7000 --dir /var/lib/sluice --appendfsync always\n"
         "       echo 'maxmemory 512mb' | sluice-server -\n";
}

}  // namespace sluice::core
