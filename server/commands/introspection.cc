// SPDX-License-Identifier: MIT
//
// Small questions about the server: its time, its size, its picture.
#include <string>

#include "engine/base/ascii.h"
#include "engine/base/number_text.h"
#include "server/commands/groups.h"
#include "server/core/server.h"
#include "server/core/version.h"

namespace sluice::commands {
namespace {

using core::Arity;
using core::CommandCall;
using core::CommandSpec;

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

// --- LOLWUT

// Water falls over a gate: as wide as a terminal, the same each time.
constexpr std::string_view kPicture =
    "        ||====||\n"
    "~~~~~~~~||    ||\n"
    "  ~  ~  ||____||\n"
    "~   ~   | .  . |\\_~_~_~__~_~_~_\n"
    " ~  ~ ~ |______| ~  ~~  ~   ~ ~\n";

Result<void> lolwut(CommandCall& call) {
  if (call.words.size() >= 3 && equals_folded(call.words[1], "VERSION") && !parse_i64(call.words[2]))
    return Error::kNotInteger;
  std::string text(kPicture);
  text.append("\nSluice ver. ").append(core::kVersion).append("\n");
  call.reply.verbatim("txt", text);
  return {};
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
    {.name = "lolwut",
     .syntax = "[VERSION version:integer]",
     .handler = lolwut,
     .arity = Arity::at_least(1),
     .flags = core::kReadOnly | core::kFast,
     .group = kGroup,
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Draws a picture and tells the server's version."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> introspection_commands() {
  return kRows;
}

}  // namespace sluice::commands
