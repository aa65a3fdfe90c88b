// SPDX-License-Identifier: MIT
//
// QPOLICY: what a queue, or a consumer group, does with the late and the failed.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/queue/policy_words.h"
#include "server/commands/groups.h"
#include "server/commands/queue.h"
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

// Retries that PREVIEW tells of.
constexpr int64_t kPreviewMax = 1'000;

std::string backoff_text(const Backoff& backoff) {
  std::string text(backoff_word(backoff.kind));
  if (backoff.kind == Backoff::Kind::kNone) return text;
  text += " " + std::to_string(backoff.base.count);
  if (backoff.kind != Backoff::Kind::kFixed) text += " " + std::to_string(backoff.cap.count);
  return text;
}

void take_backoff(Args& args, Backoff& backoff) {
  const auto span = [&args] { return Millis{args.integer_in(0, kQueueSpanMax.count)}; };
  const uint32_t jitter_percent = backoff.jitter_percent;
  if (args.accept("NONE")) {
    backoff = {.kind = Backoff::Kind::kNone, .base = {}, .cap = {}};
  } else if (args.accept("FIXED")) {
    backoff = {.kind = Backoff::Kind::kFixed, .base = span(), .cap = {}};
  } else if (args.accept("LINEAR")) {
    backoff = {.kind = Backoff::Kind::kLinear, .base = span(), .cap = span()};
  } else if (args.accept("EXP")) {
    backoff = {.kind = Backoff::Kind::kExponential, .base = span(), .cap = span()};
  } else {
    args.fail(Error::kSyntax);
  }
  backoff.jitter_percent = jitter_percent;
}

void take_head(Args& args, Side& head) {
  if (args.accept("LEFT")) {
    head = Side::kLeft;
  } else if (args.accept("RIGHT")) {
    head = Side::kRight;
  } else {
    args.fail(Error::kSyntax);
  }
}

template <typename Value>
struct Choice {
  std::string_view word;
  Value value;
};

template <typename Value, size_t kCount>
void take_choice(Args& args, Value& value, const Choice<Value> (&choices)[kCount]) {
  for (const Choice<Value>& choice : choices) {
    if (!args.accept(choice.word)) continue;
    value = choice.value;
    return;
  }
  args.fail(Error::kSyntax);
}

constexpr Choice<Pause> kPauses[] = {
    {"NONE", Pause::kNone}, {"IN", Pause::kIn}, {"OUT", Pause::kOut}, {"ALL", Pause::kAll}};
// A group has no way in to be closed.
constexpr Choice<Pause> kGroupPauses[] = {{"NONE", Pause::kNone}, {"OUT", Pause::kOut}};
constexpr Choice<AckDelete> kAckDeletes[] = {
    {"NONE", AckDelete::kNone}, {"ACKED", AckDelete::kAcked}, {"DELREF", AckDelete::kDelref}};
constexpr Choice<Overflow> kOverflows[] = {{"REJECT", Overflow::kReject}, {"DROP", Overflow::kDrop}};

// "0 0" is no limit.
void take_rate(Args& args, RateLimit& rate) {
  rate.deliveries = static_cast<uint32_t>(args.integer_in(0, kRateDeliveriesMax));
  rate.window = Millis{args.integer_in(0, kQueueSpanMax.count)};
  if ((rate.deliveries == 0) != (rate.window == Millis{0})) args.fail(Error::kNotInteger);
}

// The options that only lists know. False: it is none of them.
bool take_list_option(Args& args, Policy& policy) {
  if (args.accept("MAXLEASE")) {
    policy.lease_max = Millis{args.integer_in(0, kQueueSpanMax.count)};
  } else if (args.accept("PAUSE")) {
    take_choice(args, policy.pause, kPauses);
  } else if (args.accept("HEAD")) {
    take_head(args, policy.head);
  } else if (args.accept("MAXLEN")) {
    policy.length_max = static_cast<uint64_t>(args.integer_in(0, INT64_MAX));
  } else if (args.accept("OVERFLOW")) {
    take_choice(args, policy.overflow, kOverflows);
  } else if (args.accept("TTL")) {
    policy.ttl = Millis{args.integer_in(0, kQueueSpanMax.count)};
  } else if (args.accept("AGING")) {
    policy.aging = Millis{args.integer_in(0, kQueueSpanMax.count)};
  } else {
    return false;
  }
  return true;
}

// Likewise those of groups.
bool take_group_option(Args& args, Policy& policy) {
  if (args.accept("PAUSE")) {
    take_choice(args, policy.pause, kGroupPauses);
  } else if (args.accept("ACKDEL")) {
    take_choice(args, policy.ack_delete, kAckDeletes);
  } else {
    return false;
  }
  return true;
}

