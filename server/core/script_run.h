// SPDX-License-Identifier: MIT
//
// One script while it runs: its commands are commands of the client that called it, with the checks that a script has,
// and what they change goes into the log as one group.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/byte_buffer.h"
#include "engine/base/time.h"
#include "server/core/command_call.h"
#include "server/scripting/machine.h"

namespace sluice::core {

class Server;

class ScriptRun : public scripting::Host {
 public:
  enum class Kind : uint8_t { kScript, kFunction };
  struct Task {
    Kind kind;
    scripting::Machine& machine;
    scripting::Reference function;
    std::string_view name;  // as errors name it
    uint8_t flags;          // scripting::ScriptFlag
    bool read_only;         // called by a command that allows no writes
    Words keys;
    Words arguments;
  };
  // Runs it for the client of `call`, and replies.
  static Result<void> run(CommandCall& call, const Task& task);

  Kind kind() const { return task_.kind; }
  std::string_view name() const { return task_.name; }
  const CommandCall& caller() const { return call_; }
  // How long it has run.
  Millis duration() const;
  // It ends as soon as it looks. False: it has written, and half of it must not stay.
  [[nodiscard]] bool kill();
  // What others are told that want something while it runs, beyond busy-reply-threshold.
  std::string_view busy_text() const;

  // --- For the script
  std::string_view call(Words words, int protocol) override;
  std::optional<bool> permits(Words words) override;
  void log(scripting::LogLevel level, std::string_view text) override;
  bool interrupted() override;

  // --- For the dispatcher: what it asks before it runs a command of the script
  bool read_only() const;
  bool may_exceed_memory() const;
  void wrote() { wrote_ = true; }

 private:
  ScriptRun(CommandCall& call, const Task& task);
  // Why it must not begin; empty if it may.
  std::string refusal() const;

  CommandCall& call_;
  const Task& task_;
  const uint64_t began_;  // reading of the stopwatch
  bool wrote_ = false;
  bool killed_ = false;
  bool busy_ = false;
};

}  // namespace sluice::core
