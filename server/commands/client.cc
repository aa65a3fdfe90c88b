// SPDX-License-Identifier: MIT
//
// CLIENT: this connection and the others.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/ascii.h"
#include "server/commands/client_filter.h"
#include "server/commands/client_name.h"
#include "server/commands/client_subcommands.h"
#include "server/commands/groups.h"
#include "server/commands/help.h"
#include "server/core/args.h"
#include "server/core/client_line.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

using core::Args;
using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::Session;

std::vector<Session*> by_id(CommandCall& call) {
  std::vector<Session*> sessions;
  for (const auto& [id, session] : call.server.sessions())
    sessions.push_back(session.get());
  std::sort(sessions.begin(), sessions.end(),
            [](const Session* a, const Session* b) { return a->id < b->id; });
  return sessions;
}

// SKIPME is about who asks, so it is no filter of the others.
Result<bool> read_skipme(Args& args) {
  args.skip(1);
  if (args.accept("YES")) return true;
  if (args.accept("NO")) return false;
  return Error::kSyntax;
}

struct Chosen {
  ClientFilter filter;
  bool spare_self;
};

Result<Chosen> chosen_arguments(CommandCall& call, bool spare_self) {
  Chosen chosen{.filter = {}, .spare_self = spare_self};
  for (Args args(call.words, 2); args.more();) {
    if (args.left() >= 2 && equals_folded(args.peek(), "SKIPME")) {
      TRY(chosen.spare_self, read_skipme(args));
    } else {
      TRY_VOID(chosen.filter.read(call, args));
    }
  }
  return chosen;
}

// Those who are meant, by their number.
std::vector<Session*> find_chosen(CommandCall& call, const Chosen& chosen) {
  const MonoMs now = call.server.sequencer.mono_now();
  std::vector<Session*> sessions = by_id(call);
  std::erase_if(sessions, [&](const Session* session) {
    const bool spared = chosen.spare_self && session == &call.session;
    return spared || session->kill_now || !chosen.filter.matches(*session, now);
  });
  return sessions;
}

Result<void> client_list(CommandCall& call) {
  TRY(const Chosen chosen, chosen_arguments(call, false));
  const MonoMs now = call.server.sequencer.mono_now();
  std::string lines;
  const auto add = [&lines, now](const Session& session) { lines += core::client_line(session, now) + "\n"; };
  if (const std::vector<uint64_t>* ids = chosen.filter.only_ids()) {
    for (const uint64_t id : *ids) {  // in their order, and as often as they are named
      const Session* session = call.server.find_session(id);
      if (session != nullptr) add(*session);
    }
  } else {
    for (const Session* session : find_chosen(call, chosen))
      add(*session);
  }
  call.reply.verbatim("txt", lines);
  return {};
}

Result<void> client_info(CommandCall& call) {
  call.reply.verbatim("txt", core::client_line(call.session, call.server.sequencer.mono_now()) + "\n");
  return {};
}

Result<void> client_id(CommandCall& call) {
  call.reply.unsigned_integer(call.session.id);
  return {};
}

// --- Names

Result<void> client_setname(CommandCall& call) {
  if (!is_client_name(call.words[2])) return fail_client_name(call, "Client names");
  call.session.name = call.words[2];
  call.reply.ok();
  return {};
}

Result<void> client_getname(CommandCall& call) {
  if (call.session.name.empty()) {
    call.reply.null();
  } else {
    call.reply.bulk(call.session.name);
  }
  return {};
}

Result<void> client_setinfo(CommandCall& call) {
  Args args(call.words, 2);
  std::string* attribute = nullptr;
  std::string_view name;
  if (args.accept("LIB-NAME")) {
    attribute = &call.session.library_name;
    name = "lib-name";
  } else if (args.accept("LIB-VER")) {
    attribute = &call.session.library_version;
    name = "lib-ver";
  } else {
    return call.fail(std::string("ERR Unrecognized option '").append(args.text()).append("'"));
  }
  const std::string_view value = args.text();
  if (!is_client_name(value)) return fail_client_name(call, name);
  *attribute = value;
  call.reply.ok();
  return {};
}

// --- Ending others

