// SPDX-License-Identifier: MIT
#include "server/commands/queue_group_info.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/ascii.h"
#include "engine/entry.h"
#include "engine/queue/managed_group.h"
#include "engine/queue/policy_words.h"
#include "engine/queue/record_words.h"
#include "server/commands/queue.h"
#include "server/commands/stream_read_options.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

using core::CommandCall;

void reply_number(CommandCall& call, std::string_view name, int64_t value) {
  call.reply.bulk(name);
  call.reply.integer(value);
}

void reply_text(CommandCall& call, std::string_view name, std::string_view value) {
  call.reply.bulk(name);
  call.reply.bulk(value);
}

constexpr std::pair<std::string_view, uint64_t QueueTotals::*> kGroupTotals[] = {
    {"added", &QueueTotals::added},           {"reserved", &QueueTotals::reserved},
    {"acked", &QueueTotals::acked},           {"nacked", &QueueTotals::nacked},
    {"silent", &QueueTotals::silent},         {"lease-expired", &QueueTotals::lease_expired},
    {"retried", &QueueTotals::retried},       {"died", &QueueTotals::died},
    {"discarded", &QueueTotals::discarded},   {"deleted", &QueueTotals::deleted},
    {"redriven", &QueueTotals::redriven},     {"late-acks", &QueueTotals::late_acks},
    {"stale-acks", &QueueTotals::stale_acks}, {"dead-blocked", &QueueTotals::dead_blocked},
};
// Before them: what there is. Behind them: the last minute, the memory and the policy.
constexpr size_t kDepthFields = 11;
constexpr size_t kFieldsBehind = kRateFields + 2;

// What a group without a policy has, too.
struct GroupFacts {
  std::optional<uint64_t> lag = 0;
  GroupDepth depth;
  std::optional<UnixMs> oldest_ready;
  std::optional<UnixMs> oldest_held;
  std::optional<UnixMs> next_due;
  int64_t holding = 0;
};

GroupFacts facts_of(const Stream& stream, const ConsumerGroup& group, UnixMs now) {
  GroupFacts facts;
  const PendingList& pending = group.pending();
  const ManagedGroup* const managed = group.managed();
  facts.lag = stream.lag(group);
  facts.depth.held = pending.size() - pending.unowned();
  facts.depth.due = pending.unowned();
  facts.oldest_held = pending.oldest_held();
  facts.holding = std::count_if(group.consumers().begin(), group.consumers().end(),
                                [&group](ConsumerNumber it) { return group.consumer(it).pending > 0; });
  if (managed == nullptr) return facts;
  facts.depth = managed->depth(now);
  facts.oldest_ready = managed->oldest_ready(now);
  facts.next_due = managed->next_due(now);
  return facts;
}

size_t waiters_of(CommandCall& call, std::string_view key, std::string_view group) {
  return call.server.blocking.waiters_on(call.db(), key, core::WaitKind::kStreamGroup,
                                         [group](core::Words words) { return group_of(words) == group; });
}

}  // namespace

int64_t milliseconds_since(const CommandCall& call, const std::optional<UnixMs>& then) {
  return then ? std::max<int64_t>(0, (call.stamp.now - *then).count) : 0;
}

int64_t count_letters(CommandCall& call, const std::string& dead_letter_key) {
  const Entry* entry = dead_letter_key.empty() ? nullptr : call.keyspace().find(call.db(), dead_letter_key);
  if (entry == nullptr || entry->type() != ValueType::kStream) return 0;
  return static_cast<int64_t>(entry->stream().length());
}

void reply_rate(CommandCall& call, std::string_view name, double rate) {
  char digits[64];
  const int size = std::snprintf(digits, sizeof digits, "%.2f", rate);
  call.reply.bulk(name);
  call.reply.bulk({digits, static_cast<size_t>(size)});
}

