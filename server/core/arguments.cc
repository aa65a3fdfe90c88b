// SPDX-License-Identifier: MIT
//
// See arguments.h.
#include "server/core/arguments.h"

#include "engine/base/ascii.h"
#include "server/core/config_text.h"

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

// "--timeout 5" may come as one word.
std::vector<std::string> name_and_values(std::string_view text) {
  return split_words(text).value_or(std::vector<std::string>{std::string(text)});
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

  const bool has_file = !first.starts_with('-');
  if (has_file) arguments.config_file = first;
  bool value_follows = false;  // also one that begins with --: it may be a password
  for (size_t i = has_file ? 1 : 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const bool last = i + 1 == words.size();
    auto& directives = arguments.directives;
    if (word == "-" && (directives.empty() || last)) {
      arguments.config_from_input = true;
    } else if (word.starts_with("--") && !value_follows) {
      directives.push_back(name_and_values(word.substr(2)));
      const bool alone = last || words[i + 1].starts_with("--");
      const bool is_name = directives.back().size() == 1;
      if (is_name && alone && equals_folded(directives.back()[0], "save")) {
        directives.back().emplace_back();  // --save alone stands for --save ""
      } else {
        value_follows = is_name;
      }
    } else {
      if (directives.empty()) {
        arguments.error = "'" + std::string(word) + "' belongs to no directive";
        return arguments;
      }
      directives.back().emplace_back(word);
      value_follows = false;
    }
  }
  std::erase_if(arguments.directives, [](const auto& directive) { return directive.empty(); });
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
