// SPDX-License-Identifier: MIT
//
// QADD, and what any push asks of a queue.
#include <optional>
#include <string>

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
using core::KeySpec;

// A text that is kept with each message.
Result<std::string_view> short_text(CommandCall& call, Args& args, std::string_view option,
                                    size_t bytes_max) {
  const std::string_view text = args.text();
  if (args.failed()) return std::string_view();
  if (text.empty()) return call.fail(std::string("ERR ").append(option).append(" must not be empty"));
  if (text.size() > bytes_max) return call.fail(std::string("ERR ").append(option).append(" is too long"));
  return text;
}

// DEDUPE token [UNTIL START|DONE] [WINDOW ms], behind the first word.
Result<void> take_dedupe(CommandCall& call, Args& args, QueueSystem::Add& options) {
  TRY(options.token, short_text(call, args, "DEDUPE", kDedupeBytesMax));
  bool until = false;
  bool window = false;
  while (args.left() > 1 && !args.failed()) {
    if (!until && args.accept("UNTIL")) {
      until = true;
      options.token_until_start = args.accept("START");
      if (!options.token_until_start && !args.accept("DONE")) args.fail(Error::kSyntax);
    } else if (!window && args.accept("WINDOW")) {
      window = true;
      options.token_window = Millis{args.integer_in(0, kQueueSpanMax.count)};
    } else {
      break;
    }
  }
  return args.good();
}

Result<QueueSystem::Add> add_arguments(CommandCall& call, Args& args) {
  QueueSystem::Add options;
  bool priority = false;
  while (args.left() > 1) {
    if (!options.existing_only && args.accept("XX")) {
      options.existing_only = true;
    } else if (!priority && args.accept("PRIORITY")) {
      priority = true;
      options.lane = static_cast<int>(args.integer_in(0, kLanes - 1));
    } else if (!options.ttl && args.accept("TTL")) {
      options.ttl = Millis{args.integer_in(1, kQueueSpanMax.count)};
    } else if (options.token.empty() && args.accept("DEDUPE")) {
      TRY_VOID(take_dedupe(call, args, options));
    } else if (options.group.empty() && args.accept("GROUP")) {
      TRY(options.group, short_text(call, args, "GROUP", kGroupBytesMax));
    } else if (!accept_time(args, call.stamp.now, options.due)) {
      return Error::kSyntax;
    }
    TRY_VOID(args.good());
  }
  return options;
}

Result<void> qadd(CommandCall& call) {
  Args args(call.words, 2);
  TRY(const QueueSystem::Add options, add_arguments(call, args));
  const std::string_view payload = args.text();
  TRY_VOID(args.done());
  QueueCall queues(call);
  TRY(const QueueSystem::Added added, call.queues().add(queues.context, call.words[1], options, payload));
  switch (added.kind) {
    case QueueSystem::Added::Kind::kNoKey:
      call.reply.null();
      return {};
    case QueueSystem::Added::Kind::kTtlTooShort:
      return Error::kQueueTtlTooShort;
    case QueueSystem::Added::Kind::kRefused:
      return refuse_push(call, added.admission);
    case QueueSystem::Added::Kind::kAdded:
      call.log();
      break;
    case QueueSystem::Added::Kind::kDuplicate:
      break;
  }
  char text[kStreamIdCharsMax];
  call.reply.bulk({text, format_stream_id(text, added.id)});
  return {};
}

constexpr CommandSpec kRows[] = {
    {.name = "qadd",
     .syntax =
         "key [XX] due:[DELAY milliseconds:integer|AT unix-time-milliseconds:unix-time] "
         "[PRIORITY priority:integer] [TTL milliseconds:integer] "
         "dedupe:[<DEDUPE> token until:[<UNTIL> <START|DONE>] [WINDOW milliseconds:integer]] [GROUP group] "
         "payload",
     .handler = qadd,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kInsert)},
     .group = core::Group::kQueue,
     .since = "0.1.0",
     .complexity = "O(log N), N the number of messages that wait for a time; O(1) without a delay or a TTL",
     .summary = "Adds a message to a queue, now or from a later time on, and replies its ID."},
};
static_assert(core::well_formed(kRows));

}  // namespace

Error refuse_push(CommandCall& call, const Admission& admission) {
  if (admission.kind == Admission::Kind::kPaused) return Error::kQueuePausedIn;
  return call.fail("QFULL queue is full (" + std::to_string(admission.length) + " of " +
                   std::to_string(admission.length_max) + ")");
}

Result<void> admit_pushes_to_queue(CommandCall& call, std::string_view key, size_t count) {
  QueueCall queues(call);
  const Admission admission = call.queues().admit(queues.context, key, count);
  if (admission.kind == Admission::Kind::kFree) return {};
  return refuse_push(call, admission);
}

std::span<const CommandSpec> queue_add_commands() {
  return kRows;
}

}  // namespace sluice::commands
