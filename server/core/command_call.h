// SPDX-License-Identifier: MIT
//
// One execution of one command: what a handler gets, and where it says what it did. A handler validates, then mutates,
// then says so:
//   * log() or log_as(): state changed. Not called: nothing changed, nothing is logged.
//   * changed(key, event): for every key that changed, in order. Wakes waiters, touches watched keys.
// A handler that has to wait calls block() instead of replying.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

#include "engine/stamp.h"
#include "protocol/reply_writer.h"
#include "server/core/blocking.h"
#include "server/core/command_spec.h"
#include "server/core/key_event.h"
#include "server/core/owned_words.h"
#include "server/core/session.h"

namespace sluice {
class Keyspace;
class QueueSystem;
}  // namespace sluice

namespace sluice::core {

class Server;

class CommandCall {
 public:
  // How the command came to be run.
  enum class Mode : uint8_t {
    kClient,    // straight from a client
    kExec,      // inside a transaction: never waits
    kScript,    // called by a script: likewise
    kWoken,     // again, for a client that was blocked on it
    kTimedOut,  // again and for the last time, for one that waits for the log
    kReplay,    // from the log: not logged again, nobody waits
  };

  CommandCall(Server& server, Session& session, const CommandSpec& spec, Words words, std::string_view raw,
              const Stamp& stamp, Mode mode);

  const Words words;  // [0] is the name as sent
  const CommandSpec& spec;
  Server& server;
  Session& session;
  const Stamp stamp;
  const Mode mode;
  protocol::ReplyWriter reply;

  int db() const { return session.db; }
  Keyspace& keyspace() const;
  QueueSystem& queues() const;

  // Logs the words as they came.
  void log();
  // Logs these words instead: the resolved form.
  void log_as(Words resolved);
  void log_as(std::initializer_list<std::string_view> resolved) {
    log_as(Words(resolved.begin(), resolved.size()));
  }
  bool logged() const { return logged_; }

  // `key` of the session's database, or of another, was changed.
  void changed(std::string_view key, KeyEvent event) { changed(session.db, key, event); }
  void changed(int db, std::string_view key, KeyEvent event);

  // `key` may have something for those who wait on it, without having changed in a way that is told of.
  void wake(std::string_view key);
  // A key was looked for, to be read; counts the hit or miss, and announces the miss.
  void looked_up(std::string_view key, bool found);

  // Writes an error with a text of the handler's own; `return call.fail("ERR ...");`.
  Error fail(std::string_view text) {
    reply.error(text);
    return Error::kReplied;
  }

  // Shows the command to monitors before it runs; for one that shows what it does itself.
  void show_monitors();

  // False in a transaction, in a script, from the log and when the time is over: answer as if it were.
  bool may_block() const { return mode == Mode::kClient || mode == Mode::kWoken; }
  bool woken() const { return mode == Mode::kWoken; }
  // Nothing there: wait until one of `keys` has something for a waiter of this kind, then run the command again, or
  // answer with a null array when `timeout` (nullopt: never) is over. When run again it may call block() again: it
  // keeps its place and its first deadline; an error that it answers ends the wait like any reply. `words_again`, if
  // not empty, replaces the words ("$" resolved, say). A block(WaitKind::kLog) has no keys: it is run again when more
  // of the log is on disk, and in the end with kTimedOut, so that it says itself how far things got.
  void block(const WaitFor& wanted, std::span<const std::string_view> keys, std::optional<Millis> timeout,
             Words words_again = {});
  bool blocked() const { return blocked_; }
  // Behind block(): the command is run again after this time at the latest, whatever becomes of its keys.
  void run_again_in(Millis span);

 private:
  std::string_view raw_;
  bool logged_ = false;
  bool blocked_ = false;
};

}  // namespace sluice::core
