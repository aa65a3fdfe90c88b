// SPDX-License-Identifier: MIT
//
// What becomes of pending entries: XACK, XNACK, XPENDING. Changing hands is in stream_claim.cc.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/ascii.h"
#include "engine/base/number_text.h"
#include "server/commands/groups.h"
#include "server/commands/queue.h"
#include "server/commands/stream_arguments.h"
#include "server/commands/stream_deletion.h"
#include "server/commands/stream_reply.h"
#include "server/core/args.h"
#include "server/core/command_spec.h"

namespace sluice::commands {
namespace {

using core::Args;
using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::KeySpec;

// --- XACK

Result<void> xack(CommandCall& call) {
  TRY(const GroupTarget target, find_group_to_write(call, call.words[1], call.words[2]));
  if (!target.found()) {
    call.reply.integer(0);
    return {};
  }
  const core::Words words = call.words.subspan(3);
  for (const std::string_view word : words) {
    TRY_VOID(id_argument(word));
  }
  const AckDelete deletes =
      target.group->managed() == nullptr ? AckDelete::kNone : target.group->managed()->policy().ack_delete;
  StreamDeletion deletion(*target.stream,
                          deletes == AckDelete::kAcked ? References::kAcknowledged : References::kDrop);
  uint64_t acknowledged = 0;
  for (const std::string_view word : words) {
    const StreamId id = id_argument(word).value();
    if (!deletion.acknowledge(*target.group, id, call.stamp.now)) continue;
    ++acknowledged;
    if (deletes != AckDelete::kNone) deletion.one(id);
  }
  deletion.report(call);
  call.reply.unsigned_integer(acknowledged);
  return {};
}

// --- XNACK

struct NackOptions {
  NackMode mode = NackMode::kFail;
  std::vector<StreamId> ids;
  std::optional<uint64_t> deliveries;  // RETRYCOUNT
  bool force = false;
  // In a group with a policy only.
  std::optional<std::string_view> consumer;
  std::optional<UnixMs> due;
  std::optional<std::string_view> reason;

