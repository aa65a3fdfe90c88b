// SPDX-License-Identifier: MIT
//
// CLIENT: this connection and the others.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/ascii.h"
#include "server/commands/client_name.h"
#include "server/commands/groups.h"
#include "server/commands/help.h"
#include "server/core/args.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

using core::Args;
using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::Session;

// --- What CLIENT LIST and CLIENT INFO tell of a client

std::string flags_of(const Session& session) {
  std::string flags;
  if (session.in_multi) flags += 'x';
  if (session.blocked()) flags += 'b';
  if (session.closing) flags += 'c';
  if (session.no_evict) flags += 'e';
  if (session.no_touch) flags += 'T';
  return flags.empty() ? "N" : flags;
}

std::string last_command_of(const Session& session) {
  if (session.last_command == nullptr) return "NULL";
  return core::CommandTable::full_name(session.last_container, *session.last_command);
}

// One line without its end. Tools take it apart at the blanks and the first '=' of each part.
std::string describe(const Session& session, MonoMs now) {
  const size_t input_room = session.input.capacity() - session.input.size();
  const size_t memory =
      sizeof(Session) + session.input.capacity() + session.output.capacity() + session.queued_bytes;
  std::string line;
  const auto add = [&line](std::string_view name, const std::string& value) {
    if (!line.empty()) line += ' ';
    line.append(name).append("=").append(value);
  };
  const auto add_number = [&add](std::string_view name, auto number) { add(name, std::to_string(number)); };
  add_number("id", session.id);
  add("addr", session.address);
  add("laddr", session.local_address);
  add_number("fd", session.file_descriptor);
  add("name", session.name);
  add_number("age", (now - session.connected_at).count / 1000);
  add_number("idle", (now - session.last_command_at).count / 1000);
  add("flags", flags_of(session));
  add_number("db", session.db);
  add_number("sub", 0);
  add_number("psub", 0);
  add_number("ssub", 0);
  add("multi", session.in_multi ? std::to_string(session.queued.size()) : "-1");
  add_number("qbuf", session.input.size());
  add_number("qbuf-free", input_room);
  add_number("multi-mem", session.queued_bytes);
  add_number("obl", session.output.size());
  add_number("oll", 0);
  add_number("omem", session.output.capacity());
  add_number("tot-mem", memory);
  add("events", session.output.empty() ? "r" : "rw");
  add("cmd", last_command_of(session));
  add("user", session.user);
  add_number("redir", -1);
  add_number("resp", session.protocol);
  add("lib-name", session.library_name);
  add("lib-ver", session.library_version);
  add_number("tot-net-in", session.bytes_in);
  add_number("tot-net-out", session.bytes_out);
  add_number("tot-cmds", session.commands);
  return line;
}

std::vector<Session*> by_id(CommandCall& call) {
  std::vector<Session*> sessions;
  for (const auto& [id, session] : call.server.sessions())
    sessions.push_back(session.get());
  std::sort(sessions.begin(), sessions.end(),
            [](const Session* a, const Session* b) { return a->id < b->id; });
  return sessions;
}

// Replicas, masters and subscribers are types too, but there are none.
enum class ClientType : uint8_t { kNormal, kNone };

Result<ClientType> parse_type(CommandCall& call, std::string_view text) {
  if (equals_folded(text, "normal")) return ClientType::kNormal;
  for (const char* other : {"master", "slave", "replica", "pubsub"}) {
    if (equals_folded(text, other)) return ClientType::kNone;
  }
  return call.fail(std::string("ERR Unknown client type '").append(text).append("'"));
}

bool has_type(const Session&, ClientType type) {
  return type == ClientType::kNormal;
}

Result<void> client_list(CommandCall& call) {
  std::optional<ClientType> type;
  std::optional<std::vector<uint64_t>> ids;
  Args args(call.words, 2);
  if (args.left() == 2 && args.accept("TYPE")) {
    TRY(type, parse_type(call, args.text()));
  } else if (args.left() >= 2 && args.accept("ID")) {
    ids.emplace();
    while (args.more()) {
      const auto id = parse_i64(args.text());
      if (!id) return call.fail("ERR Invalid client ID");
      ids->push_back(static_cast<uint64_t>(*id));
    }
  }
  TRY_VOID(args.done());

  const MonoMs now = call.server.sequencer.mono_now();
  std::string lines;
  const auto add = [&lines, now](const Session& session) { lines += describe(session, now) + "\n"; };
  if (ids) {
    for (const uint64_t id : *ids) {
      const Session* session = call.server.find_session(id);
      if (session != nullptr) add(*session);
    }
  } else {
    for (const Session* session : by_id(call)) {
      if (!type || has_type(*session, *type)) add(*session);
    }
  }
  call.reply.verbatim("txt", lines);
  return {};
}

