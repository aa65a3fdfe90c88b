// SPDX-License-Identifier: MIT
//
// CLIENT: how this connection, or all of them, are served.
#include <string>

#include "engine/base/ascii.h"
#include "engine/base/number_text.h"
#include "server/commands/client_subcommands.h"
#include "server/commands/help.h"
#include "server/core/server.h"

namespace sluice::commands {

using core::CommandCall;
using core::Pause;
using core::Session;

namespace {

Result<bool> read_on_off(CommandCall& call) {
  if (equals_folded(call.words[2], "on")) return true;
  if (equals_folded(call.words[2], "off")) return false;
  return Error::kSyntax;
}

}  // namespace

Result<void> client_reply(CommandCall& call) {
  using ReplyMode = Session::ReplyMode;
  ReplyMode& mode = call.session.reply_mode;
  if (equals_folded(call.words[2], "on")) {
    mode = ReplyMode::kOn;
    call.reply.ok();
    return {};
  }
  if (equals_folded(call.words[2], "off")) {
    mode = ReplyMode::kOff;
  } else if (equals_folded(call.words[2], "skip")) {
    if (mode != ReplyMode::kOff) mode = ReplyMode::kSkipNext;
  } else {
    return Error::kSyntax;
  }
  // A transaction's reply has one for each command.
  if (call.session.in_exec) call.reply.ok();
  return {};
}

// --- Pause

Result<void> client_pause(CommandCall& call) {
  if (call.words.size() > 4) return fail_usage(call);
  Pause::Kind kind = Pause::Kind::kAll;
  if (call.words.size() == 4) {
    if (equals_folded(call.words[3], "write")) {
      kind = Pause::Kind::kWrites;
    } else if (!equals_folded(call.words[3], "all")) {
      return call.fail("ERR CLIENT PAUSE mode must be WRITE or ALL");
    }
  }
  const auto span = parse_i64(call.words[2]);
  if (!span) return call.fail("ERR timeout is not an integer or out of range");
  if (*span < 0) return Error::kTimeoutNegative;
  const MonoMs now = call.server.sequencer.mono_now();
  if (*span > INT64_MAX - now.count) return Error::kTimeoutOutOfRange;
  call.server.pause.begin(kind, now + Millis{*span});
  call.reply.ok();
  return {};
}

Result<void> client_unpause(CommandCall& call) {
  call.server.pause.shorten(call.server.sequencer.mono_now());
  call.reply.ok();
  return {};
}

// --- Waits

Result<void> client_unblock(CommandCall& call) {
  if (call.words.size() > 4) return fail_usage(call);
  bool with_error = false;
  if (call.words.size() == 4) {
    with_error = equals_folded(call.words[3], "error");
    if (!with_error && !equals_folded(call.words[3], "timeout")) {
      return call.fail("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    }
  }
  const auto id = parse_i64(call.words[2]);
  if (!id) return Error::kNotInteger;
  Session* session = *id <= 0 ? nullptr : call.server.find_session(static_cast<uint64_t>(*id));
  if (session == nullptr || !session->blocked() || session->kill_now) {
    call.reply.integer(0);
    return {};
  }
  if (with_error) {
    call.server.fail_wait(*session, "UNBLOCKED client unblocked via CLIENT UNBLOCK");
  } else {
    call.server.time_out(*session);
  }
  call.reply.integer(1);
  return {};
}

// --- Switches

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

Result<void> client_capa(CommandCall& call) {
  call.reply.ok();
  return {};
}

Result<void> client_import_source(CommandCall& call) {
  return call.fail("ERR Server is not in import mode");
}

}  // namespace sluice::commands
