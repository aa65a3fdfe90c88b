// SPDX-License-Identifier: MIT
//
// What concerns a connection as such: who is there, in which protocol, with which database.
#include <algorithm>
#include <optional>
#include <string>

#include "server/commands/client_name.h"
#include "server/commands/groups.h"
#include "server/core/args.h"
#include "server/core/server.h"
#include "server/core/version.h"

namespace sluice::commands {
namespace {

using core::Args;
using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::Session;

Result<void> ping(CommandCall& call) {
  if (call.words.size() > 2) return call.fail("ERR wrong number of arguments for 'ping' command");
  const bool has_message = call.words.size() == 2;
  if (call.session.subscriptions != nullptr && call.session.protocol == 2) {
    // What a client that listens can take: an array like a message.
    call.reply.array(2);
    call.reply.bulk("pong");
    call.reply.bulk(has_message ? call.words[1] : "");
  } else if (has_message) {
    call.reply.bulk(call.words[1]);
  } else {
    call.reply.simple("PONG");
  }
  return {};
}

Result<void> echo(CommandCall& call) {
  call.reply.bulk(call.words[1]);
  return {};
}

Result<void> select(CommandCall& call) {
  const auto db = parse_i64(call.words[1]);
  if (!db) return Error::kNotInteger;
  if (*db < INT32_MIN || *db > INT32_MAX) {
    return call.fail("ERR value is out of range, value must between -2147483648 and 2147483647");
  }
  const int64_t databases = std::min<int64_t>(call.server.config.settings().databases, kDatabases);
  if (*db < 0 || *db >= databases) return Error::kDbIndexOutOfRange;
  call.session.db = static_cast<int>(*db);
  call.reply.ok();
  return {};
}

Result<void> quit(CommandCall& call) {
  call.reply.ok();
  call.session.closing = true;
  return {};
}

Result<void> reset(CommandCall& call) {
  call.server.forget_state(call.session);
  call.server.begin_as_default(call.session);
  // Not call.reply: this is in the version that it begins with again.
  protocol::ReplyWriter(call.session.output, call.session.protocol).simple("RESET");
  return {};
}

// --- Who is there

// Logs in, or notes that it was refused. A client that is refused stays who it was.
Result<void> log_in(CommandCall& call, std::string_view user, std::string_view password) {
  core::AclUser* const found = call.server.acl.authenticate(user, password);
  if (found == nullptr) {
    const auto context =
        call.mode == CommandCall::Mode::kExec ? core::AclContext::kMulti : core::AclContext::kToplevel;
    call.server.log_denial(call.session, core::AclDenial::kAuth, context, call.words[0], user);
    return Error::kWrongPass;
  }
  call.session.user = found;
  call.session.authenticated = true;
  return {};
}

Result<void> auth(CommandCall& call) {
  for (size_t word = 1; word < call.words.size(); ++word)
    call.server.slow_log.hide(word);
  if (call.words.size() > 3) return Error::kSyntax;
  const bool names_user = call.words.size() == 3;
  if (!names_user && call.server.acl.default_user().needs_no_password()) {
    return call.fail(
        "ERR AUTH <password> called without any password configured for the default user. "
        "Are you sure your configuration is correct?");
  }
  TRY_VOID(log_in(call, names_user ? call.words[1] : "default", call.words.back()));
  call.reply.ok();
  return {};
}

struct HelloOptions {
  std::optional<int> protocol;
  std::optional<std::string_view> user;
  std::string_view password;
  std::optional<std::string_view> name;
};

Result<HelloOptions> hello_options(CommandCall& call) {
  HelloOptions options;
  Args args(call.words);
  if (!args.more()) return options;
  const auto protocol = parse_i64(args.text());
  if (!protocol) return call.fail("ERR Protocol version is not an integer or out of range");
  if (*protocol != 2 && *protocol != 3) return Error::kNoProto;
  options.protocol = static_cast<int>(*protocol);

  while (args.more()) {
    const std::string_view option = args.peek();
    if (args.left() >= 3 && args.accept("AUTH")) {
      call.server.slow_log.hide(args.position());
      call.server.slow_log.hide(args.position() + 1);
      options.user = args.text();
      options.password = args.text();
    } else if (args.left() >= 2 && args.accept("SETNAME")) {
      options.name = args.text();
      if (!is_client_name(*options.name)) return fail_client_name(call, "Client names");
    } else {
      return call.fail(std::string("ERR Syntax error in HELLO option '").append(option).append("'"));
    }
  }
  return options;
}

void reply_hello(CommandCall& call) {
  // Not call.reply: this is in the version that was just agreed on.
  protocol::ReplyWriter reply(call.session.output, call.session.protocol);
  reply.map(7);
  reply.bulk("server");
  reply.bulk("redis");
  reply.bulk("version");
  reply.bulk(core::kRedisVersion);
  reply.bulk("proto");
  reply.integer(call.session.protocol);
  reply.bulk("id");
  reply.unsigned_integer(call.session.id);
  reply.bulk("mode");
  reply.bulk("standalone");
  reply.bulk("role");
  reply.bulk("master");
  reply.bulk("modules");
  reply.array(0);
}

Result<void> hello(CommandCall& call) {
  TRY(const HelloOptions options, hello_options(call));
  if (options.user) {
    TRY_VOID(log_in(call, *options.user, options.password));
  } else if (!call.session.authenticated && call.server.acl.login_required()) {
    return call.fail(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH "
        "<user> <pass> option can be used to authenticate the client and select the RESP protocol version at "
        "the same time");
  }
  if (options.name) call.session.name = *options.name;
  if (options.protocol) call.session.protocol = *options.protocol;
  reply_hello(call);
  return {};
}

// --- Rows

constexpr core::Group kGroup = core::Group::kConnection;
constexpr uint32_t kBeforeLogin =
    core::kNoScript | core::kLoading | core::kStale | core::kFast | core::kNoAuth | core::kAllowBusy;

constexpr CommandSpec kRows[] = {
    {.name = "ping",
     .syntax = "[message]",
     .handler = ping,
     .arity = Arity::at_least(1),
     .flags = core::kFast,
     .group = kGroup,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Answers PONG, or the message."},
    {.name = "echo",
     .syntax = "message",
     .handler = echo,
     .arity = Arity::exactly(2),
     .flags = core::kLoading | core::kStale | core::kFast,
     .group = kGroup,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Answers the message."},
    {.name = "select",
     .syntax = "index:integer",
     .handler = select,
     .arity = Arity::exactly(2),
     .flags = core::kLoading | core::kStale | core::kFast,
     .group = kGroup,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Chooses the database that the connection's commands are about."},
    {.name = "quit",
     .handler = quit,
     .arity = Arity::at_least(1),
     .flags = kBeforeLogin | core::kImmediate,
     .group = kGroup,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Closes the connection once all replies have been sent."},
    {.name = "reset",
     .handler = reset,
     .arity = Arity::exactly(1),
     .flags = kBeforeLogin | core::kImmediate,
     .group = kGroup,
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Makes the connection as it was when it began."},
    {.name = "auth",
     .syntax = "[username] password",
     .handler = auth,
     .arity = Arity::at_least(2),
     .flags = kBeforeLogin,
     .group = kGroup,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Logs in."},
    {.name = "hello",
     .syntax = "arguments:[protover:integer [AUTH (username password)] [SETNAME clientname]]",
     .handler = hello,
     .arity = Arity::at_least(1),
     .flags = kBeforeLogin,
     .group = kGroup,
     .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "Agrees on the version of the protocol; may log in and name the connection too."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> connection_commands() {
  return kRows;
}

}  // namespace sluice::commands
