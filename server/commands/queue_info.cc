// SPDX-License-Identifier: MIT
//
// QINFO: the numbers of one queue, or all there is to say of one message; of consumer groups, see queue_group_info.h.
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/stream.h"
#include "server/commands/groups.h"
#include "server/commands/lookup.h"
#include "server/commands/queue.h"
#include "server/commands/queue_group_info.h"
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

int64_t since(CommandCall& call, const std::optional<UnixMs>& then) {
  return milliseconds_since(call, then);
}

int64_t dead_letters(CommandCall& call, std::string_view key, const Queue*) {
  return count_letters(call, dead_letter_key(call.queues().policy(call.db(), key), key));
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
// Behind them: the last minute, the memory and the policy.
constexpr size_t kFieldsBehind = kRateFields + 2;

void reply_queue(CommandCall& call, std::string_view key, const Queue* queue) {
  call.reply.map(std::size(kFields) + kFieldsBehind);
  for (const Field& field : kFields) {
    call.reply.bulk(field.name);
    call.reply.integer(field.value(call, key, queue));
  }
  reply_rates(call, rates_of(call, key, queue));
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

struct InfoArguments {
  std::string_view group;  // empty: of a list
  bool consumers = false;
  std::optional<StreamId> id;
};

Result<InfoArguments> info_arguments(CommandCall& call) {
  InfoArguments arguments;
  Args args(call.words, 2);
  if (args.accept("GROUP")) {
    arguments.group = args.text();
    TRY_VOID(args.good());
    if (arguments.group.empty()) return call.fail("ERR GROUP must not be empty");
  }
  arguments.consumers = args.accept("CONSUMERS");
  if (!arguments.consumers && args.accept("ID")) {
    arguments.id = parse_message_id(args.text());
    if (!args.failed() && !arguments.id) return Error::kQueueIdInvalid;
  }
  TRY_VOID(args.done());
  return arguments;
}

void reply_of_group(CommandCall& call, std::string_view key, const Stream* stream,
                    const InfoArguments& arguments) {
  const ConsumerGroup* const group = stream == nullptr ? nullptr : stream->find_group(arguments.group);
  if (arguments.consumers) {
    reply_group_consumers(call, group);
  } else if (arguments.id) {
    reply_group_entry(call, stream, group, *arguments.id);
  } else {
    reply_group_info(call, key, stream, arguments.group);
  }
}

Result<void> qinfo(CommandCall& call) {
  const std::string_view key = call.words[1];
  TRY(const InfoArguments arguments, info_arguments(call));
  const Entry* entry = call.keyspace().find(call.db(), key);
  const bool stream = entry != nullptr && entry->type() == ValueType::kStream;
  const bool of_group = !arguments.group.empty();
  if (stream && !of_group) return Error::kQueueGroupRequired;
  if (entry != nullptr && !stream && entry->type() != ValueType::kList) return Error::kWrongType;
  if (entry != nullptr && !stream && of_group) return Error::kQueueGroupOnList;
  if (of_group) {
    reply_of_group(call, key, entry == nullptr ? nullptr : &entry->stream(), arguments);
    return {};
  }
  const Queue* queue = entry != nullptr && entry->list().is_queue() ? &entry->list().queue() : nullptr;
  if (arguments.consumers) {
    // Statistics: forgetting the idle among them changes nothing that is logged.
    reply_consumers(call, const_cast<Queue*>(queue));
    return {};
  }
  if (!arguments.id) {
    reply_queue(call, key, queue);
    return {};
  }
  const Message* message = queue == nullptr ? nullptr : queue->find(*arguments.id);
  if (message == nullptr) {
    call.reply.null();
  } else {
    reply_message(call, *queue, *message);
  }
  return {};
}

constexpr CommandSpec kRows[] = {
    {.name = "qinfo",
     .syntax = "key [GROUP group] which:[CONSUMERS|ID id]",
     .handler = qinfo,
     .arity = Arity::at_least(2),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .group = core::Group::kQueue,
     .since = "0.1.0",
     .complexity =
         "O(log N), N the number of messages with an ID; of the consumers of a group O(N), N what is pending",
     .summary =
         "Tells how a queue, a consumer group or its consumers are doing, or what state a message is in."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> queue_info_commands() {
  return kRows;
}

}  // namespace sluice::commands