void reply_rates(CommandCall& call, const QueueRates::Summary& rates) {
  reply_rate(call, "in-per-sec", rates.in_per_second);
  reply_rate(call, "out-per-sec", rates.out_per_second);
  const std::pair<std::string_view, uint64_t> times[] = {
      {"wait-ms-avg", rates.wait_ms_average}, {"wait-ms-p50", rates.wait_ms_p50},
      {"wait-ms-p99", rates.wait_ms_p99},     {"wait-ms-max", rates.wait_ms_max},
      {"hold-ms-avg", rates.hold_ms_average}, {"hold-ms-p50", rates.hold_ms_p50},
      {"hold-ms-p99", rates.hold_ms_p99}};
  static_assert(std::size(times) + 2 == kRateFields);
  for (const auto& [name, ms] : times)
    reply_number(call, name, static_cast<int64_t>(ms));
}

void reply_group_info(CommandCall& call, std::string_view key, const Stream* stream, std::string_view group) {
  const ConsumerGroup* const found = stream == nullptr ? nullptr : stream->find_group(group);
  const ManagedGroup* const managed = found == nullptr ? nullptr : found->managed();
  const UnixMs now = call.stamp.now;
  const GroupFacts facts = found == nullptr ? GroupFacts() : facts_of(*stream, *found, now);
  const GroupDepth& depth = facts.depth;

  call.reply.map(kDepthFields + std::size(kGroupTotals) + kFieldsBehind);
  call.reply.bulk("lag");
  facts.lag ? call.reply.unsigned_integer(*facts.lag) : call.reply.null();
  reply_number(call, "pending", static_cast<int64_t>(depth.held + depth.delayed + depth.due));
  reply_number(call, "leased", static_cast<int64_t>(depth.held));
  reply_number(call, "delayed", static_cast<int64_t>(depth.delayed));
  reply_number(call, "due", static_cast<int64_t>(depth.due));
  const Policy& policy = call.queues().policy(call.db(), key, group);
  reply_number(call, "dead", count_letters(call, dead_letter_key(policy, key, group)));
  reply_number(call, "oldest-ready-ms", milliseconds_since(call, facts.oldest_ready));
  reply_number(call, "oldest-leased-ms", milliseconds_since(call, facts.oldest_held));
  reply_number(call, "next-due-ms", facts.next_due ? (*facts.next_due - now).count : 0);
  reply_number(call, "waiters", static_cast<int64_t>(waiters_of(call, key, group)));
  reply_number(call, "consumers", facts.holding);
  for (const auto& [name, total] : kGroupTotals)
    reply_number(call, name, managed == nullptr ? 0 : static_cast<int64_t>(managed->totals.*total));
  reply_rates(call, managed == nullptr ? QueueRates::Summary() : managed->rates.summary(now, managed->began));
  reply_number(call, "bytes", found == nullptr ? 0 : static_cast<int64_t>(found->bytes()));
  call.reply.bulk("policy");
  reply_policy(call, key, group);
}

void reply_group_consumers(CommandCall& call, const ConsumerGroup* group) {
  if (group == nullptr) return call.reply.array(0);
  // Of each the delivery that is longest ago.
  std::vector<std::optional<UnixMs>> oldest;
  for (PendingList::Cursor at = group->pending().first(); !at.at_end(); at.next()) {
    const Pending pending = at.pending();
    if (!pending.owned()) continue;
    if (pending.consumer >= oldest.size()) oldest.resize(pending.consumer + 1);
    std::optional<UnixMs>& first = oldest[pending.consumer];
    if (!first || *pending.time < *first) first = pending.time;
  }
  call.reply.array(group->consumers().size());
  for (const ConsumerNumber number : group->consumers()) {
    const Consumer& consumer = group->consumer(number);
    const ManagedGroup::Deeds deeds =
        group->managed() == nullptr ? ManagedGroup::Deeds() : group->managed()->deeds(number);
    call.reply.map(7);
    reply_text(call, "name", consumer.name);
    reply_number(call, "leased", static_cast<int64_t>(consumer.pending));
    reply_number(call, "oldest-lease-ms",
                 number < oldest.size() ? milliseconds_since(call, oldest[number]) : 0);
    reply_number(call, "acked", static_cast<int64_t>(deeds.acked));
    reply_number(call, "failed", static_cast<int64_t>(deeds.failed));
    reply_number(call, "expired", static_cast<int64_t>(deeds.expired));
    reply_number(call, "seen-ms-ago", milliseconds_since(call, consumer.seen));
  }
}

