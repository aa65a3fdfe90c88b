// SPDX-License-Identifier: MIT
#include "server/core/pause.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "server/core/command_spec.h"
#include "server/core/session.h"

namespace sluice::core {
namespace {

bool may_change(const CommandSpec& spec) {
  return (spec.flags & (kWrite | kMayReplicate)) != 0;
}

}  // namespace

void Pause::begin(Kind kind, MonoMs until) {
  kind_ = active_ ? std::max(kind_, kind) : kind;
  until_ = active_ ? std::max(until_, until) : until;
  active_ = true;
}

bool Pause::holds(const Session& session, const CommandSpec& spec) const {
  if (!active_ || session.internal) return false;
  if (kind_ == Kind::kAll || may_change(spec)) return true;
  return spec.name == "exec" && std::any_of(session.queued.begin(), session.queued.end(),
                                            [](const QueuedCommand& each) { return may_change(*each.spec); });
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
