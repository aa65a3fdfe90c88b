// SPDX-License-Identifier: MIT
//
// Small questions about the server: its time, its size, its state as a digest.
#include <string>

#include "engine/base/ascii.h"
#include "server/commands/groups.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::Session;

// Seconds since 1970 and microseconds. The server's clock has milliseconds, and stands still within a turn.
Result<void> time(CommandCall& call) {
  const int64_t now = call.stamp.now.count;
  call.reply.array(2);
  call.reply.bulk_integer(now / 1000);
  call.reply.bulk_integer(now % 1000 * 1000);
  return {};
}

Result<void> dbsize(CommandCall& call) {
  call.reply.unsigned_integer(call.keyspace().size(call.db()));
  return {};
}

// --- DEBUG

bool is_local(const Session& session) {
  const std::string_view address = session.address;
  return address.starts_with("127.") || address.starts_with("[::1]") || address.starts_with("::1") ||
         address.starts_with("/");
}

bool debug_allowed(const CommandCall& call) {
  switch (call.server.config.settings().enable_debug_command) {
    case core::DebugCommand::kNo:
      return false;
    case core::DebugCommand::kLocal:
      return is_local(call.session);
    case core::DebugCommand::kYes:
      return true;
  }
  return false;
}

Result<void> debug(CommandCall& call) {
  if (!debug_allowed(call)) {
    return call.fail(
        "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run "
        "it "
        "from a local connection, otherwise you need to set this option in the configuration file, and then "
        "restart the server.");
  }
  if (call.words.size() == 2 && equals_folded(call.words[1], "digest")) {
    call.reply.simple(call.server.digest());
    return {};
  }
  return call.fail(std::string("ERR unknown subcommand or wrong number of arguments for '")
                       .append(call.words[1])
                       .append("'. Try DEBUG HELP."));
}

constexpr core::Group kGroup = core::Group::kServer;

constexpr CommandSpec kRows[] = {
    {.name = "time",
     .handler = time,
     .arity = Arity::exactly(1),
     .flags = core::kLoading | core::kStale | core::kFast,
     .group = kGroup,
     .since = "2.6.0",
     .complexity = "O(1)",
     .summary = "Tells the server's time: seconds since 1970, and microseconds."},
    {.name = "dbsize",
     .handler = dbsize,
     .arity = Arity::exactly(1),
     .flags = core::kReadOnly | core::kFast,
     .group = kGroup,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Counts the keys of the database."},
    {.name = "debug",
     .syntax = "<DIGEST>",
     .handler = debug,
     .arity = Arity::at_least(2),
     .flags = core::kAdmin | core::kNoScript | core::kLoading | core::kStale,
     .group = kGroup,
     .since = "1.0.0",
     .complexity = "O(N), N the size of the state",
     .summary =
         "Tells a digest of the whole logged state, for tests; off unless enable-debug-command allows it."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> introspection_commands() {
  return kRows;
}

}  // namespace sluice::commands
