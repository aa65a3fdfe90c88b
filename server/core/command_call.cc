// SPDX-License-Identifier: MIT
#include "server/core/command_call.h"

#include "engine/base/check.h"
#include "server/core/server.h"

namespace sluice::core {

CommandCall::CommandCall(Server& server_in, Session& session_in, const CommandSpec& spec_in, Words words_in,
                         std::string_view raw, const Stamp& stamp_in, Mode mode_in)
    : words(words_in),
      spec(spec_in),
      server(server_in),
      session(session_in),
      stamp(stamp_in),
      mode(mode_in),
      reply(session_in.output, session_in.reply_protocol()),
      raw_(raw) {
  server.queues.set_now(stamp.now);
}

Keyspace& CommandCall::keyspace() const {
  return server.keyspace;
}
QueueSystem& CommandCall::queues() const {
  return server.queues;
}

void CommandCall::log() {
  logged_ = true;
  if (mode == Mode::kReplay) return;
  // A blocking command is logged as its twin; it may be its own, without the words that make it wait.
  CHECK((spec.flags & kBlocking) == 0 || spec.twin == spec.name);
  server.commit.append(session.db, words, raw_);
}

void CommandCall::log_as(Words resolved) {
  logged_ = true;
  if (mode != Mode::kReplay) server.commit.append(session.db, resolved, {});
}

void CommandCall::changed(int changed_db, std::string_view key, KeyEvent event) {
  if (mode != Mode::kReplay) server.key_changed(session, changed_db, key, event);
}

void CommandCall::looked_up(std::string_view key, bool found) {
  if (mode == Mode::kReplay) return;
  if (found) [[likely]] {
    ++server.metrics.keyspace_hits;
    return;
  }
  ++server.metrics.keyspace_misses;
  server.announce(session.db, key, KeyEvent::kKeyMiss);
}

void CommandCall::show_monitors() {
  if (!server.monitors.empty()) [[unlikely]]
    server.monitors.show(session, spec, words, Monitors::From::kClient);
}

void CommandCall::wake(std::string_view key) {
  if (mode != Mode::kReplay) server.blocking.signal(session.db, key);
}

void CommandCall::block(const WaitFor& wanted, std::span<const std::string_view> keys,
                        std::optional<Millis> timeout, Words words_again) {
  CHECK(may_block());
  blocked_ = true;
  if (woken()) return;
  std::optional<MonoMs> deadline;
  if (timeout) deadline = server.sequencer.mono_now() + *timeout;
  server.blocking.add(session, spec, wanted, session.db, keys, words_again.empty() ? words : words_again,
                      deadline);
}

void CommandCall::run_again_in(Millis span) {
  CHECK(blocked());
  server.blocking.run_again_at(session, server.sequencer.mono_now() + span);
}

}  // namespace sluice::core
