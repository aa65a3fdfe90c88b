// SPDX-License-Identifier: MIT
//
// MULTI gathers commands, EXEC runs them with nobody in between and logs what they changed as one group, DISCARD
// forgets them. A command refused while gathering makes EXEC refuse the whole; an error while running stays in its
// place among the replies and stops nothing.
#include <string>
#include <vector>

#include "server/commands/groups.h"
#include "server/core/command_call.h"
#include "server/core/command_spec.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::Session;

Result<void> multi(CommandCall& call) {
  if (call.session.in_multi) return Error::kMultiNested;
  call.session.in_multi = true;
  call.reply.ok();
  return {};
}

Result<void> discard(CommandCall& call) {
  if (!call.session.in_multi) return Error::kDiscardWithoutMulti;
  call.session.leave_multi();
  call.reply.ok();
  return {};
}

// What would be refused by now, though it was not when it was queued: the memory or the disk may have run out since.
std::string refusal_of(const CommandCall& call, const std::vector<core::QueuedCommand>& queued) {
  for (const core::QueuedCommand& command : queued) {
    const uint32_t flags = command.spec->flags;
    if ((flags & core::kDenyOom) != 0 && call.server.over_memory())
      return std::string(error_text(Error::kOutOfMemory));
    if ((flags & core::kWrite) == 0) continue;
    std::string refusal = call.server.commit.refusal(*command.spec);
    if (!refusal.empty()) return refusal;
  }
  return {};
}

Result<void> exec(CommandCall& call) {
  Session& session = call.session;
  if (!session.in_multi) return Error::kExecWithoutMulti;
  const bool failed = session.multi_failed;
  const std::vector<core::QueuedCommand> queued = std::move(session.queued);
  session.leave_multi();
  if (failed) return Error::kExecAbort;
  const std::string refusal = refusal_of(call, queued);
  if (!refusal.empty()) return call.fail("EXECABORT Transaction discarded because of: " + refusal);

  call.reply.array(queued.size());
  session.in_exec = true;
  call.server.commit.begin_group();
  for (const core::QueuedCommand& command : queued) {
    call.server.dispatcher.run(session, *command.spec, command.words.words(), {}, CommandCall::Mode::kExec);
  }
  call.server.commit.end_group();
  session.in_exec = false;
  return {};
}

constexpr uint32_t kTransactionFlags =
    core::kNoScript | core::kLoading | core::kStale | core::kFast | core::kAllowBusy | core::kImmediate;

constexpr CommandSpec kRows[] = {
    {.name = "multi",
     .handler = multi,
     .arity = Arity::exactly(1),
     .flags = kTransactionFlags,
     .group = core::Group::kTransactions,
     .since = "1.2.0",
     .complexity = "O(1)",
     .summary = "Begins a transaction: the commands that follow are queued until EXEC."},
    {.name = "exec",
     .handler = exec,
     .arity = Arity::exactly(1),
     .flags = core::kNoScript | core::kLoading | core::kStale | core::kSkipSlowlog | core::kImmediate,
     .group = core::Group::kTransactions,
     .since = "1.2.0",
     .complexity = "Depends on the queued commands",
     .summary = "Runs all commands queued since MULTI, with none of another client in between."},
    {.name = "discard",
     .handler = discard,
     .arity = Arity::exactly(1),
     .flags = kTransactionFlags,
     .group = core::Group::kTransactions,
     .since = "2.0.0",
     .complexity = "O(N), N the number of queued commands",
     .summary = "Leaves the transaction and forgets the queued commands."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> transaction_commands() {
  return kRows;
}

}  // namespace sluice::commands
