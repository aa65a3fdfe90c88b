// SPDX-License-Identifier: MIT
//
// Takes a request to its handler: finds the row, makes the checks that every command shares, in the order in
// which Redis makes them, queues inside a transaction, runs.
#pragma once

#include <string>
#include <string_view>

#include "engine/stamp.h"
#include "server/core/command_call.h"
#include "server/core/owned_words.h"
#include "server/core/session.h"

namespace sluice::core {

class ScriptRun;
class Server;

class Dispatcher {
 public:
  explicit Dispatcher(Server& server) : server_(server) {}

  // A request of a client. `raw` is its canonical encoding if it came like that, else empty.
  void execute(Session& session, Words words, std::string_view raw);
  // One that a pause held back; it was counted when it came.
  void execute_held(Session& session, const QueuedCommand& command);
  // Runs a command that has passed the checks. True: it has replied (it did not block).
  bool run(Session& session, const CommandSpec& spec, Words words, std::string_view raw,
           CommandCall::Mode mode);
  // Whether the user may do this. False: the refusal has been replied, and noted for ACL LOG.
  bool permit(Session& session, const CommandSpec& spec, Words words);
  // A command of a script of the client's: replies, whatever becomes of it.
  void execute_scripted(Session& session, Words words, ScriptRun& script);
  // The row that a script means by these words; nullptr if there is none.
  const CommandSpec* find_scripted(Words words) const;
  // The stopwatch is read at the end of each command, and here, before the first of several: so each costs one reading,
  // and its time includes the parsing of its request.
  void start_lap();
  // A blocked client's command has ended without having been run again.
  void count_timed_out(Session& session);
  // Runs a record of the log. False: it is no command, or it answered an error; nothing more may be loaded then, and
  // `why` says what was wrong.
  [[nodiscard]] bool replay(Session& session, Words words, const Stamp& stamp, std::string& why);

 private:
  void after_command(Session& session);
  void take(Session& session, Words words, std::string_view raw);
  // The row for these words, or nullptr when the error has been replied.
  const CommandSpec* find(Session& session, Words words);
  // True: the command may go on. False: it was refused and the refusal replied.
  bool admit(Session& session, const CommandSpec& spec, Words words);
  void execute_found(Session& session, const CommandSpec& spec, Words words, std::string_view raw);
  void refuse(Session& session, std::string_view error);
  // The same, when it is known which command is refused.
  void reject(Session& session, const CommandSpec& spec, const std::string& error);
  void expire_named_keys(Session& session, const CommandSpec& spec, Words words);
  // Why a command that could run is refused for what the session is at the moment: subscribed, or a monitor.
  std::string refusal_of_state(const Session& session, const CommandSpec& spec) const;
  void queue(Session& session, const CommandSpec& spec, Words words);
  void count(Session& session, const CommandSpec& spec, Words words, uint64_t nanoseconds);
  void show_monitors(Session& session, const CommandSpec& spec, Words words, CommandCall::Mode mode);
  // Why a script may not run this; empty if it may.
  std::string refusal_of_script(Session& session, const CommandSpec& spec, Words words,
                                const ScriptRun& script);
  // The row for these words, of a container the subcommand's; nullptr if there is none.
  const CommandSpec* look_up(Words words, std::string_view& container) const;
  void note_slow(const Session& session, const CommandSpec& spec, Words words, uint64_t nanoseconds);

  Server& server_;
  uint64_t lap_ = 0;  // the last reading of the stopwatch
};

}  // namespace sluice::core
