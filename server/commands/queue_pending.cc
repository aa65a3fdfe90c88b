// SPDX-License-Identifier: MIT
//
// QPENDING: the messages that are not ready, one by one; what XPENDING is to a consumer group.
#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "server/commands/groups.h"
#include "server/commands/lookup.h"
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

struct PendingArguments {
  bool leased = true;
  bool delayed = true;
  StreamId first;
  StreamId last;
  bool nothing = false;  // an open bound that leaves no ID
  size_t count = 0;
  std::optional<std::string_view> consumer;
};

// "-", "+", an ID, or its milliseconds alone; "(" in front leaves the ID itself out.
std::optional<StreamId> bound(std::string_view text, bool first, bool& nothing) {
  if (text == "-") return StreamId{0, 0};
  if (text == "+") return StreamId{UINT64_MAX, UINT64_MAX};
  const bool open = !text.empty() && text[0] == '(';
  if (open) text.remove_prefix(1);
  std::optional<StreamId> id = parse_message_id(text);
  if (const auto ms = parse_u64(text); !id && ms) id = StreamId{*ms, first ? 0 : UINT64_MAX};
  if (!id || !open) return id;
  if (first) {
    nothing |= *id == StreamId{UINT64_MAX, UINT64_MAX};
    return id->seq == UINT64_MAX ? StreamId{id->ms + 1, 0} : StreamId{id->ms, id->seq + 1};
  }
  nothing |= *id == StreamId{0, 0};
  return id->seq == 0 ? StreamId{id->ms - 1, UINT64_MAX} : StreamId{id->ms, id->seq - 1};
}

Result<PendingArguments> pending_arguments(CommandCall& call) {
  PendingArguments arguments;
  Args args(call.words, 2);
  if (args.accept("LEASED")) {
    arguments.delayed = false;
  } else if (args.accept("DELAYED")) {
    arguments.leased = false;
  } else {
    args.accept("ALL");
  }
  const auto first = bound(args.text(), true, arguments.nothing);
  const auto last = bound(args.text(), false, arguments.nothing);
  const int64_t count = args.integer();
  if (args.more()) arguments.consumer = args.text();
  TRY_VOID(args.done());
  if (!first) return Error::kStreamRangeStart;
  if (!last) return Error::kStreamRangeEnd;
  arguments.first = *first;
  arguments.last = *last;
  arguments.count = static_cast<size_t>(std::max<int64_t>(0, count));
  return arguments;
}

bool wanted(const PendingArguments& arguments, const Queue& queue, const Message& message) {
  const bool leased = message.state == MessageState::kLeased;
  const bool delayed = message.state == MessageState::kDelayed;
  if (!(leased && arguments.leased) && !(delayed && arguments.delayed)) return false;
  if (!arguments.consumer) return true;
  return leased && queue.consumer_name(message) == *arguments.consumer;
}

void reply_pending(CommandCall& call, const Queue& queue, const Message& message) {
  const bool leased = message.state == MessageState::kLeased;
  char id[kStreamIdCharsMax];
  call.reply.array(6);
  call.reply.bulk({id, format_stream_id(id, message.id())});
  call.reply.bulk(leased ? queue.consumer_name(message) : std::string_view());
  // Held since; or due in so many milliseconds.
  const UnixMs since = leased ? message.reserved_at : queue.timer_when(message);
  call.reply.integer((call.stamp.now - since).count);
  call.reply.integer(message.deliveries);
  call.reply.integer(message.attempts);
  call.reply.bulk(message.reason());
}

Result<void> qpending(CommandCall& call) {
  TRY(const PendingArguments arguments, pending_arguments(call));
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kList));
  std::vector<const Message*> found;
  if (entry != nullptr && entry->list().is_queue() && !arguments.nothing && arguments.count > 0) {
    const Queue& queue = entry->list().queue();
    queue.for_each_message_from(arguments.first, [&](const Message& message) {
      if (message.id() > arguments.last) return false;
      if (wanted(arguments, queue, message)) found.push_back(&message);
      return found.size() < arguments.count;
    });
  }
  call.reply.array(found.size());
  for (const Message* message : found)
    reply_pending(call, entry->list().queue(), *message);
  return {};
}

constexpr CommandSpec kRows[] = {
    {.name = "qpending",
     .syntax = "key state:[LEASED|DELAYED|ALL] start end count:integer [consumer]",
     .handler = qpending,
     .arity = Arity::at_least(5),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .group = core::Group::kQueue,
     .since = "0.1.0",
     .complexity = "O(N), N the number of messages with an ID between the two",
     .summary = "Lists the messages of a queue that are leased or delayed."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> queue_pending_commands() {
  return kRows;
}

}  // namespace sluice::commands
