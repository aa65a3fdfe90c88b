// SPDX-License-Identifier: MIT
#include "server/commands/help.h"

#include <string>

#include "engine/base/ascii.h"
#include "engine/base/check.h"
#include "server/core/command_syntax.h"
#include "server/core/server.h"

namespace sluice::commands {

Result<void> help(core::CommandCall& call) {
  const core::CommandSpec* container = call.server.commands.find(call.words[0]);
  CHECK(container != nullptr && !container->subcommands.empty());

  std::string first = to_upper(container->name);
  first += " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:";
  call.reply.array(1 + 2 * container->subcommands.size());
  call.reply.simple(first);
  for (const core::CommandSpec& row : container->subcommands) {
    call.reply.simple(core::format_syntax(row));
    call.reply.simple(std::string("    ").append(row.summary));
  }
  return {};
}

}  // namespace sluice::commands
