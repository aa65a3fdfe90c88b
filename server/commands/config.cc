// SPDX-License-Identifier: MIT
//
// CONFIG: the settings at run time. What there is, and what may change, is the table of core/directives.h.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/ascii.h"
#include "server/commands/config_file.h"
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

// Does what the setting appendonly says now. What is wrong, or nothing.
std::optional<std::string> begin_or_end_log(CommandCall& call) {
  core::Commit& commit = call.server.commit;
  const bool wanted = call.server.config.settings().appendonly;
  if (wanted == (commit.log() != nullptr)) return std::nullopt;
  // The log begins and ends between transactions.
  if (commit.in_group()) return "it cannot be changed in a transaction";
  const auto why = wanted ? commit.begin_log() : commit.end_log();
  if (!why) return std::nullopt;
  call.server.seams.notices.write(core::NoticeLevel::kWarning, "CONFIG SET appendonly failed: " + *why);
  return wanted ? "Unable to turn on AOF. Check server logs." : *why;
}

// Has the system room for them? What is wrong, or nothing.
std::optional<std::string> make_room_for_clients(CommandCall& call) {
  const int64_t wanted = call.server.config.settings().maxclients;
  if (!call.server.facts.room_for_clients) return std::nullopt;
  const int64_t room = call.server.facts.room_for_clients(wanted);
  if (room >= wanted) return std::nullopt;
  return "The operating system is not able to handle the specified number of clients, try with " +
         std::to_string(room);
}

// Listens as the settings say now. What is wrong, or nothing.
std::optional<std::string> listen(CommandCall& call, std::string_view told) {
  if (!call.server.facts.listen) return std::nullopt;
  const auto why = call.server.facts.listen(call.server.config.settings());
  if (!why) return std::nullopt;
  call.server.seams.notices.write(core::NoticeLevel::kWarning, "CONFIG SET failed: " + *why);
  return std::string(told);
}

// Does what hangs on the settings of now and can go wrong. The name of the one that could not be, and why, or nothing;
// then the caller puts the settings of before in place, and calls again for those that were done.
struct Failure {
  std::string_view directive;
  std::string why;
};
std::optional<Failure> apply(CommandCall& call, core::Words names_and_values) {
  bool listened = false;
  for (size_t i = 0; i < names_and_values.size(); i += 2) {
    const std::string_view name = names_and_values[i];
    std::optional<std::string> why;
    if (equals_folded(name, "maxclients")) why = make_room_for_clients(call);
    if (equals_folded(name, "appendonly")) why = begin_or_end_log(call);
    const bool is_port = equals_folded(name, "port");
    if ((is_port || equals_folded(name, "bind")) && !std::exchange(listened, true)) {
      why = listen(call, is_port ? "Unable to listen on this port. Check server logs."
                                 : "Failed to bind to specified addresses.");
    }
    if (why) return Failure{name, *why};
  }
  return std::nullopt;
}

Result<void> config_set(CommandCall& call) {
  const core::Words names_and_values = call.words.subspan(2);
  if (names_and_values.size() % 2 != 0) return Error::kSyntax;
  for (size_t i = 0; i < names_and_values.size(); i += 2) {
    if (core::is_secret(names_and_values[i])) call.server.slow_log.hide(2 + i + 1);
  }
  const core::Config before = call.server.config;
  if (const auto refusal = call.server.config.set_many(names_and_values)) return call.fail(*refusal);
  if (const auto failure = apply(call, names_and_values)) {
    call.server.config = before;
    if (const auto again = apply(call, names_and_values)) {
      call.server.seams.notices.write(
          core::NoticeLevel::kWarning,
          "CONFIG SET could not take '" + std::string(again->directive) + "' back: " + again->why);
    }
    return call.fail("ERR CONFIG SET failed (possibly related to argument '" +
                     std::string(failure->directive) + "') - " + failure->why);
  }
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

Result<void> config_rewrite(CommandCall& call) {
  if (const auto error = rewrite_config(call.server, false)) return call.fail(*error);
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
    {.name = "rewrite",
     .handler = config_rewrite,
     .arity = Arity::exactly(2),
     .flags = kFlags,
     .group = kGroup,
     .since = "2.8.0",
     .complexity = "O(N), N the size of the file",
     .summary = "Writes the settings of now into the configuration file, comments kept."},
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
