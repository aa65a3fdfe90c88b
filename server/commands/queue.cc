// SPDX-License-Identifier: MIT
//
// What workers say of what they hold. What it means stands in engine/queue; here words become arguments and outcomes
// become replies.
#include "server/commands/queue.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "server/commands/groups.h"
#include "server/core/args.h"
#include "server/core/command_spec.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

using core::Args;
using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::KeySpec;

// --- Arguments

// All words from `first` on.
Result<std::vector<Handle>> handles_of(core::Words words) {
  std::vector<Handle> handles;
  handles.reserve(words.size());
  for (const std::string_view word : words) {
    const auto handle = parse_handle(word);
    if (!handle) return Error::kQueueHandleInvalid;
    handles.push_back(*handle);
  }
  return handles;
}

void reply_outcomes(CommandCall& call, const QueueSystem::Outcomes& outcomes) {
  call.reply.array(outcomes.size());
  for (const Queue::Outcome outcome : outcomes)
    call.reply.integer(static_cast<int64_t>(outcome));
}

// --- What a worker says of its handles

Result<void> qack(CommandCall& call) {
  TRY(const std::vector<Handle> handles, handles_of(call.words.subspan(2)));
  QueueCall queues(call);
  QueueSystem::Outcomes outcomes;
  TRY(const bool changed, call.queues().ack(queues.context, call.words[1], handles, outcomes));
  if (changed) call.log();
  reply_outcomes(call, outcomes);
  return {};
}

Result<void> qextend(CommandCall& call) {
  Args args(call.words, 2);
  const Millis lease{args.integer_in(1, kQueueSpanMax.count)};
  TRY_VOID(args.good());
  TRY(const std::vector<Handle> handles, handles_of(args.rest()));
  QueueCall queues(call);
  QueueSystem::Outcomes outcomes;
  TRY(const bool changed, call.queues().extend(queues.context, call.words[1], lease, handles, outcomes));
  if (changed) call.log();
  reply_outcomes(call, outcomes);
  return {};
}

struct NackArguments {
  Nack nack;
  std::vector<Handle> handles;
};

Result<NackMode> nack_mode(CommandCall& call, Args& args) {
  if (args.accept("SILENT")) return NackMode::kSilent;
  if (args.accept("FAIL")) return NackMode::kFail;
  if (args.accept("FATAL")) return NackMode::kFatal;
  return call.fail("ERR mode must be SILENT, FAIL, or FATAL");
}

Result<NackArguments> nack_arguments(CommandCall& call) {
  NackArguments arguments;
  Args args(call.words, 2);
  TRY(arguments.nack.mode, nack_mode(call, args));
  if (!args.accept("IDS")) return call.fail("ERR syntax error, expected IDS keyword");
  const auto count = parse_i64(args.text());
  if (!count || *count < 1) return call.fail("ERR numids must be a positive integer");
  if (static_cast<uint64_t>(*count) > args.left()) return call.fail("ERR number of IDs doesn't match numids");
  TRY(arguments.handles, handles_of(args.rest().first(static_cast<size_t>(*count))));
  args.skip(static_cast<size_t>(*count));

  std::optional<UnixMs> when;
  while (args.more()) {
    if (!arguments.nack.reason && args.accept("REASON")) {
      arguments.nack.reason = args.text();
    } else if (!accept_time(args, call.stamp.now, when)) {
      return call.fail("ERR Unrecognized QNACK option '" + std::string(args.peek().substr(0, 128)) + "'");
    }
    TRY_VOID(args.good());
  }
  // The dead do not wait.
  if (when && arguments.nack.mode == NackMode::kFatal) return Error::kSyntax;
  if (when) arguments.nack.delay = std::max(Millis{0}, *when - call.stamp.now);
  return arguments;
}

Result<void> qnack(CommandCall& call) {
  TRY(const NackArguments arguments, nack_arguments(call));
  QueueCall queues(call);
  QueueSystem::Outcomes outcomes;
  TRY(const bool changed,
      call.queues().nack(queues.context, call.words[1], arguments.handles, arguments.nack, outcomes));
  if (changed) call.log();
  reply_outcomes(call, outcomes);
  return {};
}

