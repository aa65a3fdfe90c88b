// SPDX-License-Identifier: MIT
//
// MODULE: there are none, and none can be loaded. Tools list them all the same.
#include "server/commands/groups.h"
#include "server/commands/help.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

using core::Arity;
using core::CommandCall;
using core::CommandSpec;

Result<void> module_list(CommandCall& call) {
  call.reply.array(0);
  return {};
}

Result<void> module_load(CommandCall& call) {
  call.server.seams.notices.write(core::NoticeLevel::kWarning,
                                  "This server can load no module: " + std::string(call.words[2]));
  return call.fail("ERR Error loading the extension. Please check the server logs.");
}

Result<void> module_unload(CommandCall& call) {
  return call.fail("ERR Error unloading module: no such module with that name");
}

constexpr core::Group kGroup = core::Group::kServer;
constexpr uint32_t kFlags = core::kAdmin | core::kNoScript;

constexpr CommandSpec kModuleRows[] = {
    {.name = "list",
     .handler = module_list,
     .arity = Arity::exactly(2),
     .flags = kFlags,
     .group = kGroup,
     .since = "4.0.0",
     .complexity = "O(1)",
     .summary = "Lists the modules that are loaded, which are none."},
    {.name = "load",
     .syntax = "path [arg...]",
     .handler = module_load,
     .arity = Arity::at_least(3),
     .flags = kFlags | core::kProtected,
     .group = kGroup,
     .since = "4.0.0",
     .complexity = "O(1)",
     .summary = "Refused: this server can load no module."},
    {.name = "loadex",
     .syntax = "path [CONFIG configs:(name value)]... [ARGS args...]",
     .handler = module_load,
     .arity = Arity::at_least(3),
     .flags = kFlags | core::kProtected,
     .group = kGroup,
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Refused: this server can load no module."},
    {.name = "unload",
     .syntax = "name",
     .handler = module_unload,
     .arity = Arity::exactly(3),
     .flags = kFlags | core::kProtected,
     .group = kGroup,
     .since = "4.0.0",
     .complexity = "O(1)",
     .summary = "Refused: no module is loaded."},
    help_row(kGroup, "5.0.0"),
};
static_assert(core::well_formed(kModuleRows));

constexpr CommandSpec kRows[] = {
    {.name = "module",
     .arity = Arity::at_least(2),
     .group = kGroup,
     .since = "4.0.0",
     .complexity = "Depends on the subcommand",
     .summary = "Modules, of which there are none.",
     .subcommands = kModuleRows},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> module_commands() {
  return kRows;
}

}  // namespace sluice::commands
