// SPDX-License-Identifier: MIT
#include "server/core/client_line.h"

#include "server/core/acl_user.h"
#include "server/core/command_table.h"

namespace sluice::core {
namespace {

std::string last_command_of(const Session& session) {
  if (session.last_command == nullptr) return "NULL";
  return CommandTable::full_name(session.last_container, *session.last_command);
}

size_t subscriptions(const Session& session, SubscriptionKind kind) {
  return session.subscriptions == nullptr ? 0 : session.subscriptions->of(kind).size();
}

}  // namespace

std::string client_flags(const Session& session) {
  std::string flags;
  if (session.monitors) flags += 'O';
  if (session.subscriptions != nullptr) flags += 'P';
  if (session.in_multi) flags += 'x';
  if (session.waits()) flags += 'b';
  if (session.tracking != nullptr) {
    flags += 't';
    if (session.tracking->redirect_broken) flags += 'R';
    if (session.tracking->broadcast) flags += 'B';
  }
  if (session.watch_touched) flags += 'd';
  if (session.closing) flags += 'c';
  if (session.by_unix_socket) flags += 'U';
  if (session.no_evict) flags += 'e';
  if (session.no_touch) flags += 'T';
  return flags.empty() ? "N" : flags;
}

std::string client_line(const Session& session, MonoMs now) {
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
  add("flags", client_flags(session));
  add_number("db", session.db);
  add_number("sub", subscriptions(session, SubscriptionKind::kChannel));
  add_number("psub", subscriptions(session, SubscriptionKind::kPattern));
  add_number("ssub", subscriptions(session, SubscriptionKind::kShard));
  add("multi", session.in_multi ? std::to_string(session.queued.size()) : "-1");
  add_number("watch", session.watches == nullptr ? 0 : session.watches->keys.size());
  add_number("qbuf", session.input.size());
  add_number("qbuf-free", input_room);
  add_number("argv-mem", session.held == nullptr ? 0 : session.held->words.bytes());
  add_number("multi-mem", session.queued_bytes);
  add_number("rbs", session.output.capacity());
  add_number("rbp", session.output_peak);
  add_number("obl", session.output.size());
  add_number("oll", 0);
  add_number("omem", session.output.capacity());
  add_number("tot-mem", memory);
  add("events", session.output.empty() ? "r" : "rw");
  add("cmd", last_command_of(session));
  add("user", session.user->name());
  add_number("redir", session.tracking == nullptr ? -1 : static_cast<int64_t>(session.tracking->redirect));
  add_number("resp", session.protocol);
  add("lib-name", session.library_name);
  add("lib-ver", session.library_version);
  add_number("tot-net-in", session.bytes_in);
  add_number("tot-net-out", session.bytes_out);
  add_number("tot-cmds", session.commands);
  return line;
}

}  // namespace sluice::core