// One option with its value.
void take_option(Args& args, bool group, Policy& policy) {
  if (args.accept("LEASE")) {
    policy.lease = Millis{args.integer_in(1, kQueueSpanMax.count)};
  } else if (args.accept("MAXATTEMPTS")) {
    policy.attempts_max = static_cast<uint32_t>(args.integer_in(0, UINT32_MAX));
  } else if (args.accept("BACKOFF")) {
    take_backoff(args, policy.backoff);
  } else if (args.accept("JITTER")) {
    policy.backoff.jitter_percent = static_cast<uint32_t>(args.integer_in(0, 100));
  } else if (args.accept("DEADLETTER")) {
    policy.dead_letter = args.text();
  } else if (args.accept("DEADMAXLEN")) {
    policy.dead_letters_max = static_cast<uint64_t>(args.integer_in(0, INT64_MAX));
  } else if (args.accept("MAXLEASED")) {
    policy.leased_max = static_cast<uint64_t>(args.integer_in(0, INT64_MAX));
  } else if (args.accept("RATE")) {
    take_rate(args, policy.rate);
  } else if (!(group ? take_group_option(args, policy) : take_list_option(args, policy))) {
    args.fail(Error::kQueuePolicyOption);
  }
}

// Whether a policy of this kind can lie on what the key holds.
Result<void> check_key(CommandCall& call, std::string_view key, std::string_view group) {
  const Entry* entry = call.keyspace().find(call.db(), key);
  if (entry == nullptr) return {};
  if (entry->type() == ValueType::kStream) {
    if (group.empty()) return Error::kQueueGroupRequired;
    return {};
  }
  if (entry->type() != ValueType::kList) return Error::kWrongType;
  if (!group.empty()) return Error::kQueueGroupOnList;
  return {};
}

// Whether one more policy may be set. What the log says was allowed then.
Result<void> check_room(CommandCall& call, std::string_view key, std::string_view group) {
  if (call.mode == CommandCall::Mode::kReplay || call.queues().has_policy(call.db(), key, group)) return {};
  const auto policies_max = static_cast<uint64_t>(call.server.config.settings().queue_policies_max);
  if (call.queues().policies() >= policies_max) return Error::kQueuePoliciesFull;
  return {};
}

// [cursor, [[db, key, group], ...]]; the group is empty for a list.
void reply_listing(CommandCall& call, uint64_t cursor, size_t count) {
  std::vector<PolicyName> names;
  cursor =
      call.queues().scan_policies(cursor, count, [&names](const PolicyName& name) { names.push_back(name); });
  call.reply.array(2);
  call.reply.bulk(std::to_string(cursor));
  call.reply.array(names.size());
  for (const PolicyName& name : names) {
    call.reply.array(3);
    call.reply.integer(name.db);
    call.reply.bulk(name.key);
    call.reply.bulk(name.group);
  }
}

// QPOLICY alone, or QPOLICY CURSOR cursor [COUNT count]: a number cannot be an option, so a queue may still be called
// CURSOR. True if it was that.
Result<bool> list_policies(CommandCall& call) {
  constexpr size_t kListedUsually = 10;
  constexpr int64_t kListedMax = 10'000;
  if (call.words.size() == 1) {
    reply_listing(call, 0, kListedUsually);
    return true;
  }
  Args args(call.words);
  if (!args.accept("CURSOR")) return false;
  const auto cursor = parse_u64(args.peek());
  if (!cursor) return false;
  args.skip(1);
  size_t count = kListedUsually;
  if (args.accept("COUNT")) count = static_cast<size_t>(args.integer_in(1, kListedMax));
  TRY_VOID(args.done());
  reply_listing(call, *cursor, count);
  return true;
}

// QPOLICY key PREVIEW n: what the policy in force makes of n failures in a row, as [retry, lowest, mean, highest,
// lowest, mean and highest sum so far], in milliseconds. Where the policy gives up, so does the list.
Result<void> preview(CommandCall& call, const Policy& policy, int64_t retries) {
  if (policy.attempts_max > 0) retries = std::min<int64_t>(retries, policy.attempts_max - 1);
  call.reply.array(static_cast<size_t>(retries));
  DelayRange sum;
  for (int64_t retry = 1; retry <= retries; ++retry) {
    const DelayRange delay = retry_delay_range(policy.backoff, static_cast<uint32_t>(retry));
    sum = {sum.lowest + delay.lowest, sum.mean + delay.mean, sum.highest + delay.highest};
    call.reply.array(7);
    for (const int64_t number : {retry, delay.lowest.count, delay.mean.count, delay.highest.count,
                                 sum.lowest.count, sum.mean.count, sum.highest.count})
      call.reply.integer(number);
  }
  return {};
}

Result<void> reset(CommandCall& call, std::string_view key, std::string_view group) {
  QueueCall queues(call);
  TRY(const bool changed, call.queues().reset_policy(queues.context, key, group));
  if (changed) call.log();
  // What was delayed in a group can be claimed at once.
  if (changed && !group.empty()) call.wake(key);
  call.reply.ok();
  return {};
}

