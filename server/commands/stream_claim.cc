// SPDX-License-Identifier: MIT
//
// Pending entries that change hands: XCLAIM, XAUTOCLAIM.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/ascii.h"
#include "engine/base/number_text.h"
#include "server/commands/groups.h"
#include "server/commands/queue.h"
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

// Whether a pending entry has been idle for long enough. An unowned one can be had if its time has come.
bool is_idle(const Pending& pending, UnixMs now, int64_t idle_min) {
  if (!pending.owned()) return !pending.time || *pending.time <= now;
  return idle_min == 0 || now.count - pending.time->count >= idle_min;
}

// What the policy says to a claim of an entry that has been idle for long enough.
ManagedGroup::Turn turn_of(const ConsumerGroup& group, const Pending& pending, ConsumerNumber consumer,
                           bool just_id, std::optional<uint64_t> deliveries) {
  using Turn = ManagedGroup::Turn;
  const ManagedGroup* const managed = group.managed();
  if (managed == nullptr) return Turn::kDeliver;
  // Who claims what he has, without counting, asks for more time.
  const bool extends = just_id && !deliveries && pending.consumer == consumer;
  if (extends) return Turn::kDeliver;
  Pending claimed = pending;
  if (deliveries) claimed.deliveries = *deliveries == 0 ? 0 : *deliveries - 1;
  return managed->turn_of(claimed);
}

uint64_t one_more(uint64_t deliveries) {
  return std::min(deliveries + 1, kDeliveriesMax);
}

// --- XCLAIM

struct ClaimOptions {
  std::vector<StreamId> ids;
  int64_t idle_min = 0;
  UnixMs time;                         // the new time of delivery
  std::optional<uint64_t> deliveries;  // the new count
  bool force = false;
  bool just_id = false;
  std::optional<StreamId> last_id;
};

// Reads a number behind an option's name. Requires: one word more is left.
Result<int64_t> claim_number(CommandCall& call, Args& args) {
  const std::string option = to_upper(args.text());
  const std::optional<int64_t> number = parse_i64(args.text());
  if (!number) return call.fail("ERR Invalid " + option + " option argument for XCLAIM");
  return *number;
}

// Bogus times are taken for now: a client may have computed one by a clock that is ahead.
UnixMs sane_time(int64_t time, UnixMs now) {
  return time < 0 || time > now.count ? now : UnixMs{time};
}

Result<void> claim_option(CommandCall& call, Args& args, ClaimOptions& options) {
  const UnixMs now = call.stamp.now;
  const bool more = args.left() > 1;
  if (args.accept("FORCE")) {
    options.force = true;
  } else if (args.accept("JUSTID")) {
    options.just_id = true;
  } else if (more && equals_folded(args.peek(), "IDLE")) {
    TRY(const int64_t idle, claim_number(call, args));
    options.time = idle < 0 ? now : sane_time(now.count - idle, now);
  } else if (more && equals_folded(args.peek(), "TIME")) {
    TRY(const int64_t time, claim_number(call, args));
    options.time = sane_time(time, now);
  } else if (more && equals_folded(args.peek(), "RETRYCOUNT")) {
    TRY(const int64_t deliveries, claim_number(call, args));
    options.deliveries = deliveries < 0 ? std::nullopt : std::optional(static_cast<uint64_t>(deliveries));
  } else if (more && args.accept("LASTID")) {
    TRY(options.last_id, id_argument(args.text()));
  } else {
    return call.fail(std::string("ERR Unrecognized XCLAIM option '").append(args.peek()).append("'"));
  }
  return {};
}

Result<ClaimOptions> claim_options(CommandCall& call) {
  ClaimOptions options;
  const std::optional<int64_t> idle_min = parse_i64(call.words[4]);
  if (!idle_min) return call.fail("ERR Invalid min-idle-time argument for XCLAIM");
  options.idle_min = std::max<int64_t>(0, *idle_min);
  options.time = call.stamp.now;
  Args args(call.words, 5);
  while (args.more()) {
    const Result<StreamId> id = id_argument(args.peek());
    if (!id.ok()) break;  // where the options begin
    options.ids.push_back(id.value());
    args.skip(1);
  }
  while (args.more()) {
    TRY_VOID(claim_option(call, args, options));
  }
  return options;
}

void bury_exhausted(CommandCall& call, ManagedGroup& group, const Pending& pending) {
  QueueCall queues(call);
  call.queues().managed().bury_exhausted(queues.context, group, pending);
}

