// SPDX-License-Identifier: MIT
//
// CONFIG: the settings at run time. What there is, and what may change, is the table of core/directives.h.
#include "server/commands/groups.h"
#include "server/commands/help.h"
#include "server/core/directives.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

using core::Arity;
using core::CommandCall;
using core::CommandSpec;

Result<void> config_get(CommandCall& call) {
  const auto found = call.server.config.get(call.words.subspan(2));
  call.reply.map(found.size());
  for (const auto& [name, value] : found) {
    call.reply.bulk(name);
    call.reply.bulk(value);
  }
  return {};
}

Result<void> config_set(CommandCall& call) {
  const core::Words names_and_values = call.words.subspan(2);
  if (names_and_values.size() % 2 != 0) return Error::kSyntax;
  for (size_t i = 0; i < names_and_values.size(); i += 2) {
    if (core::is_secret(names_and_values[i])) call.server.slow_log.hide(2 + i + 1);
  }
  if (const auto refusal = call.server.config.set_many(names_and_values)) return call.fail(*refusal);
  for (size_t i = 0; i < names_and_values.size(); i += 2)
    call.server.setting_changed(names_and_values[i]);
  call.reply.ok();
  return {};
}

Result<void> config_resetstat(CommandCall& call) {
  call.server.metrics = {};
  call.server.metrics.restart_rates(call.server.sequencer.mono_now());
  call.server.commands.reset_stats();
  call.reply.ok();
  return {};
}

constexpr core::Group kGroup = core::Group::kServer;
constexpr uint32_t kFlags = core::kAdmin | core::kNoScript | core::kLoading | core::kStale;

constexpr CommandSpec kConfigRows[] = {
    {.name = "get",
     .syntax = "(parameter)...",
     .handler = config_get,
     .arity = Arity::at_least(3),
     .flags = kFlags,
     .group = kGroup,
     .since = "2.0.0",
     .complexity = "O(N), N the number of directives times that of patterns",
     .summary = "Tells the values of the directives that match a pattern."},
    {.name = "set",
     .syntax = "(parameter value)...",
     .handler = config_set,
     .arity = Arity::at_least(4),
     .flags = kFlags,
     .group = kGroup,
     .since = "2.0.0",
     .complexity = "O(N), N the number of directives set",
     .summary = "Changes directives, all of them or none."},
    {.name = "resetstat",
     .handler = config_resetstat,
     .arity = Arity::exactly(2),
     .flags = kFlags,
     .group = kGroup,
     .since = "2.0.0",
     .complexity = "O(N), N the number of commands",
     .summary = "Sets the statistics that INFO tells back to zero."},
    help_row(kGroup, "5.0.0"),
};
static_assert(core::well_formed(kConfigRows));

constexpr CommandSpec kRows[] = {
    {.name = "config",
     .arity = Arity::at_least(2),
     .group = kGroup,
     .since = "2.0.0",
     .complexity = "Depends on the subcommand",
     .summary = "The settings at run time.",
     .subcommands = kConfigRows},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> config_commands() {
  return kRows;
}

}  // namespace sluice::commands