Result<void> qpolicy(CommandCall& call) {
  TRY(const bool listed, list_policies(call));
  if (listed) return {};
  const std::string_view key = call.words[1];
  Args args(call.words, 2);
  std::string_view group;
  if (args.accept("GROUP")) {
    group = args.text();
    TRY_VOID(args.good());
    if (group.empty()) return call.fail("ERR GROUP must not be empty");
  }
  TRY_VOID(check_key(call, key, group));
  if (!args.more()) {
    reply_policy(call, key, group);
    return {};
  }
  if (args.accept("PREVIEW")) {
    const int64_t retries = args.integer_in(1, kPreviewMax);
    TRY_VOID(args.done());
    return preview(call, call.queues().policy(call.db(), key, group), retries);
  }
  const bool resets = args.accept("RESET");
  if (resets && !args.more()) return reset(call, key, group);
  Policy policy = resets ? Policy() : call.queues().policy(call.db(), key, group);
  while (args.more() && !args.failed())
    take_option(args, !group.empty(), policy);
  TRY_VOID(args.done());
  TRY_VOID(check_room(call, key, group));
  QueueCall queues(call);
  TRY(const bool changed, call.queues().set_policy(queues.context, key, policy, group));
  if (changed) call.log();
  call.reply.ok();
  return {};
}

constexpr CommandSpec kRows[] = {
    {.name = "qpolicy",
     .syntax =
         "policy:[key [GROUP group] [RESET] [LEASE milliseconds:integer] [MAXLEASE milliseconds:integer] "
         "[MAXATTEMPTS count:integer] backoff:[<BACKOFF> <NONE|FIXED base:integer|LINEAR base:integer "
         "cap:integer|"
         "EXP base:integer cap:integer>] [JITTER percent:integer] [DEADLETTER stream:key] [DEADMAXLEN "
         "count:integer] pause:[<PAUSE> <NONE|IN|OUT|ALL>] [MAXLEASED count:integer] head:[<HEAD> "
         "<LEFT|RIGHT>] "
         "[MAXLEN count:integer] overflow:[<OVERFLOW> <REJECT|DROP>] [TTL milliseconds:integer] "
         "[AGING milliseconds:integer] rate:[<RATE> deliveries:integer window:integer] "
         "ackdel:[<ACKDEL> <NONE|ACKED|DELREF>] [PREVIEW retries:integer]]",
     .handler = qpolicy,
     .arity = Arity::at_least(1),
     .flags = core::kWrite | core::kDenyOom | core::kFast | core::kMovableKeys,
     .keys = {KeySpec::one(core::kRw | core::kAccess | core::kUpdate | core::kMayBeMissing),
              KeySpec::option("DEADLETTER", 2, core::kRw | core::kInsert | core::kEmptyIsNone)},
     .group = core::Group::kQueue,
     .since = "0.1.0",
     .complexity = "O(log N), N the number of policies",
     .summary =
         "Sets or shows how a queue or a consumer group leases, retries and buries; without a key, lists "
         "what is set."},
};
static_assert(core::well_formed(kRows));

}  // namespace

void reply_policy(CommandCall& call, std::string_view key, std::string_view group) {
  const Policy& policy = call.queues().policy(call.db(), key, group);
  const bool of_list = group.empty();
  const auto number = [&call](std::string_view name, uint64_t value) {
    call.reply.bulk(name);
    call.reply.integer(static_cast<int64_t>(value));
  };
  const auto text = [&call](std::string_view name, std::string_view value) {
    call.reply.bulk(name);
    call.reply.bulk(value);
  };
  call.reply.map(of_list ? 16 : 11);
  number("LEASE", static_cast<uint64_t>(policy.lease.count));
  if (of_list) number("MAXLEASE", static_cast<uint64_t>(policy.lease_max.count));
  number("MAXATTEMPTS", policy.attempts_max);
  text("BACKOFF", backoff_text(policy.backoff));
  number("JITTER", policy.backoff.jitter_percent);
  text("DEADLETTER", of_list ? dead_letter_key(policy, key) : dead_letter_key(policy, key, group));
  number("DEADMAXLEN", policy.dead_letters_max);
  text("PAUSE", pause_word(policy.pause));
  number("MAXLEASED", policy.leased_max);
  if (of_list) {
    text("HEAD", policy.head == Side::kLeft ? "LEFT" : "RIGHT");
    number("MAXLEN", policy.length_max);
    text("OVERFLOW", overflow_word(policy.overflow));
    number("TTL", static_cast<uint64_t>(policy.ttl.count));
    number("AGING", static_cast<uint64_t>(policy.aging.count));
  }
  text("RATE", std::to_string(policy.rate.deliveries) + " " + std::to_string(policy.rate.window.count));
  if (!of_list) text("ACKDEL", ack_delete_word(policy.ack_delete));
  text("source", call.queues().has_policy(call.db(), key, group) ? "set" : "default");
}

std::span<const CommandSpec> queue_policy_commands() {
  return kRows;
}

}  // namespace sluice::commands