Result<void> qdel(CommandCall& call) {
  std::vector<StreamId> ids;
  ids.reserve(call.words.size() - 2);
  for (const std::string_view word : call.words.subspan(2)) {
    const auto id = parse_message_id(word);
    if (!id) return Error::kQueueIdInvalid;
    ids.push_back(*id);
  }
  QueueCall queues(call);
  QueueSystem::Outcomes outcomes;
  TRY(const bool changed, call.queues().remove(queues.context, call.words[1], ids, outcomes));
  if (changed) call.log();
  reply_outcomes(call, outcomes);
  return {};
}

// --- Rows

constexpr uint16_t kHandleKeys = core::kRw | core::kUpdate | core::kDelete;
constexpr std::string_view kSince = "0.1.0";

constexpr CommandSpec kRows[] = {
    {.name = "qack",
     .syntax = "key handle...",
     .handler = qack,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(kHandleKeys)},
     .group = core::Group::kQueue,
     .since = kSince,
     .complexity = "O(M*log N), M the number of handles, N of messages leased",
     .summary = "Finishes messages: they are gone, unless the handle is not the latest any more."},
    {.name = "qnack",
     .syntax = "key mode:<SILENT|FAIL|FATAL> ids:(<IDS> numids:integer handle...) "
               "due:[DELAY milliseconds:integer|AT unix-time-milliseconds:unix-time] [REASON reason]",
     .handler = qnack,
     .arity = Arity::at_least(6),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(kHandleKeys)},
     .group = core::Group::kQueue,
     .since = kSince,
     .complexity = "O(M*log N), M the number of handles, N of messages delayed and leased",
     .summary = "Gives messages back: without a word, as a failed attempt, or as hopeless."},
    {.name = "qextend",
     .syntax = "key milliseconds:integer handle...",
     .handler = qextend,
     .arity = Arity::at_least(4),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kUpdate)},
     .group = core::Group::kQueue,
     .since = kSince,
     .complexity = "O(M*log N), M the number of handles, N of messages leased",
     .summary = "Makes leases end so many milliseconds from now."},
    {.name = "qdel",
     .syntax = "key id...",
     .handler = qdel,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kDelete)},
     .group = core::Group::kQueue,
     .since = kSince,
     .complexity = "O(M*log N), M the number of IDs, N of messages with an ID",
     .summary = "Removes messages by ID, in whatever state they are."},
};
static_assert(core::well_formed(kRows));

}  // namespace

QueueCall::QueueCall(CommandCall& call)
    : report([&call](int db, std::string_view key, QueueEvent event) {
        switch (event) {
          case QueueEvent::kReady:
            return call.changed(db, key, core::KeyEvent::kQueueReady);
          case QueueEvent::kChanged:
            return call.changed(db, key, core::KeyEvent::kQueueChanged);
          case QueueEvent::kGone:
            return call.changed(db, key, core::KeyEvent::kDel);
          case QueueEvent::kDeadLetter:
            return call.changed(db, key, core::KeyEvent::kXadd);
          case QueueEvent::kLetterTaken:
            return call.changed(db, key, core::KeyEvent::kXdel);
          case QueueEvent::kGroupLapsed:
            return call.changed(db, key, core::KeyEvent::kXgroupLapsed);
          case QueueEvent::kGroupRedriven:
            return call.changed(db, key, core::KeyEvent::kXgroupRedriven);
        }
      }),
      context{call.keyspace(), call.db(), call.stamp, report} {}

bool accept_time(Args& args, UnixMs now, std::optional<UnixMs>& given) {
  if (given) return false;
  if (args.accept("DELAY")) {
    given = now + Millis{args.integer_in(0, kQueueSpanMax.count)};
  } else if (args.accept("AT")) {
    given = UnixMs{args.integer_in(0, kQueueTimeMax.count)};
  }
  return given.has_value();
}

std::span<const CommandSpec> queue_commands() {
  return kRows;
}

}  // namespace sluice::commands
