// SPDX-License-Identifier: MIT
//
// Commands that only the server itself gives, so that what it does by itself stands in the log like any other change:
// time passing, a start, and the records of a rewrite.
#include "engine/queue/queue_record.h"
#include "server/commands/groups.h"
#include "server/commands/queue.h"
#include "server/core/args.h"
#include "server/core/command_spec.h"

namespace sluice::commands {
namespace {

using core::Args;
using core::Arity;
using core::CommandCall;
using core::CommandSpec;

// TICK now transitions: fires the timers up to that time, at most so many. Logged with the number that it was.
Result<void> tick(CommandCall& call) {
  Args args(call.words);
  const std::string_view now_text = args.peek();
  const UnixMs now{args.integer_in(0, INT64_MAX)};
  const int64_t transitions_max = args.integer_in(0, INT64_MAX);
  TRY_VOID(args.done());
  QueueCall queues(call);
  const size_t transitions = call.queues().tick(queues.context, now, static_cast<size_t>(transitions_max));
  // A record names how many it was. Fewer now: the log and the state do not belong together, so nothing more is loaded.
  if (call.mode == CommandCall::Mode::kReplay && transitions != static_cast<size_t>(transitions_max)) {
    return call.fail("ERR TICK names more transitions than are due");
  }
  if (transitions > 0) {
    char text[kI64CharsMax];
    call.log_as({"TICK", now_text, {text, format_u64(text, transitions)}});
    call.server.metrics.queue_transitions += transitions;
  }
  call.reply.ok();
  return {};
}

Result<void> qstart(CommandCall& call) {
  QueueCall queues(call);
  if (call.queues().restart(queues.context) > 0) call.log();
  call.reply.ok();
  return {};
}

Result<void> qrestore(CommandCall& call) {
  QueueCall queues(call);
  TRY_VOID(restore_queue_record(call.queues(), queues.context, call.words.subspan(1)));
  call.log();
  call.reply.ok();
  return {};
}

constexpr CommandSpec kRows[] = {
    {.name = "tick",
     .syntax = "now:unix-time transitions:integer",
     .handler = tick,
     .arity = Arity::exactly(3),
     .flags = core::kWrite | core::kInternal,
     .group = core::Group::kQueue,
     .since = "0.1.0",
     .complexity = "O(M*log N), M the number of transitions, N of timers",
     .summary = "Lets time pass: delayed messages come due, leases end."},
    {.name = "qstart",
     .handler = qstart,
     .arity = Arity::exactly(1),
     .flags = core::kWrite | core::kInternal,
     .group = core::Group::kQueue,
     .since = "0.1.0",
     .complexity = "O(N*log N), N the number of messages leased",
     .summary = "Puts off the ends of leases that the server's outage would have cost."},
    {.name = "qrestore",
     .syntax = "kind word...",
     .handler = qrestore,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kInternal,
     .group = core::Group::kQueue,
     .since = "0.1.0",
     .complexity = "O(N), N the number of words",
     .summary = "Rebuilds a part of a queue from the record of a rewrite."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> queue_internal_commands() {
  return kRows;
}

}  // namespace sluice::commands
