// SPDX-License-Identifier: MIT
//
// QINFO: the numbers of one queue, or all there is to say of one message.
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/stream.h"
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

// One number of QINFO: how it is called and where it comes from. `queue` is null if the key holds none; its totals go
// on while it rests (QueueSystem::resting).
struct Field {
  std::string_view name;
  int64_t (*value)(CommandCall& call, std::string_view key, const Queue* queue);
};

// Milliseconds since `then`, 0 if there is no such time.
int64_t since(CommandCall& call, const std::optional<UnixMs>& then) {
  return then ? std::max<int64_t>(0, (call.stamp.now - *then).count) : 0;
}

int64_t dead_letters(CommandCall& call, std::string_view key, const Queue*) {
  const std::string stream = dead_letter_key(call.queues().policy(call.db(), key), key);
  const Entry* entry = stream.empty() ? nullptr : call.keyspace().find(call.db(), stream);
  if (entry == nullptr || entry->type() != ValueType::kStream) return 0;
  return static_cast<int64_t>(entry->stream().length());
}

template <uint64_t QueueTotals::*kTotal>
int64_t total(CommandCall& call, std::string_view key, const Queue* queue) {
  if (queue != nullptr) return static_cast<int64_t>(queue->totals.*kTotal);
  const QueueStatistics* resting = call.queues().resting(call.db(), key);
  return resting == nullptr ? 0 : static_cast<int64_t>(resting->totals.*kTotal);
}

QueueRates::Summary rates_of(CommandCall& call, std::string_view key, const Queue* queue) {
  if (queue != nullptr) return queue->rates.summary(call.stamp.now, queue->began());
  const QueueStatistics* resting = call.queues().resting(call.db(), key);
  return resting == nullptr ? QueueRates::Summary() : resting->rates.summary(call.stamp.now, resting->began);
}

constexpr Field kFields[] = {
    {"ready",
     [](CommandCall& call, std::string_view key, const Queue* queue) {
       if (queue != nullptr) return static_cast<int64_t>(queue->ready());
       const Entry* entry = call.keyspace().find(call.db(), key);
       return entry == nullptr ? 0 : static_cast<int64_t>(entry->list().size());  // a plain list
     }},
    {"delayed",
     [](CommandCall&, std::string_view, const Queue* queue) {
       return queue == nullptr ? 0 : static_cast<int64_t>(queue->delayed());
     }},
    {"leased",
     [](CommandCall&, std::string_view, const Queue* queue) {
       return queue == nullptr ? 0 : static_cast<int64_t>(queue->leased());
     }},
    {"parked",
     [](CommandCall&, std::string_view, const Queue* queue) {
       return queue == nullptr ? 0 : static_cast<int64_t>(queue->parked());
     }},
    {"groups",
     [](CommandCall&, std::string_view, const Queue* queue) {
       return queue == nullptr ? 0 : static_cast<int64_t>(queue->groups().size());
     }},
    {"dead", dead_letters},
    {"oldest-ready-ms",
     [](CommandCall& call, std::string_view, const Queue* queue) {
       return queue == nullptr ? 0 : since(call, queue->oldest_ready());
     }},
    {"oldest-leased-ms",
     [](CommandCall& call, std::string_view, const Queue* queue) {
       return queue == nullptr ? 0 : since(call, queue->oldest_leased());
     }},
    {"next-due-ms",
     [](CommandCall& call, std::string_view, const Queue* queue) -> int64_t {
       const std::optional<UnixMs> due = queue == nullptr ? std::nullopt : queue->next_due();
       return due ? std::max<int64_t>(0, (*due - call.stamp.now).count) : 0;
     }},
    {"waiters",
     [](CommandCall& call, std::string_view key, const Queue*) {
       return static_cast<int64_t>(call.server.blocking.waiters_on(call.db(), key));
     }},
    {"consumers",
     [](CommandCall&, std::string_view, const Queue* queue) {
       return queue == nullptr ? 0 : static_cast<int64_t>(queue->consumers.holding());
     }},
    {"added", total<&QueueTotals::added>},
    {"reserved", total<&QueueTotals::reserved>},
    {"acked", total<&QueueTotals::acked>},
    {"nacked", total<&QueueTotals::nacked>},
    {"silent", total<&QueueTotals::silent>},
    {"lease-expired", total<&QueueTotals::lease_expired>},
    {"retried", total<&QueueTotals::retried>},
    {"died", total<&QueueTotals::died>},
    {"discarded", total<&QueueTotals::discarded>},
    {"expired", total<&QueueTotals::expired>},
    {"dropped", total<&QueueTotals::dropped>},
    {"rejected", total<&QueueTotals::rejected>},
    {"deduped", total<&QueueTotals::deduped>},
    {"popped", total<&QueueTotals::popped>},
    {"deleted", total<&QueueTotals::deleted>},
    {"redriven", total<&QueueTotals::redriven>},
    {"late-acks", total<&QueueTotals::late_acks>},
    {"stale-acks", total<&QueueTotals::stale_acks>},
    {"dead-blocked", total<&QueueTotals::dead_blocked>},
};
// Behind them: two rates, seven times of the last minute, the memory and the policy.
constexpr size_t kFieldsBehind = 11;

// With two digits behind the point: a queue that takes a message in ten seconds is not idle, and nobody reads more.
void reply_rate(CommandCall& call, std::string_view name, double rate) {
  char digits[64];
  const int size = std::snprintf(digits, sizeof digits, "%.2f", rate);
  call.reply.bulk(name);
  call.reply.bulk({digits, static_cast<size_t>(size)});
}

