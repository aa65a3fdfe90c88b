// SPDX-License-Identifier: MIT
#include "server/core/dispatcher.h"

#include <string>
#include <utility>
#include <vector>

#include "engine/base/ascii.h"
#include "engine/base/check.h"
#include "protocol/reply_writer.h"
#include "server/core/command_keys.h"
#include "server/core/execution.h"
#include "server/core/protected_commands.h"
#include "server/core/script_run.h"
#include "server/core/server.h"

namespace sluice::core {
namespace {

// As much of an unknown command's words as its error repeats.
constexpr size_t kUnknownNameBytesMax = 128;
constexpr size_t kUnknownArgumentsBytesMax = 128;

// Whether it is refused when memory is full. In a transaction that is all but its end: what is queued needs memory, of
// which there is no end.
bool needs_memory(const Session& session, const CommandSpec& spec) {
  if ((spec.flags & kDenyOom) != 0) return true;
  if (!session.in_multi || session.internal) return false;
  const std::string_view name = session.last_container.empty() ? spec.name : std::string_view();
  return name != "exec" && name != "discard" && name != "quit" && name != "reset";
}

std::string unknown_command_text(Words words) {
  std::string text = "ERR unknown command '";
  text.append(words[0].substr(0, kUnknownNameBytesMax)).append("', with args beginning with: ");
  const size_t prefix = text.size();
  for (size_t i = 1; i < words.size(); ++i) {
    const size_t used = text.size() - prefix;
    if (used >= kUnknownArgumentsBytesMax) break;
    text.append("'").append(words[i].substr(0, kUnknownArgumentsBytesMax - used)).append("' ");
  }
  return text;
}

}  // namespace

void Dispatcher::refuse(Session& session, std::string_view error) {
  if (session.in_multi) session.multi_failed = true;
  server_.metrics.count_error(error);
  protocol::ReplyWriter(session.output, session.protocol).error(error);
  ++session.replies_unmarked;
}

void Dispatcher::reject(Session& session, const CommandSpec& spec, const std::string& error) {
  ++server_.commands.stats(spec).rejected;
  if (spec.name != "exec") return refuse(session, error);
  // An EXEC that is refused still ends the transaction: a client that sent it sends no other.
  server_.end_transaction(session);
  // A code other than ERR is part of the reason.
  const size_t code = error.starts_with("ERR ") ? 4 : 0;
  refuse(session, "EXECABORT Transaction discarded because of: " + error.substr(code));
}

const CommandSpec* Dispatcher::find(Session& session, Words words) {
  const CommandSpec* spec =
      session.internal ? server_.commands.find(words[0]) : server_.commands.find_called(words[0]);
  if (spec == nullptr || ((spec->flags & kInternal) != 0 && !session.internal)) {
    if (protocol::begins_http(words[0])) {
      server_.turn_away_http(session);
      return nullptr;
    }
    refuse(session, unknown_command_text(words));
    return nullptr;
  }
  std::string_view container;
  if (!spec->subcommands.empty() && words.size() >= 2) {
    const CommandSpec* subcommand = CommandTable::find_subcommand(*spec, words[1]);
    if (subcommand == nullptr) {
      std::string text = "ERR unknown subcommand '";
      text.append(words[1].substr(0, kUnknownNameBytesMax)).append("'. Try ").append(to_upper(spec->name));
      refuse(session, text.append(" HELP."));
      return nullptr;
    }
    container = spec->name;
    spec = subcommand;
  }
  if (!spec->arity.allows(words.size())) {
    const std::string fault =
        "wrong number of arguments for '" + CommandTable::full_name(container, *spec) + "' command";
    reject(session, *spec, "ERR " + fault);
    return nullptr;
  }
  session.last_command = spec;
  session.last_container = container;
  return spec;
}

bool Dispatcher::admit(Session& session, const CommandSpec& spec, Words words) {
  std::string refusal;
  if ((spec.flags & kProtected) != 0) [[unlikely]]
    refusal = refusal_of_protected(server_.config, session, server_.commands.full_name(spec));
  if (!refusal.empty()) {
    // It says why; nobody needs to know more.
  } else if (!session.authenticated && (spec.flags & kNoAuth) == 0 && server_.acl.login_required()) {
    refusal = error_text(Error::kNoAuth);
  } else if (server_.script != nullptr && (spec.flags & kAllowBusy) == 0) {
    refusal = server_.script->busy_text();
  } else if (session.in_multi && (spec.flags & kNoMulti) != 0) {
    refusal = error_text(Error::kNotInMulti);
  } else if (!permit(session, spec, words)) {
    return false;
  } else if (server_.over_memory() && needs_memory(session, spec)) {
    refusal = error_text(Error::kOutOfMemory);
  } else if ((spec.flags & kWrite) != 0) {
    refusal = server_.commit.refusal(spec);
  }
  if (refusal.empty() && (session.subscriptions != nullptr || session.monitors)) [[unlikely]]
    refusal = refusal_of_state(session, spec);
  if (refusal.empty()) return true;
  reject(session, spec, refusal);
  return false;
}

bool Dispatcher::permit(Session& session, const CommandSpec& spec, Words words) {
  if (session.user == nullptr || session.user->unrestricted()) [[likely]]
    return true;
  const AclVerdict verdict = session.user->check(spec, words);
  if (verdict.allowed()) return true;
  const std::string name = server_.commands.full_name(spec);
  server_.log_denial(session, verdict.denial, session.in_multi ? AclContext::kMulti : AclContext::kToplevel,
                     verdict.denial == AclDenial::kCommand ? name : words[verdict.word],
                     session.user->name());
  reject(session, spec, "NOPERM " + denial_text(verdict.denial, name));
  return false;
}

std::string Dispatcher::refusal_of_state(const Session& session, const CommandSpec& spec) const {
  if (session.monitors && (spec.flags & (kWrite | kReadOnly | kMayReplicate)) != 0) {
    return "ERR Replica can't interact with the keyspace";
  }
  if (session.subscriptions == nullptr || session.protocol != 2 || (spec.flags & kReplyIsPush) != 0)
    return {};
  const bool top_level = session.last_container.empty();  // SLOWLOG RESET is another
  if (top_level && (spec.name == "ping" || spec.name == "quit" || spec.name == "reset")) return {};
  return "ERR Can't execute '" + CommandTable::full_name(session.last_container, spec) +
         "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context";
}

void Dispatcher::queue(Session& session, const CommandSpec& spec, Words words) {
  QueuedCommand& queued = session.queued.emplace_back(QueuedCommand{&spec, OwnedWords(words)});
  session.queued_bytes += queued.words.bytes();
  protocol::ReplyWriter(session.output, session.protocol).simple("QUEUED");
  ++session.replies_unmarked;
}

void Dispatcher::execute(Session& session, Words words, std::string_view raw) {
  DCHECK(!words.empty() && !session.waits());
  ++session.commands;
  session.last_command_at = server_.sequencer.mono_now();
  {
    const Execution execution(server_, session);
    take(session, words, raw);
  }
  after_command(session);
}

void Dispatcher::execute_held(Session& session, const QueuedCommand& command) {
  DCHECK(!session.waits());
  {
    const Execution execution(server_, session);
    execute_found(session, *command.spec, command.words.words(), {});
  }
  after_command(session);
}

void Dispatcher::after_command(Session& session) {
  if (session.tracking != nullptr && session.tracking->caching) [[unlikely]] {
    // It was for one command, or one transaction.
    if (!session.in_multi && session.last_container != "client") session.tracking->caching = false;
  }
  // In the middle of a script nobody is served: its own end does that.
  if (server_.script != nullptr) return;
  if (server_.blocking.has_ready() || server_.has_opened()) server_.serve_ready();
}

void Dispatcher::take(Session& session, Words words, std::string_view raw) {
  const CommandSpec* spec = find(session, words);
  if (spec == nullptr) return;
  if (!server_.commands.has_renamed()) [[likely]]
    return execute_found(session, *spec, words, raw);
  // What is logged, queued and told has the command's own name.
  std::vector<std::string_view> own(words.begin(), words.end());
  own[0] = session.last_container.empty() ? spec->name : session.last_container;
  execute_found(session, *spec, own, {});
}

void Dispatcher::execute_found(Session& session, const CommandSpec& spec, Words words, std::string_view raw) {
  if (!admit(session, spec, words)) return;
  if (server_.pause.active() && server_.pause.holds(server_, session, spec, words)) [[unlikely]] {
    server_.pause.hold(session, spec, words);
    return;
  }
  if (session.in_multi && (spec.flags & kImmediate) == 0) {
    queue(session, spec, words);
    return;
  }
  session.reply_is_push = (spec.flags & kReplyIsPush) != 0;
  if (run(session, spec, words, raw, CommandCall::Mode::kClient)) ++session.replies_unmarked;
}

void Dispatcher::expire_named_keys(Session& session, const CommandSpec& spec, Words words) {
  // Keys are expired at the start of each turn; only when more fell due than one turn takes are some left over.
  if (server_.keyspace.next_expiry() > server_.sequencer.now()) [[likely]]
    return;
  for_each_key(spec, words, [&](size_t index, uint16_t) {
    const Entry* entry = server_.keyspace.find(session.db, words[index]);
    if (entry != nullptr) server_.expire_if_due(*entry);
  });
}

bool Dispatcher::run(Session& session, const CommandSpec& spec, Words words, std::string_view raw,
                     CommandCall::Mode mode) {
  if (mode != CommandCall::Mode::kReplay) expire_named_keys(session, spec, words);
  const size_t output_before = session.output.size();
  const uint64_t began = lap_;
  CommandCall call(server_, session, spec, words, raw, server_.sequencer.stamp(), mode);
  const Result<void> result = spec.handler(call);
  if (call.logged()) session.logged_sequence = server_.sequencer.sequence();
  lap_ = server_.seams.steady_clock.stopwatch();
  if (session.tracking != nullptr && (spec.flags & kReadOnly) != 0) [[unlikely]]
    server_.tracking.note_read(session, spec, words);
  if (!server_.monitors.empty()) [[unlikely]]
    show_monitors(session, spec, words, mode);
  if (call.blocked()) {
    session.blocked_nanoseconds += lap_ - began;
    return false;
  }
  count(session, spec, words, lap_ - began);
  if (result.ok()) return true;
  ++server_.commands.stats(spec).failed;
  if (result.error() != Error::kReplied) {
    session.output.truncate(output_before);
    call.reply.error(error_text(result.error()));
  }
  server_.metrics.count_error(session.output.view().substr(output_before + 1));
  CHECK(!call.logged());  // an error says that nothing changed
  return true;
}

void Dispatcher::show_monitors(Session& session, const CommandSpec& spec, Words words,
                               CommandCall::Mode mode) {
  if ((spec.flags & (kAdmin | kSkipMonitor)) != 0) return;
  if (mode == CommandCall::Mode::kClient || mode == CommandCall::Mode::kExec)
    server_.monitors.show(session, spec, words, Monitors::From::kClient);
  if (mode == CommandCall::Mode::kScript)
    server_.monitors.show(session, spec, words, Monitors::From::kScript);
}

// --- Commands of scripts

const CommandSpec* Dispatcher::look_up(Words words, std::string_view& container) const {
  const CommandSpec* spec = server_.commands.find_called(words[0]);
  if (spec == nullptr || (spec->flags & kInternal) != 0) return nullptr;
  container = {};
  if (spec->subcommands.empty() || words.size() < 2) return spec;
  container = spec->name;
  return CommandTable::find_subcommand(*spec, words[1]);
}

const CommandSpec* Dispatcher::find_scripted(Words words) const {
  std::string_view container;
  return look_up(words, container);
}

std::string Dispatcher::refusal_of_script(Session& session, const CommandSpec& spec, Words words,
                                          const ScriptRun& script) {
  if (!spec.arity.allows(words.size())) return "ERR Wrong number of args calling Redis command from script";
  if ((spec.flags & kNoScript) != 0) return "ERR This Redis command is not allowed from script";
  if (session.user != nullptr && !session.user->unrestricted()) {
    const AclVerdict verdict = session.user->check(spec, words);
    if (!verdict.allowed()) {
      const std::string name = server_.commands.full_name(spec);
      server_.log_denial(session, verdict.denial, AclContext::kScript,
                         verdict.denial == AclDenial::kCommand ? name : words[verdict.word],
                         session.user->name());
      return "NOPERM ACL failure in script: " + denial_text(verdict.denial, name);
    }
  }
  // What only concerns others, as PUBLISH does, counts as a write there.
  if ((spec.flags & (kWrite | kMayReplicate)) != 0 && script.read_only())
    return "ERR Write commands are not allowed from read-only scripts.";
  if ((spec.flags & kWrite) != 0) {
    std::string refused = server_.commit.refusal(spec);
    if (!refused.empty()) return refused;
  }
  if ((spec.flags & kDenyOom) != 0 && server_.over_memory() && !script.may_exceed_memory())
    return std::string(error_text(Error::kOutOfMemory));
  return {};
}

void Dispatcher::execute_scripted(Session& session, Words words, ScriptRun& script) {
  std::string_view container;
  const CommandSpec* const spec = look_up(words, container);
  const std::string refusal = spec == nullptr ? "ERR Unknown Redis command called from script"
                                              : refusal_of_script(session, *spec, words, script);
  if (!refusal.empty()) {
    if (spec != nullptr) ++server_.commands.stats(*spec).rejected;
    server_.metrics.count_error(refusal);
    protocol::ReplyWriter(session.output, session.reply_protocol()).error(refusal);
    return;
  }
  session.last_command = spec;
  session.last_container = container;
  const uint64_t logged_before = server_.sequencer.sequence();
  std::vector<std::string_view> own;
  if (server_.commands.has_renamed()) [[unlikely]] {
    own.assign(words.begin(), words.end());
    own[0] = container.empty() ? spec->name : container;
    words = own;
  }
  run(session, *spec, words, {}, CommandCall::Mode::kScript);
  if (server_.sequencer.sequence() != logged_before) script.wrote();
}

void Dispatcher::start_lap() {
  lap_ = server_.seams.steady_clock.stopwatch();
}

void Dispatcher::count(Session& session, const CommandSpec& spec, Words words, uint64_t nanoseconds) {
  const Settings& settings = server_.config.settings();
  CommandStats& stats = server_.commands.stats(spec);
  if (!session.internal) [[likely]]
    ++server_.metrics.commands_processed;
  if (session.blocked_nanoseconds != 0) [[unlikely]]
    nanoseconds += std::exchange(session.blocked_nanoseconds, 0);
  ++stats.calls;
  stats.nanoseconds += nanoseconds;
  if (settings.latency_tracking) stats.record_latency(nanoseconds);

  // A negative threshold is a huge one as an unsigned number.
  const bool slow = nanoseconds >= static_cast<uint64_t>(settings.slowlog_log_slower_than) * 1'000;
  const bool watched = settings.latency_monitor_threshold > 0;
  if (slow || watched) [[unlikely]]
    note_slow(session, spec, words, nanoseconds);
  if (server_.slow_log.hides()) server_.slow_log.hide_nothing();
}

void Dispatcher::note_slow(const Session& session, const CommandSpec& spec, Words words,
                           uint64_t nanoseconds) {
  const Settings& settings = server_.config.settings();
  const auto milliseconds = static_cast<int64_t>(nanoseconds / 1'000'000);
  if (settings.latency_monitor_threshold > 0 && milliseconds >= settings.latency_monitor_threshold) {
    const bool fast = (spec.flags & kFast) != 0;
    server_.latency.add(fast ? LatencyEvent::kFastCommand : LatencyEvent::kCommand, server_.sequencer.now(),
                        milliseconds);
  }
  const int64_t slow_from = settings.slowlog_log_slower_than;
  const uint64_t microseconds = nanoseconds / 1'000;
  if (slow_from < 0 || microseconds < static_cast<uint64_t>(slow_from)) return;
  if (words.empty() || session.internal || (spec.flags & kSkipSlowlog) != 0) return;
  server_.slow_log.add({.at = server_.sequencer.now(),
                        .microseconds = microseconds,
                        .address = session.address,
                        .client_name = session.name},
                       words, static_cast<size_t>(settings.slowlog_max_len));
}

void Dispatcher::count_timed_out(Session& session) {
  const uint64_t worked = std::exchange(session.blocked_nanoseconds, 0);
  if (session.last_command != nullptr) count(session, *session.last_command, {}, worked);
}

bool Dispatcher::replay(Session& session, Words words, const Stamp& stamp, std::string& why) {
  session.output.clear();
  const CommandSpec* spec = find(session, words);
  if (spec != nullptr) {
    CommandCall call(server_, session, *spec, words, {}, stamp, CommandCall::Mode::kReplay);
    const Result<void> result = spec->handler(call);
    if (result.ok()) {
      session.output.clear();
      return true;
    }
    if (result.error() != Error::kReplied) call.reply.error(error_text(result.error()));
  }
  why = session.output.view().substr(0, session.output.view().find('\r'));
  return false;
}

}  // namespace sluice::core