enum class Claimed : uint8_t { kNo, kYes, kDropped };

// Gives one entry to the consumer, or drops it if the stream does not have it any more, or its deliveries are used up.
Claimed claim_one(CommandCall& call, const GroupTarget& target, StreamId id, ConsumerNumber consumer,
                  const ClaimOptions& options) {
  const UnixMs now = call.stamp.now;
  ConsumerGroup& group = *target.group;
  std::optional<Pending> pending = group.pending().find(id);
  if (!target.stream->contains(id)) {
    return pending && group.acknowledge(id) ? Claimed::kDropped : Claimed::kNo;
  }
  // With no idle time at all also what is delayed.
  if (pending && options.idle_min > 0 && !is_idle(*pending, now, options.idle_min)) return Claimed::kNo;
  if (!pending && !options.force) return Claimed::kNo;
  if (pending) {
    const auto turn = turn_of(group, *pending, consumer, options.just_id, options.deliveries);
    if (turn == ManagedGroup::Turn::kKeep) return Claimed::kNo;
    if (turn == ManagedGroup::Turn::kDie) {
      bury_exhausted(call, *group.managed(), *pending);
      return Claimed::kDropped;
    }
  }
  // As Redis: an entry that FORCE makes pending counts as delivered once already.
  uint64_t deliveries = pending ? pending->deliveries : 1;
  if (options.deliveries) {
    deliveries = *options.deliveries;
  } else if (!options.just_id) {
    deliveries = one_more(deliveries);
  }
  group.hold(id, consumer, options.time, deliveries);
  if (group.managed() != nullptr && !options.just_id) group.managed()->count(&QueueTotals::reserved);
  return Claimed::kYes;
}

void reply_claimed(CommandCall& call, const Stream& stream, StreamId id, bool just_id) {
  if (just_id) {
    reply_id(call.reply, id);
  } else {
    reply_entry(call.reply, stream.find(id));
  }
}

Result<void> xclaim(CommandCall& call) {
  const std::string_view key = call.words[1];
  TRY(const GroupTarget target, find_group_to_write(call, key, call.words[2]));
  if (!target.found()) return fail_no_group(call, key, call.words[2]);
  TRY(const ClaimOptions options, claim_options(call));
  // From here on nothing can fail.
  ConsumerGroup& group = *target.group;
  bool changed = false;
  if (options.last_id && *options.last_id > group.last_id()) {
    group.set_position(*options.last_id, group.entries_read());
    changed = true;
  }
  const ConsumerTarget consumer = consumer_target(call, key, group, call.words[3]);
  changed = changed || consumer.created;
  const size_t mark = call.reply.array_later();
  uint64_t claimed = 0;
  for (const StreamId id : options.ids) {
    const Claimed outcome = claim_one(call, target, id, consumer.number, options);
    changed = changed || outcome != Claimed::kNo;
    if (outcome != Claimed::kYes) continue;
    reply_claimed(call, *target.stream, id, options.just_id);
    ++claimed;
  }
  call.reply.set_array_length(mark, claimed);
  if (claimed > 0) group.consumer(consumer.number).active = call.stamp.now;
  if (changed) call.log();
  if (claimed > 0 && options.time < call.stamp.now) call.wake(key);  // it may be idle for long enough at once
  return {};
}

// --- XAUTOCLAIM

struct AutoClaimOptions {
  int64_t idle_min = 0;
  StreamId start;
  uint64_t count = 100;
  bool just_id = false;
};
// For each entry that may be claimed, so many are looked at.
constexpr uint64_t kAttemptsPerEntry = 10;

Result<AutoClaimOptions> auto_claim_options(CommandCall& call) {
  AutoClaimOptions options;
  const std::optional<int64_t> idle_min = parse_i64(call.words[4]);
  if (!idle_min) return call.fail("ERR Invalid min-idle-time argument for XAUTOCLAIM");
  options.idle_min = std::max<int64_t>(0, *idle_min);
  TRY(options.start, range_start_argument(call.words[5]));
  constexpr int64_t kCountMax = INT64_MAX / 16;
  Args args(call.words, 6);
  while (args.more()) {
    if (args.left() > 1 && args.accept("COUNT")) {
      const std::string_view text = args.text();
      const std::optional<int64_t> count = parse_i64(text);
      if (!count || *count < 1 || *count > kCountMax) return call.fail("ERR COUNT must be > 0");
      options.count = static_cast<uint64_t>(*count);
    } else if (args.accept("JUSTID")) {
      options.just_id = true;
    } else {
      return Error::kSyntax;
    }
  }
  return options;
}