  // Without a policy.
  uint64_t deliveries_after(uint64_t before) const {
    if (deliveries) return *deliveries;
    switch (mode) {
      case NackMode::kSilent:
        return before == 0 ? 0 : before - 1;
      case NackMode::kFail:
        return before;
      case NackMode::kFatal:
        return kDeliveriesMax;
    }
    CHECK(false);
  }
};

Result<NackMode> nack_mode(CommandCall& call, std::string_view word) {
  if (equals_folded(word, "SILENT")) return NackMode::kSilent;
  if (equals_folded(word, "FAIL")) return NackMode::kFail;
  if (equals_folded(word, "FATAL")) return NackMode::kFatal;
  return call.fail("ERR mode must be SILENT, FAIL, or FATAL");
}

// One option behind the IDs that only groups with a policy know. False: it is none.
Result<bool> managed_nack_option(CommandCall& call, Args& args, NackOptions& options) {
  if (args.left() < 2) return false;
  if (!options.reason && args.accept("REASON")) {
    options.reason = args.text();
    return true;
  }
  const bool timed = accept_time(args, call.stamp.now, options.due);
  TRY_VOID(args.good());
  return timed;
}

// `managed`: the group has a policy. Without one the words are those of Redis.
Result<NackOptions> nack_options(CommandCall& call, bool managed) {
  NackOptions options;
  TRY(options.mode, nack_mode(call, call.words[3]));
  Args args(call.words, 4);
  if (managed && args.left() > 1 && args.accept("CONSUMER")) options.consumer = args.text();
  if (!args.accept("IDS")) return call.fail("ERR syntax error, expected IDS keyword");
  const std::optional<int64_t> count = parse_i64(args.text());
  if (!count || *count <= 0) return call.fail("ERR numids must be a positive integer");
  if (static_cast<uint64_t>(*count) > args.left()) return call.fail("ERR number of IDs doesn't match numids");
  TRY(options.ids, id_arguments(args.rest().first(static_cast<size_t>(*count))));
  args.skip(static_cast<size_t>(*count));
  while (args.more()) {
    if (args.accept("FORCE")) {
      options.force = true;
      continue;
    }
    if (args.left() > 1 && args.accept("RETRYCOUNT")) {
      const std::optional<int64_t> deliveries = parse_i64(args.text());
      if (!deliveries || *deliveries < 0) return call.fail("ERR Invalid RETRYCOUNT value, must be >= 0");
      options.deliveries = static_cast<uint64_t>(*deliveries);
      continue;
    }
    bool taken = false;
    if (managed) {
      TRY(taken, managed_nack_option(call, args, options));
    }
    if (!taken) {
      return call.fail(std::string("ERR Unrecognized XNACK option '").append(args.peek()).append("'"));
    }
  }
  // The dead do not wait.
  if (options.due && options.mode == NackMode::kFatal) return Error::kSyntax;
  return options;
}

uint64_t release(const GroupTarget& target, const NackOptions& options) {
  uint64_t released = 0;
  for (const StreamId id : options.ids) {
    const std::optional<Pending> pending = target.group->pending().find(id);
    if (!pending && !(options.force && target.stream->contains(id))) continue;
    target.group->release(id, options.deliveries_after(pending ? pending->deliveries : 0));
    ++released;
  }
  return released;
}

uint64_t release_managed(CommandCall& call, ManagedGroup& group, const NackOptions& options) {
  const ManagedGroups::Release how{.mode = options.mode,
                                   .due = options.due,
                                   .reason = options.reason,
                                   .deliveries = options.deliveries,
                                   .force = options.force,
                                   .consumer = options.consumer};
  QueueCall queues(call);
  uint64_t released = 0;
  for (const StreamId id : options.ids)
    released += call.queues().managed().release(queues.context, group, id, how) ? 1 : 0;
  return released;
}

Result<void> xnack(CommandCall& call) {
  const std::string_view key = call.words[1];
  TRY(const NackOptions options, nack_options(call, call.queues().has_policy(call.db(), key, call.words[2])));
  TRY(const GroupTarget target, find_group_to_write(call, key, call.words[2]));
  if (!target.found()) return fail_no_group(call, key, call.words[2]);
  ManagedGroup* const managed = target.group->managed();
  const uint64_t released =
      managed == nullptr ? release(target, options) : release_managed(call, *managed, options);
  if (released > 0) {
    call.log();
    call.wake(key);
  }
  call.reply.unsigned_integer(released);
  return {};
}

// --- XPENDING

void reply_summary(CommandCall& call, const ConsumerGroup& group) {
  const PendingList& pending = group.pending();
  call.reply.array(4);
  call.reply.unsigned_integer(pending.size());
  if (pending.empty()) {
    call.reply.null();
    call.reply.null();
    call.reply.null_array();
    return;
  }
  reply_id(call.reply, pending.first().id());
  reply_id(call.reply, pending.last_id());
  const size_t mark = call.reply.array_later();
  size_t consumers = 0;
  for (const ConsumerNumber number : group.consumers()) {
    const Consumer& consumer = group.consumer(number);
    if (consumer.pending == 0) continue;
    ++consumers;
    call.reply.array(2);
    call.reply.bulk(consumer.name);
    call.reply.bulk_integer(static_cast<int64_t>(consumer.pending));
  }
  call.reply.set_array_length(mark, consumers);
}

struct PendingOptions {
  std::optional<int64_t> idle_min;
  uint64_t count = 0;
  StreamRange range = {};
  std::optional<std::string_view> consumer;
};

Result<PendingOptions> pending_options(core::Words words) {
  constexpr size_t kWordsMax = 9;
  if (words.size() < 6 || words.size() > kWordsMax) return Error::kSyntax;
  PendingOptions options;
  Args args(words, 3);
  if (args.accept("IDLE")) {
    options.idle_min = args.integer();
    TRY_VOID(args.good());
    if (args.left() < 3) return Error::kSyntax;
  }
  const std::string_view first = args.text();
  const std::string_view last = args.text();
  options.count = static_cast<uint64_t>(std::max<int64_t>(0, args.integer()));
  TRY_VOID(args.good());
  TRY(options.range, range_arguments(first, last));
  if (args.more()) options.consumer = args.text();
  return options;
}

void reply_pending(CommandCall& call, const ConsumerGroup& group, const PendingOptions& options) {
  const UnixMs now = call.stamp.now;
  PendingList::Filter filter;
  if (options.consumer) {
    filter.consumer = group.find_consumer(*options.consumer);
    if (filter.consumer == kNoConsumer) return call.reply.array(0);
  }
  if (options.idle_min.value_or(0) > 0) {
    filter.delivered_until = UnixMs{now.count - *options.idle_min};
  }
  const size_t mark = call.reply.array_later();
  uint64_t entries = 0;
  PendingList::Cursor cursor = group.pending().first_from(options.range.first, filter);
  for (; !cursor.at_end() && entries < options.count && cursor.id() <= options.range.last; cursor.next()) {
    const Pending pending = cursor.pending();
    int64_t idle = -1;  // it can be had
    if (pending.owned()) idle = std::max<int64_t>(0, now.count - pending.time->count);
    const bool delayed = !pending.owned() && pending.time > now;
    if (delayed) idle = now.count - pending.time->count;
    // A limit before 1970; and what is delayed is not idle at all.
    if ((pending.owned() || delayed) && idle < options.idle_min.value_or(delayed ? INT64_MIN : 0)) continue;
    ++entries;
    call.reply.array(4);
    reply_id(call.reply, pending.id);
    call.reply.bulk(pending.owned() ? std::string_view(group.consumer(pending.consumer).name)
                                    : std::string_view());
    call.reply.integer(idle);
    call.reply.unsigned_integer(pending.deliveries);
  }
  call.reply.set_array_length(mark, entries);
}

Result<void> xpending(CommandCall& call) {
  const bool is_summary = call.words.size() == 3;
  PendingOptions options;
  if (!is_summary) {
    TRY(options, pending_options(call.words));
  }
  TRY(const ConstGroupTarget target, find_group_to_read(call, call.words[1], call.words[2]));
  if (!target.found()) return fail_no_group(call, call.words[1], call.words[2]);
  if (is_summary) {
    reply_summary(call, *target.group);
  } else {
    reply_pending(call, *target.group, options);
  }
  return {};
}

// --- Rows

constexpr CommandSpec kRows[] = {
    {.name = "xack",
     .syntax = "key group id...",
     .handler = xack,
     .arity = Arity::at_least(4),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kUpdate)},
     .group = core::Group::kStream,
     .since = "5.0.0",
     .complexity = "O(log(N)) for each ID, N the pending entries of the group",
     .summary = "Acknowledges entries; replies how many were pending. A policy may delete them as well."},
    {.name = "xnack",
     .syntax = "key group mode:<SILENT|FAIL|FATAL> [CONSUMER consumer] IDS ids:(numids:integer id...) "
               "[RETRYCOUNT count:integer] [FORCE] due:[DELAY milliseconds:integer|AT unix-time-milliseconds:"
               "unix-time] [REASON reason]",
     .handler = xnack,
     .arity = Arity::at_least(7),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kUpdate)},
     .group = core::Group::kStream,
     .since = "8.8.0",
     .complexity = "O(log(N)) for each ID, N the pending entries of the group",
     .summary = "Gives pending entries back, for any consumer to claim at once, or by the group's policy; "
                "replies how many."},
    {.name = "xpending",
     .syntax = "key group filters:[[IDLE min-idle-time:integer] start end count:integer [consumer]]",
     .handler = xpending,
     .arity = Arity::at_least(3),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .group = core::Group::kStream,
     .since = "5.0.0",
     .complexity = "O(log(M)+N), M the pending entries, N those replied; O(C) for the summary of C consumers",
     .summary = "Tells what is pending in a group: as a summary, or entry by entry."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> stream_pending_commands() {
  return kRows;
}

}  // namespace sluice::commands
