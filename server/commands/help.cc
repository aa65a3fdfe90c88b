// SPDX-License-Identifier: MIT
#include "server/commands/help.h"

#include <algorithm>

#include "engine/base/ascii.h"
#include "engine/base/check.h"
#include "server/core/command_syntax.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

constexpr size_t kColumnsMax = 78;
constexpr std::string_view kIndent = "    ";

// In lines of kColumnsMax, if the words allow; all but the first begin with `indent`.
void append_wrapped(std::vector<std::string>& lines, std::string_view text, std::string_view indent) {
  bool first = true;
  while (!text.empty()) {
    const size_t room = kColumnsMax - (first ? 0 : indent.size());
    size_t end = text.size();
    if (end > room) {
      end = text.rfind(' ', room);
      if (end == std::string_view::npos) end = std::min(text.find(' '), text.size());
    }
    lines.push_back(std::string(first ? std::string_view() : indent).append(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
    first = false;
  }
}

}  // namespace

void HelpLines::add(std::string_view usage, std::string_view summary) {
  const size_t name = std::min(usage.find(' '), usage.size());
  append_wrapped(lines_, usage, std::string(name + 1, ' '));
  append_wrapped(lines_, std::string(kIndent).append(summary), kIndent);
}

void HelpLines::reply(core::CommandCall& call, std::string_view container) const {
  call.reply.array(1 + lines_.size());
  call.reply.simple(to_upper(container) + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (const std::string& line : lines_)
    call.reply.simple(line);
}

Error fail_usage(core::CommandCall& call) {
  std::string text = "ERR unknown subcommand or wrong number of arguments for '";
  text.append(call.words[1]).append("'. Try ").append(to_upper(call.words[0])).append(" HELP.");
  return call.fail(std::move(text));
}

Result<void> help(core::CommandCall& call) {
  const core::CommandSpec* container = call.server.commands.find(call.words[0]);
  CHECK(container != nullptr && !container->subcommands.empty());
  HelpLines lines;
  const auto add = [&lines](const core::CommandSpec& row) {
    lines.add(core::format_usage(row), row.summary);
  };
  for (const core::CommandSpec& row : container->subcommands) {
    if (row.name != "help" && (row.flags & core::kInternal) == 0) add(row);
  }
  for (const core::CommandSpec& row : container->subcommands) {
    if (row.name == "help") add(row);
  }
  lines.reply(call, container->name);
  return {};
}

}  // namespace sluice::commands
