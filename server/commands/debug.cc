// SPDX-License-Identifier: MIT
//
// DEBUG: what test suites ask of a server. Only where enable-debug-command allows it.
#include <cstdio>
#include <string>

#include "engine/base/ascii.h"
#include "engine/base/check.h"
#include "engine/base/glob.h"
#include "engine/base/number_text.h"
#include "engine/digest.h"
#include "engine/snapshot.h"
#include "server/commands/config_file.h"
#include "server/commands/debug_process.h"
#include "server/commands/debug_protocol.h"
#include "server/commands/debug_value.h"
#include "server/commands/groups.h"
#include "server/commands/help.h"
#include "server/core/config_text.h"
#include "server/core/reload.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

using core::Arity;
using core::CommandCall;
using core::CommandSpec;

Result<void> done(CommandCall& call) {
  call.reply.ok();
  return {};
}

// --- State

Result<void> digest(CommandCall& call) {
  call.reply.simple(call.server.digest());
  return {};
}

Result<void> reload_state(CommandCall& call) {
  if (call.server.commit.rewrite().walking()) return call.fail("ERR a rewrite of the log is in progress");
  const std::string why = core::reload(call.server);
  if (why.empty()) return done(call);
  CHECK(!"what was written down could not be read back");
  return Error::kReplied;
}

