// SPDX-License-Identifier: MIT
//
// QREDRIVE: dead letters go back to where they came from, or elsewhere.
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "server/commands/groups.h"
#include "server/commands/queue.h"
#include "server/core/acl_user.h"
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

struct RedriveArguments {
  Redrive redrive;
  std::vector<StreamId> ids;
};

Result<std::vector<StreamId>> take_ids(CommandCall& call, Args& args) {
  const auto count = parse_i64(args.text());
  if (!count || *count < 1) return call.fail("ERR numids must be a positive integer");
  if (static_cast<uint64_t>(*count) > args.left()) return call.fail("ERR number of IDs doesn't match numids");
  std::vector<StreamId> ids;
  for (const std::string_view word : args.rest().first(static_cast<size_t>(*count))) {
    const auto id = parse_message_id(word);
    if (!id) return Error::kStreamIdInvalid;
    ids.push_back(*id);
  }
  args.skip(static_cast<size_t>(*count));
  return ids;
}

Result<RedriveArguments> redrive_arguments(CommandCall& call) {
  RedriveArguments arguments;
  Redrive& redrive = arguments.redrive;
  Args args(call.words, 2);
  bool start = false;
  bool count = false;
  bool spread = false;
  while (args.more()) {
    if (!redrive.to && args.accept("TO")) {
      redrive.to = args.text();
      if (redrive.to == call.words[1]) return call.fail("ERR TO must not be the dead-letter stream itself");
    } else if (arguments.ids.empty() && args.accept("IDS")) {
      TRY(arguments.ids, take_ids(call, args));
    } else if (!start && args.accept("START")) {
      const auto id = parse_message_id(args.text());
      if (!args.failed() && !id) return Error::kStreamIdInvalid;
      start = true;
      redrive.start = id.value_or(StreamId());
    } else if (!count && args.accept("COUNT")) {
      count = true;
      redrive.count = static_cast<size_t>(args.integer_in(1, std::numeric_limits<int32_t>::max()));
    } else if (!redrive.match && args.accept("MATCH")) {
      const std::string_view field = args.text();
      redrive.match.emplace(field, args.text());
    } else if (!spread && args.accept("SPREAD")) {
      spread = true;
      redrive.spread = Millis{args.integer_in(0, kQueueSpanMax.count)};
    } else {
      return Error::kSyntax;
    }
    TRY_VOID(args.good());
  }
  // Entries are named, or looked for.
  if (!arguments.ids.empty() && (start || count || redrive.match)) return Error::kSyntax;
  return arguments;
}

// What some were not allowed must not be moved when the log is loaded, where everything is.
void log_moved(CommandCall& call, const Redrive& redrive, const Redriven& redriven) {
  std::vector<std::string> ids;
  for (const StreamId id : redriven.ids) {
    char text[kStreamIdCharsMax];
    ids.emplace_back(text, format_stream_id(text, id));
  }
  const std::string count = std::to_string(ids.size());
  const std::string spread = std::to_string(redrive.spread.count);
  std::vector<std::string_view> words = {"QREDRIVE", call.words[1]};
  if (redrive.to) words.insert(words.end(), {"TO", *redrive.to});
  words.insert(words.end(), {"IDS", count});
  words.insert(words.end(), ids.begin(), ids.end());
  words.insert(words.end(), {"SPREAD", spread});
  call.log_as(words);
}

Result<void> qredrive(CommandCall& call) {
  TRY(RedriveArguments arguments, redrive_arguments(call));
  arguments.redrive.ids = arguments.ids;
  if (call.mode != CommandCall::Mode::kReplay) {
    arguments.redrive.allowed = [&call](std::string_view key) { return may_write(call, key); };
  }
  QueueCall queues(call);
  TRY(const Redriven redriven, call.queues().redrive(queues.context, call.words[1], arguments.redrive));
  if (redriven.moved > 0) {
    redriven.skipped ? log_moved(call, arguments.redrive, redriven) : call.log();
  }
  char next[kStreamIdCharsMax];
  call.reply.array(3);
  call.reply.integer(static_cast<int64_t>(redriven.moved));
  call.reply.integer(static_cast<int64_t>(redriven.examined));
  call.reply.bulk({next, format_stream_id(next, redriven.next)});
  return {};
}

constexpr CommandSpec kRows[] = {
    {.name = "qredrive",
     .syntax = "dlq:key [TO destination:key] "
               "which:[ids:(<IDS> numids:integer id...)|range:([START id] [COUNT count:integer] [MATCH "
               "match:(field pattern)])] [SPREAD milliseconds:integer]",
     .handler = qredrive,
     .arity = Arity::at_least(2),
     .flags = core::kWrite | core::kMovableKeys,
     .keys = {KeySpec::one(core::kRw | core::kAccess | core::kDelete),
              KeySpec::option("TO", 2, core::kRw | core::kInsert)},
     .group = core::Group::kQueue,
     .since = "0.1.0",
     .complexity = "O(N*log M), N the number of entries examined, M of messages in the queue",
     .summary = "Moves dead letters back to the queue that they came from, or to another key."},
};
static_assert(core::well_formed(kRows));

}  // namespace

bool may_write(const CommandCall& call, std::string_view key) {
  const core::AclUser* const user = call.session.user;
  return user == nullptr || user->may_access(call.spec, call.words, key, core::kWritesKey);
}

std::span<const CommandSpec> queue_redrive_commands() {
  return kRows;
}

}  // namespace sluice::commands
