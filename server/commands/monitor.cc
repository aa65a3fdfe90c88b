// SPDX-License-Identifier: MIT
//
// MONITOR: watch every command that the server runs.
#include "server/commands/groups.h"
#include "server/core/command_spec.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

using core::Arity;
using core::CommandCall;
using core::CommandSpec;

Result<void> monitor(CommandCall& call) {
  if (call.session.in_exec) return call.fail("ERR MONITOR isn't allowed for DENY BLOCKING client");
  call.server.monitors.add(call.session);
  call.reply.ok();
  return {};
}

constexpr CommandSpec kRows[] = {
    {.name = "monitor",
     .handler = monitor,
     .arity = Arity::exactly(1),
     .flags = core::kAdmin | core::kNoScript | core::kLoading | core::kStale,
     .group = core::Group::kServer,
     .since = "1.0.0",
     .complexity = "O(1); from then on every command costs one line for each who watches",
     .summary =
         "Shows every command that is run from now on, but for passwords and commands of administration."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> monitor_commands() {
  return kRows;
}

}  // namespace sluice::commands