Result<void> reload(CommandCall& call) {
  for (const std::string_view option : call.words.subspan(2)) {
    if (!equals_folded(option, "MERGE") && !equals_folded(option, "NOFLUSH") &&
        !equals_folded(option, "NOSAVE"))
      return call.fail("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
  }
  return reload_state(call);
}

Result<void> set_active_expire(CommandCall& call) {
  call.server.set_active_expire(parse_i64(call.words[2]).value_or(0) != 0);
  return done(call);
}

// --- POPULATE count [prefix] [size]

constexpr int64_t kPopulateKeysMax = 100'000'000;
constexpr int64_t kPopulateBytesMax = 512 << 20;

Result<void> populate(CommandCall& call) {
  const auto count = parse_i64(call.words[2]);
  if (!count || *count < 0 || *count > kPopulateKeysMax)
    return call.fail("ERR value is out of range, must be positive");
  const std::string prefix(call.words.size() >= 4 ? call.words[3] : std::string_view("key"));
  std::optional<int64_t> size;
  if (call.words.size() == 5) {
    size = parse_i64(call.words[4]);
    if (!size || *size < 0 || *size > kPopulateBytesMax)
      return call.fail("ERR value is out of range, must be positive");
  }
  for (int64_t i = 0; i < *count; ++i) {
    const std::string key = prefix + ":" + std::to_string(i);
    if (call.keyspace().find(call.db(), key) != nullptr) continue;
    std::string value = "value:" + std::to_string(i);
    if (size.value_or(0) > 0) value.resize(static_cast<size_t>(*size));
    call.keyspace().set_string(call.db(), key, value);
    call.log_as({"SET", key, value});
    call.changed(key, core::KeyEvent::kSet);
  }
  return done(call);
}

// --- The process

Result<void> note(CommandCall& call) {
  call.server.seams.notices.write(core::NoticeLevel::kWarning, "DEBUG LOG: " + std::string(call.words[2]));
  return done(call);
}

Result<void> crash(CommandCall&) {
  CHECK(!"DEBUG was told to crash the server");
  return {};
}

Result<void> change_replication_id(CommandCall& call) {
  call.server.change_replication_id();
  return done(call);
}

// --- Replies

Result<void> error(CommandCall& call) {
  return call.fail(call.words[2]);
}

Result<void> matches(CommandCall& call) {
  call.reply.integer(glob_matches(call.words[2], call.words[3], LetterCase::kExact));
  return {};
}

Result<void> packed_threshold(CommandCall& call) {
  constexpr uint64_t kBytesMax = (uint64_t{4} << 30) - (1u << 20);
  const auto bytes = core::parse_memory(call.words[2]);
  if (!bytes || *bytes > kBytesMax)
    return call.fail("ERR argument must be a memory value bigger than 1 and smaller than 4gb");
  return done(call);
}

constexpr std::string_view kLetters = "aab*?[]^-\\";

// Patterns and texts at random, of few letters, so that they match now and then.
Result<void> matches_at_random(CommandCall& call) {
  constexpr int kTries = 10'000;
  constexpr size_t kBytesMax = 24;
  const auto draw = [&entropy = call.server.seams.entropy](std::string& text) {
    text.resize(entropy.draw() % kBytesMax);
    for (char& letter : text)
      letter = kLetters[entropy.draw() % kLetters.size()];
  };
  std::string pattern;
  std::string text;
  for (int i = 0; i < kTries; ++i) {
    draw(pattern);
    draw(text);
    (void)glob_matches(pattern, text, LetterCase::kExact);
  }
  call.reply.simple("Apparently the server did not crash: test passed");
  return {};
}

// --- What is not here, asked for as if it were

Result<void> reply_buffer(CommandCall& call) {
  const std::string_view option = call.words[2];
  const std::string_view value = call.words[3];
  if (equals_folded(option, "RESIZING")) return done(call);
  if (!equals_folded(option, "PEAK-RESET-TIME")) return fail_usage(call);
  const bool is_word = equals_folded(value, "NEVER") || equals_folded(value, "RESET");
  if (!is_word && !parse_i64(value)) return Error::kNotInteger;
  return done(call);
}

Result<void> packet_filter(CommandCall& call) {
  return parse_i64(call.words[2]) ? done(call) : Result<void>(Error::kNotInteger);
}

Result<void> cluster_link(CommandCall& call) {
  return call.fail("ERR Debug option only available for cluster mode enabled setup!");
}

Result<void> client_eviction(CommandCall& call) {
  return call.fail("ERR maxmemory-clients is disabled.");
}

Result<void> rewrite_with_defaults(CommandCall& call) {
  if (const auto error = rewrite_config(call.server, true)) return call.fail(*error);
  return done(call);
}

// --- The table

struct DebugRow {
  std::string_view name;
  std::string_view arguments;
  size_t words_min;  // DEBUG and the name among them
  size_t words_max;
  core::Handler handler;
  std::string_view summary;
};

constexpr size_t kAny = SIZE_MAX;
constexpr std::string_view kNothing = "Accepted, and without effect: there is no such thing here.";

Result<void> debug_help(CommandCall& call);

constexpr DebugRow kDebugRows[] = {
    {"AOF-FLUSH-SLEEP", "<microseconds>", 3, 3, done, kNothing},
    {"ASSERT", "", 2, 2, crash, "End the process as a broken invariant does."},
    {"CHANGE-REPL-ID", "", 2, 2, change_replication_id, "Draw another replication ID."},
    {"CLIENT-EVICTION", "", 2, 2, client_eviction, "Refused: no client is closed for want of memory."},
    {"CLUSTERLINK", "KILL (to|from|all) <node-id>", 3, 5, cluster_link, "Refused: there is no cluster."},
    {"CONFIG-REWRITE-FORCE-ALL", "", 2, 2, rewrite_with_defaults,
     "CONFIG REWRITE, with the directives that are at their defaults too."},
    {"CRASH-AND-RECOVER", "[<milliseconds>]", 2, 3, debug_crash_and_recover,
     "Begin the process anew, after so long, as if it had crashed."},
    {"DICT-RESIZING", "(0|1)", 3, 3, done, kNothing},
    {"DIGEST", "", 2, 2, digest, "Tell a digest of the whole logged state."},
    {"DIGEST-VALUE", "[<key> ...]", 2, kAny, debug_digest_value, "Tell a digest of the value of each key."},
    {"DROP-CLUSTER-PACKET-FILTER", "<type>", 3, 3, packet_filter, kNothing},
    {"ERROR", "<text>", 3, 3, error, "Reply with this error."},
    {"HTSTATS", "<database> [full]", 3, kAny, debug_table,
     "Tell how many keys a database has, and what its table takes."},
    {"HTSTATS-KEY", "<key> [full]", 3, kAny, debug_table_of_key, "The same for the table of a value."},
    {"LEAK", "<text>", 3, 3, done, kNothing},
    {"LISTPACK", "<key>", 3, 3, debug_listpack, "Tell the server's log how a small value is held."},
    {"LOADAOF", "", 2, 2, reload_state, "Write the state down, forget it, and read it back."},
    {"LOG", "<text>", 3, 3, note, "Write this to the server's log for people."},
    {"MALLCTL", "<name> [<value>]", 3, 4, debug_allocator_number,
     "Tell a number of the allocator's, and set it if there is a new one."},
    {"MALLCTL-STR", "<name> [<value>]", 3, 4, debug_allocator_text, "The same for a text."},
    {"OBJECT", "<key> [fast]", 3, 4, debug_object, "Tell how a value is held; fast leaves its length out."},
    {"OOM", "", 2, 2, crash, "End the process as running out of memory does."},
    {"PANIC", "", 2, 2, crash, "End the process as a broken invariant does."},
    {"PAUSE-CRON", "(0|1)", 3, 3, done, kNothing},
    {"POPULATE", "<count> [<prefix>] [<size>]", 3, 5, populate,
     "Make string keys prefix:0, prefix:1 and so on."},
    {"PROTOCOL", "<type>", 3, 3, debug_protocol,
     "Reply with a value of this type of the protocol: string, integer, double, bignum, null, array, set, "
     "map, "
     "attrib, push, verbatim, true, false."},
    {"QUICKLIST", "<key> [(0|1)]", 3, 4, debug_quicklist, "Tell the server's log how a long list is held."},
    {"QUICKLIST-PACKED-THRESHOLD", "<bytes>", 3, 3, packed_threshold, kNothing},
    {"RELOAD", "[MERGE] [NOFLUSH] [NOSAVE]", 2, kAny, reload,
     "Write the state down, forget it, and read it back."},
    {"REPLICATE", "<command> ...", 3, kAny, done, kNothing},
    {"REPLYBUFFER", "PEAK-RESET-TIME (NEVER|RESET|<milliseconds>)", 4, 4, reply_buffer, kNothing},
    {"REPLYBUFFER", "RESIZING (0|1)", 4, 4, reply_buffer, kNothing},
    {"RESTART", "[<milliseconds>]", 2, 3, debug_restart,
     "Write the configuration and the log, and begin the process anew, after so long."},
    {"SDSLEN", "<key>", 3, 3, debug_string_length, "Tell how long a key and its string are."},
    {"SEGFAULT", "", 2, 2, crash, "End the process as a broken invariant does."},
    {"SET-ACTIVE-EXPIRE", "(0|1)", 3, 3, set_active_expire,
     "With 0, keys whose time is over go when they are asked for, and not before."},
    {"SET-DISABLE-DENY-SCRIPTS", "(0|1)", 3, 3, done, kNothing},
    {"SET-SKIP-CHECKSUM-VALIDATION", "(0|1)", 3, 3, done, kNothing},
    {"SLEEP", "<seconds>", 3, 3, debug_sleep, "Do nothing for so long, and keep all clients waiting."},
    {"STRINGMATCH-LEN", "<pattern> <text>", 4, 4, matches, "Tell whether a pattern matches a text."},
    {"STRINGMATCH-TEST", "", 2, 2, matches_at_random, "Match patterns and texts at random."},
    {"STRUCTSIZE", "", 2, 2, debug_sizes, "Tell the sizes of what is kept for each key and each client."},
    {"HELP", "", 2, 2, debug_help, "Tell what there is."},
};

Result<void> debug_help(CommandCall& call) {
  HelpLines lines;
  for (const DebugRow& row : kDebugRows)
    lines.add(std::string(row.name).append(row.arguments.empty() ? "" : " ").append(row.arguments),
              row.summary);
  lines.reply(call, "debug");
  return {};
}

Result<void> debug(CommandCall& call) {
  for (const DebugRow& row : kDebugRows) {
    if (!equals_folded(row.name, call.words[1])) continue;
    if (call.words.size() < row.words_min || call.words.size() > row.words_max) break;
    return row.handler(call);
  }
  return fail_usage(call);
}

constexpr CommandSpec kRows[] = {
    {.name = "debug",
     .syntax = "subcommand [argument...]",
     .handler = debug,
     .arity = Arity::at_least(2),
     .flags = core::kAdmin | core::kNoScript | core::kLoading | core::kStale | core::kProtected,
     .group = core::Group::kServer,
     .since = "1.0.0",
     .complexity = "Depends on the subcommand",
     .summary = "What tests ask of a server; off unless enable-debug-command allows it."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> debug_commands() {
  return kRows;
}

}  // namespace sluice::commands
