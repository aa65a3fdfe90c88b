// SPDX-License-Identifier: MIT
#include "server/core/pause.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "server/core/server.h"
#include "server/scripting/script_header.h"

namespace sluice::core {
namespace {

bool runs_script(const CommandSpec& spec) {
  return spec.group == Group::kScripting && (spec.name.starts_with("eval") || spec.name.starts_with("fcall"));
}

// What the script that is meant promises; nothing if there is none, or its first line is wrong.
std::optional<uint8_t> script_flags(Server& server, const CommandSpec& spec, Words words) {
  if (spec.name.starts_with("fcall")) {
    const Function* const function = server.functions.find(words[1]);
    return function == nullptr ? std::nullopt : std::optional(function->flags);
  }
  if (spec.name.starts_with("evalsha")) {
    const Script* const script = server.scripts.find(words[1]);
    return script == nullptr ? std::nullopt : std::optional(script->flags);
  }
  std::string ignored;
  const auto header = scripting::read_script_header(words[1], ignored);
  return header ? std::optional(header->flags) : std::nullopt;
}

bool may_change(Server& server, const CommandSpec& spec, Words words) {
  if ((spec.flags & (kWrite | kMayReplicate)) != 0) return true;
  if (!runs_script(spec)) return false;
  const auto flags = script_flags(server, spec, words);
  if (!flags || (*flags & scripting::kUndeclared) != 0) return (spec.flags & kReadOnly) == 0;
  return (*flags & scripting::kNoWrites) == 0;
}

}  // namespace

void Pause::begin(Kind kind, MonoMs until) {
  kind_ = active_ ? std::max(kind_, kind) : kind;
  until_ = active_ ? std::max(until_, until) : until;
  active_ = true;
}

bool Pause::holds(Server& server, const Session& session, const CommandSpec& spec, Words words) const {
  if (!active_ || session.internal) return false;
  if (kind_ == Kind::kAll || may_change(server, spec, words)) return true;
  return spec.name == "exec" &&
         std::any_of(session.queued.begin(), session.queued.end(), [&server](const QueuedCommand& each) {
           return may_change(server, *each.spec, each.words.words());
         });
}

void Pause::hold(Session& session, const CommandSpec& spec, Words words) {
  session.held = std::make_unique<QueuedCommand>(QueuedCommand{&spec, OwnedWords(words)});
  held_.push_back(session.id);
}

std::vector<uint64_t> Pause::end() {
  active_ = false;
  return std::exchange(held_, {});
}

}  // namespace sluice::core