// What one call of XAUTOCLAIM came across.
struct AutoClaim {
  std::vector<StreamId> claimed;
  std::vector<StreamId> deleted;
  bool buried = false;  // some were dead
  StreamId next;        // where to go on; 0-0 at the end
};

AutoClaim auto_claim(CommandCall& call, const GroupTarget& target, ConsumerNumber consumer,
                     const AutoClaimOptions& options) {
  const UnixMs now = call.stamp.now;
  AutoClaim result;
  ConsumerGroup& group = *target.group;
  uint64_t attempts = options.count * kAttemptsPerEntry;
  PendingList::Cursor cursor = group.pending().first_from(options.start);
  while (!cursor.at_end() && attempts-- > 0 &&
         result.claimed.size() + result.deleted.size() < options.count) {
    const Pending pending = cursor.pending();
    if (!target.stream->contains(pending.id)) {
      group.acknowledge(pending.id);
      result.deleted.push_back(pending.id);
      cursor = group.pending().first_from(pending.id);
      continue;
    }
    const bool idle = is_idle(pending, now, options.idle_min);
    const auto turn = turn_of(group, pending, consumer, options.just_id, std::nullopt);
    if (idle && turn == ManagedGroup::Turn::kDie) {
      bury_exhausted(call, *group.managed(), pending);
      result.buried = true;
      cursor = group.pending().first_from(pending.id);
      // It may lie there still: dying.
      if (!cursor.at_end() && cursor.id() == pending.id) cursor.next();
      continue;
    }
    if (idle && turn == ManagedGroup::Turn::kDeliver) {
      group.hold(pending.id, consumer, now,
                 options.just_id ? pending.deliveries : one_more(pending.deliveries));
      if (group.managed() != nullptr && !options.just_id) group.managed()->count(&QueueTotals::reserved);
      result.claimed.push_back(pending.id);
    }
    cursor.next();
  }
  if (!cursor.at_end()) result.next = cursor.id();
  return result;
}

Result<void> xautoclaim(CommandCall& call) {
  // The key is looked for before the rest is read, as in Redis, which announces when it is not there.
  const std::string_view key = call.words[1];
  const Result<GroupTarget> found = find_group_to_write(call, key, call.words[2]);
  TRY(const AutoClaimOptions options, auto_claim_options(call));
  TRY(const GroupTarget target, found);
  if (!target.found()) return fail_no_group(call, key, call.words[2]);
  const ConsumerTarget consumer = consumer_target(call, key, *target.group, call.words[3]);
  const AutoClaim result = auto_claim(call, target, consumer.number, options);
  if (!result.claimed.empty()) target.group->consumer(consumer.number).active = call.stamp.now;
  if (consumer.created || !result.claimed.empty() || !result.deleted.empty() || result.buried) call.log();

  call.reply.array(3);
  reply_id(call.reply, result.next);
  call.reply.array(result.claimed.size());
  for (const StreamId id : result.claimed)
    reply_claimed(call, *target.stream, id, options.just_id);
  call.reply.array(result.deleted.size());
  for (const StreamId id : result.deleted)
    reply_id(call.reply, id);
  return {};
}

// --- Rows

constexpr uint16_t kKeys = core::kRw | core::kUpdate;

constexpr CommandSpec kRows[] = {
    {.name = "xclaim",
     .syntax =
         "key group consumer min-idle-time id... [IDLE ms:integer] [TIME unix-time-milliseconds:unix-time] "
         "[RETRYCOUNT count:integer] [FORCE] [JUSTID] [LASTID lastid]",
     .handler = xclaim,
     .arity = Arity::at_least(6),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(kKeys)},
     .group = core::Group::kStream,
     .since = "5.0.0",
     .complexity = "O(log(N)) for each ID, N the pending entries of the group",
     .summary = "Gives pending entries to another consumer if they have been idle for long enough."},
    {.name = "xautoclaim",
     .syntax = "key group consumer min-idle-time start [COUNT count:integer] [JUSTID]",
     .handler = xautoclaim,
     .arity = Arity::at_least(6),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kDelete)},
     .group = core::Group::kStream,
     .since = "6.2.0",
     .complexity = "O(1) if COUNT is small",
     .summary = "Goes through the pending entries of a group and gives those to a consumer that have been "
                "idle for long."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> stream_claim_commands() {
  return kRows;
}

}  // namespace sluice::commands
