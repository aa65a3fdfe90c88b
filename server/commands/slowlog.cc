// SPDX-License-Identifier: MIT
//
// SLOWLOG: which commands took long. What is noted, and how long it is kept, is core/slow_log.h.
#include <algorithm>

#include "server/commands/groups.h"
#include "server/commands/help.h"
#include "server/core/args.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::SlowCommand;

constexpr size_t kShownByDefault = 10;

void reply_slow_command(protocol::ReplyWriter& reply, const SlowCommand& command) {
  reply.array(7);
  reply.unsigned_integer(command.id);
  reply.integer(command.at.count / 1000);
  reply.unsigned_integer(command.microseconds);
  reply.array(command.words.size());
  for (const std::string& word : command.words)
    reply.bulk(word);
  reply.bulk(command.address);
  reply.bulk(command.client_name);
  reply.unsigned_integer(command.words_all);
}

Result<void> slowlog_get(CommandCall& call) {
  if (call.words.size() > 3) {
    return fail_usage(call);
  }
  const auto& commands = call.server.slow_log.commands();
  size_t count = kShownByDefault;
  if (call.words.size() == 3) {
    const auto wanted = parse_i64(call.words[2]);
    if (!wanted || *wanted < -1) return call.fail("ERR count should be greater than or equal to -1");
    count = *wanted == -1 ? commands.size() : static_cast<size_t>(*wanted);
  }
  count = std::min(count, commands.size());
  call.reply.array(count);
  for (size_t i = 0; i < count; ++i)
    reply_slow_command(call.reply, commands[i]);
  return {};
}

Result<void> slowlog_len(CommandCall& call) {
  call.reply.unsigned_integer(call.server.slow_log.commands().size());
  return {};
}

Result<void> slowlog_reset(CommandCall& call) {
  call.server.slow_log.clear();
  call.reply.ok();
  return {};
}

constexpr core::Group kGroup = core::Group::kServer;
constexpr uint32_t kFlags = core::kAdmin | core::kLoading | core::kStale;

constexpr CommandSpec kSlowlogRows[] = {
    {.name = "get",
     .syntax = "[count:integer]",
     .handler = slowlog_get,
     .arity = Arity::at_least(2),
     .flags = kFlags,
     .group = kGroup,
     .since = "2.2.12",
     .complexity = "O(N), N the number of commands returned",
     .summary =
         "Tells the newest slow commands: id, time, microseconds, words, client's address and name, words in "
         "all."},
    {.name = "len",
     .handler = slowlog_len,
     .arity = Arity::exactly(2),
     .flags = kFlags,
     .group = kGroup,
     .since = "2.2.12",
     .complexity = "O(1)",
     .summary = "Counts the slow commands that are kept."},
    {.name = "reset",
     .handler = slowlog_reset,
     .arity = Arity::exactly(2),
     .flags = kFlags,
     .group = kGroup,
     .since = "2.2.12",
     .complexity = "O(N), N the number of commands kept",
     .summary = "Forgets the slow commands."},
    help_row(kGroup, "6.2.0"),
};
static_assert(core::well_formed(kSlowlogRows));

constexpr CommandSpec kRows[] = {
    {.name = "slowlog",
     .arity = Arity::at_least(2),
     .group = kGroup,
     .since = "2.2.12",
     .complexity = "Depends on the subcommand",
     .summary = "The commands that took long.",
     .subcommands = kSlowlogRows},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> slowlog_commands() {
  return kRows;
}

}  // namespace sluice::commands