Result<void> client_info(CommandCall& call) {
  call.reply.verbatim("txt", describe(call.session, call.server.sequencer.mono_now()) + "\n");
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

struct KillFilter {
  std::optional<uint64_t> id;
  std::optional<ClientType> type;
  std::optional<std::string_view> address;
  std::optional<std::string_view> local_address;
  std::optional<std::string_view> user;
  std::optional<int64_t> age_min;  // seconds
  bool spare_self = true;
};

bool matches(const KillFilter& filter, const Session& session, MonoMs now) {
  if (filter.id && session.id != *filter.id) return false;
  if (filter.type && !has_type(session, *filter.type)) return false;
  if (filter.address && session.address != *filter.address) return false;
  if (filter.local_address && session.local_address != *filter.local_address) return false;
  if (filter.user && session.user != *filter.user) return false;
  if (filter.age_min && (now - session.connected_at).count / 1000 < *filter.age_min) return false;
  return true;
}

Result<void> read_filter(CommandCall& call, Args& args, KillFilter& filter) {
  if (args.left() < 2) return Error::kSyntax;
  if (args.accept("ID")) {
    const auto id = parse_i64(args.text());
    if (!id || *id <= 0) return call.fail("ERR client-id should be greater than 0");
    filter.id = static_cast<uint64_t>(*id);
  } else if (args.accept("TYPE")) {
    TRY(filter.type, parse_type(call, args.text()));
  } else if (args.accept("ADDR")) {
    filter.address = args.text();
  } else if (args.accept("LADDR")) {
    filter.local_address = args.text();
  } else if (args.accept("USER")) {
    filter.user = args.text();
    if (*filter.user != "default") {
      return call.fail(std::string("ERR No such user '").append(*filter.user).append("'"));
    }
  } else if (args.accept("MAXAGE")) {
    const auto age = parse_i64(args.text());
    if (!age) return call.fail("ERR maxage is not an integer or out of range");
    if (*age <= 0) return call.fail("ERR maxage should be greater than 0");
    filter.age_min = *age;
  } else if (args.accept("SKIPME")) {
    filter.spare_self = args.accept("YES");
    if (!filter.spare_self && !args.accept("NO")) return Error::kSyntax;
  } else {
    return Error::kSyntax;
  }
  return {};
}

void kill(CommandCall& call, Session& session) {
  // Who ends itself still hears how it went.
  if (&session == &call.session) {
    session.closing = true;
  } else {
    call.server.kill(session);
  }
}

int64_t kill_matching(CommandCall& call, const KillFilter& filter) {
  const MonoMs now = call.server.sequencer.mono_now();
  int64_t killed = 0;
  for (Session* session : by_id(call)) {
    if (session->kill_now || !matches(filter, *session, now)) continue;
    if (filter.spare_self && session == &call.session) continue;
    kill(call, *session);
    ++killed;
  }
  return killed;
}

Result<void> client_kill(CommandCall& call) {
  KillFilter filter;
  if (call.words.size() == 3) {
    filter.address = call.words[2];
    filter.spare_self = false;
    if (kill_matching(call, filter) == 0) return call.fail("ERR No such client");
    call.reply.ok();
    return {};
  }
  for (Args args(call.words, 2); args.more();)
    TRY_VOID(read_filter(call, args, filter));
  call.reply.integer(kill_matching(call, filter));
  return {};
}

// --- Switches

Result<bool> read_on_off(CommandCall& call) {
  if (equals_folded(call.words[2], "on")) return true;
  if (equals_folded(call.words[2], "off")) return false;
  return Error::kSyntax;
}

Result<void> client_no_evict(CommandCall& call) {
  TRY(call.session.no_evict, read_on_off(call));
  call.reply.ok();
  return {};
}

Result<void> client_no_touch(CommandCall& call) {
  TRY(call.session.no_touch, read_on_off(call));
  call.reply.ok();
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
     .syntax = "[TYPE <NORMAL|MASTER|REPLICA|PUBSUB>] [ID id:(client-id:integer...)]",
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
         "USER username|ADDR ip:port:string|LADDR ip:port:string|SKIPME yes/no|MAXAGE maxage:integer>...>",
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