void reply_queue(CommandCall& call, std::string_view key, const Queue* queue) {
  call.reply.map(std::size(kFields) + kFieldsBehind);
  for (const Field& field : kFields) {
    call.reply.bulk(field.name);
    call.reply.integer(field.value(call, key, queue));
  }
  const QueueRates::Summary rates = rates_of(call, key, queue);
  reply_rate(call, "in-per-sec", rates.in_per_second);
  reply_rate(call, "out-per-sec", rates.out_per_second);
  const std::pair<std::string_view, uint64_t> times[] = {
      {"wait-ms-avg", rates.wait_ms_average}, {"wait-ms-p50", rates.wait_ms_p50},
      {"wait-ms-p99", rates.wait_ms_p99},     {"wait-ms-max", rates.wait_ms_max},
      {"hold-ms-avg", rates.hold_ms_average}, {"hold-ms-p50", rates.hold_ms_p50},
      {"hold-ms-p99", rates.hold_ms_p99}};
  for (const auto& [name, ms] : times) {
    call.reply.bulk(name);
    call.reply.integer(static_cast<int64_t>(ms));
  }
  call.reply.bulk("bytes");
  call.reply.integer(queue == nullptr ? 0 : static_cast<int64_t>(queue->bytes()));
  call.reply.bulk("policy");
  reply_policy(call, key);
}

std::string_view state_name(const Message& message) {
  if (message.dying) return "dying";
  switch (message.state) {
    case MessageState::kReady:
      return "ready";
    case MessageState::kDelayed:
      return "delayed";
    case MessageState::kLeased:
      return "leased";
    case MessageState::kParked:
      return "parked";
  }
  return {};
}

void reply_message(CommandCall& call, const Queue& queue, const Message& message) {
  const auto number = [&call](std::string_view name, int64_t value) {
    call.reply.bulk(name);
    call.reply.integer(value);
  };
  const auto text = [&call](std::string_view name, std::string_view value) {
    call.reply.bulk(name);
    call.reply.bulk(value);
  };
  const bool timed = message.state == MessageState::kDelayed || message.state == MessageState::kLeased;
  const MessageTraits traits = message.traits();
  char handle[kHandleCharsMax];
  call.reply.map(16);
  text("state", state_name(message));
  text("handle", {handle, format_handle(handle, message.handle())});
  number("deliveries", message.deliveries);
  number("attempts", message.attempts);
  number("added", message.added().count);
  number("eligible-since", message.since.count);
  // When it is due or its lease ends; -1 while it is ready.
  number("until", timed ? queue.timer_when(message).count : -1);
  text("consumer", queue.consumer_name(message));
  text("reason", message.reason());
  number("priority", message.lane);
  number("expires", traits.expires ? traits.expires->count : -1);
  text("group", queue.group_name(message));
  text("token", traits.token);
  number("tied", message.tied ? 1 : 0);
  number("redriven", message.has_notes ? message.notes->redriven : 0);
  text("payload", message.payload());
}

// One array for each consumer: its name, then its numbers as a map.
void reply_consumers(CommandCall& call, Queue* queue) {
  const UnixMs now = call.stamp.now;
  std::vector<QueueConsumers::Row> rows;
  if (queue != nullptr) rows = queue->consumers.rows(now);
  call.reply.array(rows.size());
  for (const QueueConsumers::Row& row : rows) {
    const auto number = [&call](std::string_view name, int64_t value) {
      call.reply.bulk(name);
      call.reply.integer(value);
    };
    call.reply.map(7);
    call.reply.bulk("name");
    call.reply.bulk(row.name);
    number("leased", static_cast<int64_t>(row.leased));
    number("oldest-lease-ms", since(call, row.oldest_lease));
    number("acked", static_cast<int64_t>(row.acked));
    number("failed", static_cast<int64_t>(row.failed));
    number("expired", static_cast<int64_t>(row.expired));
    number("seen-ms-ago", since(call, row.seen));
  }
}

Result<void> qinfo(CommandCall& call) {
  const std::string_view key = call.words[1];
  Args args(call.words, 2);
  std::optional<StreamId> id;
  const bool group = args.accept("GROUP");
  const bool consumers = !group && args.accept("CONSUMERS");
  if (group) {
    args.text();
  } else if (!consumers && args.accept("ID")) {
    id = parse_message_id(args.text());
    if (!args.failed() && !id) return Error::kQueueIdInvalid;
  }
  TRY_VOID(args.done());
  const Entry* entry = call.keyspace().find(call.db(), key);
  const bool stream = entry != nullptr && entry->type() == ValueType::kStream;
  if (stream && !group) return Error::kQueueGroupRequired;
  if (entry != nullptr && !stream && entry->type() != ValueType::kList) return Error::kWrongType;
  if (entry != nullptr && !stream && group) return Error::kQueueGroupOnList;
  if (group) return call.fail("ERR policies of consumer groups are not available in this version");
  const Queue* queue = entry != nullptr && entry->list().is_queue() ? &entry->list().queue() : nullptr;
  if (consumers) {
    // Statistics: forgetting the idle among them changes nothing that is logged.
    reply_consumers(call, const_cast<Queue*>(queue));
    return {};
  }
  if (!id) {
    reply_queue(call, key, queue);
    return {};
  }
  const Message* message = queue == nullptr ? nullptr : queue->find(*id);
  if (message == nullptr) {
    call.reply.null();
  } else {
    reply_message(call, *queue, *message);
  }
  return {};
}

constexpr CommandSpec kRows[] = {
    {.name = "qinfo",
     .syntax = "key which:[CONSUMERS|ID id]",
     .handler = qinfo,
     .arity = Arity::at_least(2),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .group = core::Group::kQueue,
     .since = "0.1.0",
     .complexity = "O(log N), N the number of messages with an ID",
     .summary = "Tells how a queue or its consumers are doing, or what state a message is in."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> queue_info_commands() {
  return kRows;
}

}  // namespace sluice::commands
