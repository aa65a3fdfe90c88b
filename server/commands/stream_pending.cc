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
#include "server/commands/stream_arguments.h"
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
  uint64_t acknowledged = 0;
  for (const std::string_view word : words) {
    if (target.group->acknowledge(id_argument(word).value())) ++acknowledged;
  }
  if (acknowledged > 0) call.log();
  call.reply.unsigned_integer(acknowledged);
  return {};
}

// --- XNACK

struct NackOptions {
  enum class Mode : uint8_t { kSilent, kFail, kFatal };
  Mode mode = Mode::kFail;
  std::vector<StreamId> ids;
  std::optional<uint64_t> deliveries;  // RETRYCOUNT
  bool force = false;

  uint64_t deliveries_after(uint64_t before) const {
    if (deliveries) return *deliveries;
    switch (mode) {
      case Mode::kSilent:
        return before == 0 ? 0 : before - 1;
      case Mode::kFail:
        return before;
      case Mode::kFatal:
        return kDeliveriesMax;
    }
    CHECK(false);
  }
};

Result<NackOptions::Mode> nack_mode(CommandCall& call, std::string_view word) {
  if (equals_folded(word, "SILENT")) return NackOptions::Mode::kSilent;
  if (equals_folded(word, "FAIL")) return NackOptions::Mode::kFail;
  if (equals_folded(word, "FATAL")) return NackOptions::Mode::kFatal;
  return call.fail("ERR mode must be SILENT, FAIL, or FATAL");
}

Result<NackOptions> nack_options(CommandCall& call) {
  NackOptions options;
  TRY(options.mode, nack_mode(call, call.words[3]));
  Args args(call.words, 4);
  if (!args.accept("IDS")) return call.fail("ERR syntax error, expected IDS keyword");
  const std::optional<int64_t> count = parse_i64(args.text());
  if (!count || *count <= 0) return call.fail("ERR numids must be a positive integer");
  if (static_cast<uint64_t>(*count) > args.left()) return call.fail("ERR number of IDs doesn't match numids");
  TRY(options.ids, id_arguments(args.rest().first(static_cast<size_t>(*count))));
  args.skip(static_cast<size_t>(*count));
  while (args.more()) {
    if (args.accept("FORCE")) {
      options.force = true;
    } else if (args.left() > 1 && args.accept("RETRYCOUNT")) {
      const std::optional<int64_t> deliveries = parse_i64(args.text());
      if (!deliveries || *deliveries < 0) return call.fail("ERR Invalid RETRYCOUNT value, must be >= 0");
      options.deliveries = static_cast<uint64_t>(*deliveries);
    } else {
      return call.fail(std::string("ERR Unrecognized XNACK option '").append(args.peek()).append("'"));
    }
  }
  return options;
}

Result<void> xnack(CommandCall& call) {
  TRY(const NackOptions options, nack_options(call));
  const std::string_view key = call.words[1];
  TRY(const GroupTarget target, find_group_to_write(call, key, call.words[2]));
  if (!target.found()) return fail_no_group(call, key, call.words[2]);
  uint64_t released = 0;
  for (const StreamId id : options.ids) {
    const std::optional<Pending> pending = target.group->pending().find(id);
    if (!pending && !(options.force && target.stream->contains(id))) continue;
    target.group->release(id, options.deliveries_after(pending ? pending->deliveries : 0));
    ++released;
  }
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
    const int64_t idle = pending.owned() ? std::max<int64_t>(0, now.count - pending.time->count) : -1;
    if (pending.owned() && idle < options.idle_min.value_or(0)) continue;  // a limit before 1970
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
     .summary = "Acknowledges entries; replies how many were pending."},
    {.name = "xnack",
     .syntax = "key group mode:<SILENT|FAIL|FATAL> IDS ids:(numids:integer id...) [RETRYCOUNT count:integer] "
               "[FORCE]",
     .handler = xnack,
     .arity = Arity::at_least(7),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kUpdate)},
     .group = core::Group::kStream,
     .since = "8.8.0",
     .complexity = "O(log(N)) for each ID, N the pending entries of the group",
     .summary = "Gives pending entries back, for any consumer to claim at once; replies how many."},
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
