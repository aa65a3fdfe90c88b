// SPDX-License-Identifier: MIT
#include "server/core/script_run.h"

#include <utility>

#include "engine/base/check.h"
#include "server/core/server.h"
#include "server/scripting/script_header.h"

namespace sluice::core {
namespace {

// What a script must not change of the client that called it, put back when it ends.
class Borrowed {
 public:
  Borrowed(Session& session, ByteBuffer& replies)
      : session_(session),
        replies_(replies),
        db_(session.db),
        last_command_(session.last_command),
        last_container_(session.last_container) {
    replies_.clear();
    session_.output.swap(replies_);
  }
  ~Borrowed() {
    session_.output.swap(replies_);
    session_.script_protocol = 0;
    session_.db = db_;
    session_.last_command = last_command_;
    session_.last_container = last_container_;
  }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;

 private:
  Session& session_;
  ByteBuffer& replies_;
  const int db_;
  const CommandSpec* const last_command_;
  const std::string_view last_container_;
};

}  // namespace

ScriptRun::ScriptRun(CommandCall& call, const Task& task)
    : call_(call), task_(task), began_(call.server.seams.steady_clock.stopwatch()) {}

bool ScriptRun::read_only() const {
  return task_.read_only || (task_.flags & scripting::kNoWrites) != 0;
}

bool ScriptRun::may_exceed_memory() const {
  return wrote_ || (task_.flags & scripting::kAllowOom) != 0;
}

std::string ScriptRun::refusal() const {
  // One that promises nothing is judged command by command.
  if ((task_.flags & scripting::kUndeclared) != 0) return {};
  const bool writes = (task_.flags & scripting::kNoWrites) == 0;
  if (writes && task_.read_only) return "ERR Can not execute a script with write flag using *_ro command.";
  if (writes) {
    std::string refused = call_.server.commit.refusal(call_.spec);
    if (!refused.empty()) return refused;
  }
  if (writes && (task_.flags & scripting::kAllowOom) == 0 && call_.server.over_memory())
    return "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'";
  return {};
}

Result<void> ScriptRun::run(CommandCall& call, const Task& task) {
  Server& server = call.server;
  ScriptRun run(call, task);
  const std::string refused = run.refusal();
  if (!refused.empty()) return call.fail(refused);

  const bool group = !server.commit.in_group();
  if (group) server.commit.begin_group();
  CHECK(server.script == nullptr);
  server.script = &run;
  ByteBuffer& reply = server.script_reply;
  reply.clear();
  bool succeeded = false;
  {
    const Borrowed borrowed(call.session, server.script_replies);
    succeeded = task.machine.run({run, task.function, task.name, task.keys, task.arguments},
                                 call.reply.version(), reply);
  }
  server.script = nullptr;
  if (group) server.commit.end_group();
  call.reply.raw(reply.view());
  if (!succeeded) return Error::kReplied;
  return {};
}

std::string_view ScriptRun::call(Words words, int protocol) {
  Session& session = call_.session;
  session.output.clear();
  session.script_protocol = protocol;
  call_.server.dispatcher.execute_scripted(session, words, *this);
  return session.output.view();
}

std::optional<bool> ScriptRun::permits(Words words) {
  const CommandSpec* const spec = call_.server.dispatcher.find_scripted(words);
  if (spec == nullptr) return std::nullopt;
  const AclUser* const user = call_.session.user;
  return user == nullptr || user->unrestricted() || user->check(*spec, words).allowed();
}

void ScriptRun::log(scripting::LogLevel level, std::string_view text) {
  NoticeLevel as = NoticeLevel::kWarning;
  if (level == scripting::LogLevel::kDebug) as = NoticeLevel::kDebug;
  if (level == scripting::LogLevel::kVerbose) as = NoticeLevel::kVerbose;
  if (level == scripting::LogLevel::kNotice) as = NoticeLevel::kNotice;
  call_.server.seams.notices.write(as, std::string(text));
}

Millis ScriptRun::duration() const {
  return Millis{static_cast<int64_t>((call_.server.seams.steady_clock.stopwatch() - began_) / 1'000'000)};
}

bool ScriptRun::interrupted() {
  const int64_t threshold = call_.server.config.settings().busy_reply_threshold;
  if (threshold <= 0 || duration().count < threshold) return killed_;
  if (!busy_) {
    busy_ = true;
    call_.server.seams.notices.write(NoticeLevel::kWarning,
                                     "Slow script detected: still in execution after " +
                                         std::to_string(duration().count) +
                                         " milliseconds. You can kill it with SCRIPT KILL or FUNCTION KILL.");
  }
  // Others are answered meanwhile, so that somebody can say that it is enough.
  if (call_.server.serve_others) call_.server.serve_others();
  return killed_;
}

std::string_view ScriptRun::busy_text() const {
  return task_.kind == Kind::kScript
             ? "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
             : "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.";
}

bool ScriptRun::kill() {
  if (wrote_) return false;
  killed_ = true;
  return true;
}

}  // namespace sluice::core
