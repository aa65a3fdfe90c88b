// SPDX-License-Identifier: MIT
//
// QPOLICY: what a queue does with the late and the failed.
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

std::string backoff_text(const Backoff& backoff) {
  const std::string base = std::to_string(backoff.base.count);
  switch (backoff.kind) {
    case Backoff::Kind::kNone:
      return "NONE";
    case Backoff::Kind::kFixed:
      return "FIXED " + base;
    case Backoff::Kind::kLinear:
      return "LINEAR " + base + " " + std::to_string(backoff.cap.count);
    case Backoff::Kind::kExponential:
      return "EXP " + base + " " + std::to_string(backoff.cap.count);
  }
  return {};
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

// One option with its value.
void take_option(Args& args, Policy& policy) {
  if (args.accept("LEASE")) {
    policy.lease = Millis{args.integer_in(1, kQueueSpanMax.count)};
  } else if (args.accept("MAXLEASE")) {
    policy.lease_max = Millis{args.integer_in(0, kQueueSpanMax.count)};
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
  } else if (args.accept("HEAD")) {
    take_head(args, policy.head);
  } else {
    args.fail(Error::kQueuePolicyOption);
  }
}

// Whether a policy of this kind can lie on what the key holds.
Result<void> check_key(CommandCall& call, std::string_view key, bool group) {
  const Entry* entry = call.keyspace().find(call.db(), key);
  const bool list = entry != nullptr && entry->type() == ValueType::kList;
  const bool stream = entry != nullptr && entry->type() == ValueType::kStream;
  if (entry != nullptr && !list && !stream) return Error::kWrongType;
  if (stream && !group) return Error::kQueueGroupRequired;
  if (list && group) return Error::kQueueGroupOnList;
  if (group) return call.fail("ERR policies of consumer groups are not available in this version");
  return {};
}

Result<void> qpolicy(CommandCall& call) {
  const std::string_view key = call.words[1];
  Args args(call.words, 2);
  const bool group = args.accept("GROUP");
  if (group) args.text();
  TRY_VOID(args.good());
  TRY_VOID(check_key(call, key, group));
  if (!args.more()) {
    reply_policy(call, key);
    return {};
  }
  QueueCall queues(call);
  const bool reset = args.accept("RESET");
  if (reset && !args.more()) {
    TRY(const bool changed, call.queues().reset_policy(queues.context, key));
    if (changed) call.log();
    call.reply.ok();
    return {};
  }
  Policy policy = reset ? Policy() : call.queues().policy(call.db(), key);
  while (args.more() && !args.failed())
    take_option(args, policy);
  TRY_VOID(args.done());
  TRY(const bool changed, call.queues().set_policy(queues.context, key, policy));
  if (changed) call.log();
  call.reply.ok();
  return {};
}

constexpr CommandSpec kRows[] = {
    {.name = "qpolicy",
     .syntax = "key [GROUP group] [RESET] [LEASE milliseconds:integer] [MAXLEASE milliseconds:integer] "
               "[MAXATTEMPTS count:integer] "
               "backoff:[<BACKOFF> <NONE|FIXED base:integer|LINEAR base:integer cap:integer|"
               "EXP base:integer cap:integer>] "
               "[JITTER percent:integer] [DEADLETTER stream:key] [DEADMAXLEN count:integer] [HEAD "
               "end:<LEFT|RIGHT>]",
     .handler = qpolicy,
     .arity = Arity::at_least(2),
     .flags = core::kWrite | core::kDenyOom | core::kFast | core::kMovableKeys,
     .keys = {KeySpec::one(core::kRw | core::kAccess | core::kUpdate),
              KeySpec::option("DEADLETTER", 2, core::kRw | core::kInsert)},
     .group = core::Group::kQueue,
     .since = "0.1.0",
     .complexity = "O(log N), N the number of policies",
     .summary = "Sets or shows how a queue leases, retries and buries."},
};
static_assert(core::well_formed(kRows));

}  // namespace

void reply_policy(CommandCall& call, std::string_view key) {
  const Policy& policy = call.queues().policy(call.db(), key);
  const auto number = [&call](std::string_view name, uint64_t value) {
    call.reply.bulk(name);
    call.reply.integer(static_cast<int64_t>(value));
  };
  const auto text = [&call](std::string_view name, std::string_view value) {
    call.reply.bulk(name);
    call.reply.bulk(value);
  };
  call.reply.map(9);
  number("LEASE", static_cast<uint64_t>(policy.lease.count));
  number("MAXLEASE", static_cast<uint64_t>(policy.lease_max.count));
  number("MAXATTEMPTS", policy.attempts_max);
  text("BACKOFF", backoff_text(policy.backoff));
  number("JITTER", policy.backoff.jitter_percent);
  text("DEADLETTER", dead_letter_key(policy, key));
  number("DEADMAXLEN", policy.dead_letters_max);
  text("HEAD", policy.head == Side::kLeft ? "LEFT" : "RIGHT");
  text("source", call.queues().has_policy(call.db(), key) ? "set" : "default");
}

std::span<const CommandSpec> queue_policy_commands() {
  return kRows;
}

}  // namespace sluice::commands