void kill(CommandCall& call, Session& session) {
  // Who ends itself still hears how it went.
  if (&session == &call.session) {
    session.closing = true;
  } else {
    call.server.kill(session);
  }
}

int64_t kill_chosen(CommandCall& call, const Chosen& chosen) {
  const std::vector<Session*> sessions = find_chosen(call, chosen);
  for (Session* session : sessions)
    kill(call, *session);
  return static_cast<int64_t>(sessions.size());
}

Result<void> client_kill(CommandCall& call) {
  if (call.words.size() == 3) {
    Chosen chosen{.filter = {}, .spare_self = false};
    chosen.filter.only_address(call.words[2]);
    if (kill_chosen(call, chosen) == 0) return call.fail("ERR No such client");
    call.reply.ok();
    return {};
  }
  TRY(const Chosen chosen, chosen_arguments(call, true));
  call.reply.integer(kill_chosen(call, chosen));
  return {};
}

// --- Rows

constexpr core::Group kGroup = core::Group::kConnection;
constexpr uint32_t kOwn = core::kNoScript | core::kLoading | core::kStale;
constexpr uint32_t kOthers = kOwn | core::kAdmin;

constexpr CommandSpec kClientRows[] = {
    {.name = "id",
     .handler = client_id,
     .arity = Arity::exactly(2),
     .flags = kOwn,
     .group = kGroup,
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Tells the number of this connection."},
    {.name = "info",
     .handler = client_info,
     .arity = Arity::exactly(2),
     .flags = kOwn,
     .group = kGroup,
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Describes this connection."},
    {.name = "list",
     .syntax =
         "[TYPE <NORMAL|MASTER|REPLICA|PUBSUB>] [ID id:(client-id:integer...)] [USER username] [ADDR "
         "ip:port:string] "
         "[LADDR ip:port:string] [SKIPME yes/no] [MAXAGE maxage:integer] [NAME name] [IDLE idle:integer] "
         "[FLAGS flags] [LIB-NAME lib-name] [LIB-VER lib-ver] [DB db:integer] [IP ip]",
     .handler = client_list,
     .arity = Arity::at_least(2),
     .flags = kOthers,
     .group = kGroup,
     .since = "2.4.0",
     .complexity = "O(N), N the number of connections",
     .summary = "Describes all connections, or those of a type, or some by their number."},
    {.name = "setname",
     .syntax = "connection-name",
     .handler = client_setname,
     .arity = Arity::exactly(3),
     .flags = kOwn,
     .group = kGroup,
     .since = "2.6.9",
     .complexity = "O(1)",
     .summary = "Names this connection; an empty name takes it off."},
    {.name = "getname",
     .handler = client_getname,
     .arity = Arity::exactly(2),
     .flags = kOwn,
     .group = kGroup,
     .since = "2.6.9",
     .complexity = "O(1)",
     .summary = "Tells the name of this connection."},
    {.name = "setinfo",
     .syntax = "attr:<LIB-NAME libname|LIB-VER libver>",
     .handler = client_setinfo,
     .arity = Arity::exactly(4),
     .flags = kOwn,
     .group = kGroup,
     .since = "7.2.0",
     .complexity = "O(1)",
     .summary = "Notes the client library and its version, for CLIENT LIST."},
    {.name = "kill",
     .syntax =
         "filter:<ip:port:string|new-format:<ID client-id:integer|TYPE <NORMAL|MASTER|SLAVE|REPLICA|PUBSUB>|"
         "USER username|ADDR ip:port:string|LADDR ip:port:string|SKIPME yes/no|MAXAGE maxage:integer|NAME "
         "name|"
         "IDLE idle:integer|FLAGS flags|LIB-NAME lib-name|LIB-VER lib-ver|DB db:integer|IP ip>...>",
     .handler = client_kill,
     .arity = Arity::at_least(3),
     .flags = kOthers,
     .group = kGroup,
     .since = "2.4.0",
     .complexity = "O(N), N the number of connections",
     .summary = "Closes the connections that all filters match."},
    {.name = "no-evict",
     .syntax = "enabled:<ON|OFF>",
     .handler = client_no_evict,
     .arity = Arity::exactly(3),
     .flags = kOthers,
     .group = kGroup,
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Accepted for clients that send it: connections are not closed for want of memory."},
    {.name = "no-touch",
     .syntax = "enabled:<ON|OFF>",
     .handler = client_no_touch,
     .arity = Arity::exactly(3),
     .flags = kOwn,
     .group = kGroup,
     .since = "7.2.0",
     .complexity = "O(1)",
     .summary = "Accepted for clients that send it: reading a key never counts as use of it."},
    {.name = "reply",
     .syntax = "action:<ON|OFF|SKIP>",
     .handler = client_reply,
     .arity = Arity::exactly(3),
     .flags = kOwn,
     .group = kGroup,
     .since = "3.2.0",
     .complexity = "O(1)",
     .summary = "Switches replies on, off, or off for the next command only."},
    {.name = "pause",
     .syntax = "timeout:integer mode:[WRITE|ALL]",
     .handler = client_pause,
     .arity = Arity::at_least(3),
     .flags = kOthers,
     .group = kGroup,
     .since = "3.0.0",
     .complexity = "O(1)",
     .summary = "Holds all commands, or those that may change data, for so many milliseconds."},
    {.name = "unpause",
     .handler = client_unpause,
     .arity = Arity::exactly(2),
     .flags = kOthers,
     .group = kGroup,
     .since = "6.2.0",
     .complexity = "O(N), N the number of connections that were held",
     .summary = "Ends a pause, and runs what it held."},
    {.name = "unblock",
     .syntax = "client-id:integer unblock-type:[TIMEOUT|ERROR]",
     .handler = client_unblock,
     .arity = Arity::at_least(3),
     .flags = kOthers,
     .group = kGroup,
     .since = "5.0.0",
     .complexity = "O(log N), N the number of connections",
     .summary = "Ends the wait of a connection, as if its time were over or with an error."},
    {.name = "tracking",
     .syntax =
         "status:<ON|OFF> [REDIRECT client-id:integer] [PREFIX prefix]... [BCAST] [OPTIN] [OPTOUT] [NOLOOP]",
     .handler = client_tracking,
     .arity = Arity::at_least(3),
     .flags = kOwn,
     .group = kGroup,
     .since = "6.0.0",
     .complexity = "O(1); some options O(N), N the prefixes of the connection",
     .summary = "Tells the connection, or another, when keys change that it has read."},
    {.name = "caching",
     .syntax = "mode:<YES|NO>",
     .handler = client_caching,
     .arity = Arity::exactly(3),
     .flags = kOwn,
     .group = kGroup,
     .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "Says whether the keys that the next command reads are tracked."},
    {.name = "getredir",
     .handler = client_getredir,
     .arity = Arity::exactly(2),
     .flags = kOwn,
     .group = kGroup,
     .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "Tells which connection is told of this one's keys: 0 itself, -1 none."},
    {.name = "trackinginfo",
     .handler = client_trackinginfo,
     .arity = Arity::exactly(2),
     .flags = kOwn,
     .group = kGroup,
     .since = "6.2.0",
     .complexity = "O(N), N the prefixes of the connection",
     .summary = "Tells how this connection tracks."},
    {.name = "capa",
     .syntax = "capability...",
     .handler = client_capa,
     .arity = Arity::at_least(3),
     .flags = kOwn,
     .group = kGroup,
     .since = "8.0.0",
     .complexity = "O(1)",
     .summary =
         "Accepted for clients that send it: there is nothing here that a client has to be capable of."},
    {.name = "import-source",
     .syntax = "enabled:<ON|OFF>",
     .handler = client_import_source,
     .arity = Arity::exactly(3),
     .flags = kOthers,
     .group = kGroup,
     .since = "8.1.0",
     .complexity = "O(1)",
     .summary = "Refused, because there is no import mode."},
    help_row(kGroup, "5.0.0"),
};
static_assert(core::well_formed(kClientRows));

constexpr CommandSpec kRows[] = {
    {.name = "client",
     .arity = Arity::at_least(2),
     .group = kGroup,
     .since = "2.4.0",
     .complexity = "Depends on the subcommand",
     .summary = "What concerns connections: this one and the others.",
     .subcommands = kClientRows},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> client_commands() {
  return kRows;
}

}  // namespace sluice::commands