namespace {

// Where an entry is that the group has not finished.
struct EntryState {
  std::string_view name;
  int64_t since = -1;  // eligible since; -1: it is not
  int64_t until = -1;  // when its lease ends or it is due
};

EntryState state_of(const ConsumerGroup& group, StreamId id, const std::optional<Pending>& pending,
                    UnixMs now) {
  if (!pending) return {"new", added_at(id).count, -1};
  const ManagedGroup* const managed = group.managed();
  if (pending->owned())
    return {"leased", -1, managed == nullptr ? -1 : managed->lease_end(*pending->time).count};
  const EntryNote* const note = managed == nullptr ? nullptr : managed->note(id);
  if (note != nullptr && note->dying) return {"dying", -1, pending->time->count};
  if (pending->time > now) return {"delayed", -1, pending->time->count};
  return {"due", pending->time ? pending->time->count : -1, -1};
}

}  // namespace

void reply_group_entry(CommandCall& call, const Stream* stream, const ConsumerGroup* group, StreamId id) {
  std::optional<Pending> pending;
  if (group != nullptr) pending = group->pending().find(id);
  const bool is_new = group != nullptr && !pending && id > group->last_id() && stream->contains(id);
  if (!pending && !is_new) return call.reply.null();
  const ManagedGroup* const managed = group->managed();
  const EntryNote* const known = managed == nullptr ? nullptr : managed->note(id);
  const EntryNote note = known == nullptr ? EntryNote() : *known;
  const EntryState state = state_of(*group, id, pending, call.stamp.now);
  std::string_view holder;
  if (pending && managed != nullptr) holder = managed->holder(*pending);
  if (pending && pending->owned()) holder = group->consumer(pending->consumer).name;

  call.reply.map(11);
  reply_text(call, "state", state.name);
  reply_number(call, "deliveries", pending ? static_cast<int64_t>(pending->deliveries) : 0);
  reply_number(call, "added", added_at(id).count);
  reply_number(call, "eligible-since", state.since);
  reply_number(call, "until", state.until);
  reply_text(call, "consumer", holder);
  reply_text(call, "reason", known == nullptr ? std::string_view() : managed->text(note.reason));
  reply_number(call, "first-failure", note.failed_first.count);
  reply_number(call, "last-failure", note.failed_last.count);
  reply_number(call, "redriven", note.redriven);
  call.reply.bulk("payload");
  const Stream::Cursor at = stream->find(id);
  if (at.at_end()) return call.reply.null_array();
  StreamFields fields = at.fields();
  call.reply.array(fields.size() * 2);
  while (fields.next()) {
    call.reply.bulk(fields.field());
    call.reply.bulk(fields.value());
  }
}

void reply_managed_group(CommandCall& call, std::string_view key, const ManagedGroup& group) {
  const GroupDepth depth = group.depth(call.stamp.now);
  reply_number(call, "delayed", static_cast<int64_t>(depth.delayed));
  reply_number(call, "due", static_cast<int64_t>(depth.due));
  reply_number(call, "dead", count_letters(call, dead_letter_key(group.policy(), key, group.group().name())));
  reply_number(call, "lease-expired", static_cast<int64_t>(group.totals.lease_expired));
  // One text, as QPOLICY takes it: clients that know nothing of it need not understand more than a string.
  RecordWords words;
  group_policy_words(group.policy(), words);
  std::string policy;
  for (const std::string_view word : words.all())
    policy.append(policy.empty() ? "" : " ").append(word.empty() ? "\"\"" : word);
  reply_text(call, "policy", policy);
}

}  // namespace sluice::commands
