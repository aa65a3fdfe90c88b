// SPDX-License-Identifier: MIT
//
// What an operator does: empties databases, rewrites the log, stops the server.
#include <string>

#include "server/commands/groups.h"
#include "server/commands/last_save.h"
#include "server/core/args.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

using core::Args;
using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::Commit;
using core::Server;

// --- Emptying

// Large values are freed in steps anyhow; ASYNC and SYNC are accepted and make no difference.
Result<void> flush_arguments(CommandCall& call) {
  Args args(call.words);
  if (!args.accept("ASYNC")) args.accept("SYNC");
  return args.done();
}

Result<void> flushdb(CommandCall& call) {
  TRY_VOID(flush_arguments(call));
  call.server.flush(call.db(), false);
  call.log();
  call.reply.ok();
  return {};
}

Result<void> flushall(CommandCall& call) {
  TRY_VOID(flush_arguments(call));
  call.server.flush(call.db(), true);
  call.log();
  call.reply.ok();
  return {};
}

// --- The log

// There are no snapshot files: what SAVE and BGSAVE are called for, a compact copy of all data on disk, is the new base
// that a rewrite makes.
Result<void> start_rewrite(CommandCall& call, std::string_view started, std::string_view running) {
  switch (call.server.commit.start_rewrite()) {
    case Commit::RewriteStart::kStarted:
      call.reply.simple(started);
      return {};
    case Commit::RewriteStart::kRunning:
      return call.fail(running);
    case Commit::RewriteStart::kNoLog:
      return call.fail("ERR nothing is kept on disk, because appendonly is off");
  }
  return Error::kSyntax;
}

Result<void> bgrewriteaof(CommandCall& call) {
  return start_rewrite(call, "Background append only file rewriting started",
                       "ERR Background append only file rewriting already in progress");
}

constexpr std::string_view kSaveRunning = "ERR Background save already in progress";

Result<void> save(CommandCall& call) {
  return start_rewrite(call, "OK", kSaveRunning);
}

Result<void> bgsave(CommandCall& call) {
  Args args(call.words);
  args.accept("SCHEDULE");
  TRY_VOID(args.done());
  return start_rewrite(call, "Background saving started", kSaveRunning);
}

Result<void> lastsave(CommandCall& call) {
  call.reply.integer(last_save(call.server).count / 1000);
  return {};
}

// --- The end

struct ShutdownOptions {
  bool now = false;
  bool abort = false;
  bool nosave = false;
};

Result<ShutdownOptions> shutdown_options(CommandCall& call) {
  ShutdownOptions options;
  bool save = false;
  Args args(call.words);
  while (args.more()) {
    if (args.accept("SAVE")) {
      save = true;
    } else if (args.accept("NOSAVE")) {
      options.nosave = true;
    } else if (args.accept("NOW") || args.accept("FORCE")) {
      options.now = true;
    } else if (args.accept("ABORT")) {
      options.abort = true;
    } else {
      return Error::kSyntax;
    }
  }
  if (save && options.nosave) return Error::kSyntax;
  if (options.abort && (save || options.nosave || options.now)) return Error::kSyntax;
  return options;
}

// What was written is always kept: NOSAVE only means that no snapshot is made, and there is none.
Result<void> shutdown(CommandCall& call) {
  TRY(const ShutdownOptions options, shutdown_options(call));
  if (options.abort) {
    if (call.server.shutdown_requested() == Server::Shutdown::kNo) {
      return call.fail("ERR No shutdown in progress.");
    }
    call.server.request_shutdown(Server::Shutdown::kNo);
    call.reply.ok();
    return {};
  }
  // No reply: that the connection ends is the answer.
  if (call.server.script != nullptr) {
    // What a script has done so far must not get into the log.
    if (!options.nosave) return call.fail(call.server.script->busy_text());
    call.server.facts.end_at_once();
  }
  call.server.request_shutdown(options.now ? Server::Shutdown::kNow : Server::Shutdown::kSave);
  return {};
}

// --- Rows

constexpr core::Group kGroup = core::Group::kServer;
constexpr uint32_t kAdminFlags = core::kAdmin | core::kNoScript;

constexpr CommandSpec kRows[] = {
    {.name = "flushall",
     .syntax = "async:[ASYNC|SYNC]",
     .handler = flushall,
     .arity = Arity::at_least(1),
     .flags = core::kWrite | core::kDangerous,
     .group = kGroup,
     .since = "1.0.0",
     .complexity = "O(N), N the number of keys",
     .summary = "Ends all keys of all databases. Queue policies stay."},
    {.name = "flushdb",
     .syntax = "async:[ASYNC|SYNC]",
     .handler = flushdb,
     .arity = Arity::at_least(1),
     .flags = core::kWrite | core::kDangerous,
     .group = kGroup,
     .since = "1.0.0",
     .complexity = "O(N), N the number of keys of the database",
     .summary = "Ends all keys of the database. Queue policies stay."},
    {.name = "bgrewriteaof",
     .handler = bgrewriteaof,
     .arity = Arity::exactly(1),
     .flags = kAdminFlags,
     .group = kGroup,
     .since = "1.0.0",
     .complexity = "O(N), N the number of keys, in steps beside other work",
     .summary = "Begins to write the log anew, without what has been overwritten or deleted."},
    {.name = "save",
     .handler = save,
     .arity = Arity::exactly(1),
     .flags = kAdminFlags | core::kNoMulti,
     .group = kGroup,
     .since = "1.0.0",
     .complexity = "O(N), N the number of keys, in steps beside other work",
     .summary = "The same as BGREWRITEAOF: there are no snapshot files."},
    {.name = "bgsave",
     .syntax = "[SCHEDULE]",
     .handler = bgsave,
     .arity = Arity::at_least(1),
     .flags = kAdminFlags,
     .group = kGroup,
     .since = "1.0.0",
     .complexity = "O(N), N the number of keys, in steps beside other work",
     .summary = "The same as BGREWRITEAOF: there are no snapshot files."},
    {.name = "lastsave",
     .handler = lastsave,
     .arity = Arity::exactly(1),
     .flags = core::kLoading | core::kStale | core::kFast | core::kDangerous,
     .group = kGroup,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Tells when the last rewrite ended, or the server began, in seconds since 1970."},
    {.name = "shutdown",
     .syntax = "[NOSAVE|SAVE] [NOW] [FORCE] [ABORT]",
     .handler = shutdown,
     .arity = Arity::at_least(1),
     .flags = kAdminFlags | core::kLoading | core::kStale | core::kNoMulti | core::kAllowBusy,
     .group = kGroup,
     .since = "1.0.0",
     .complexity = "O(N), N the number of bytes not yet on disk",
     .summary = "Writes what is left to the log and stops the server."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> admin_commands() {
  return kRows;
}

}  // namespace sluice::commands
