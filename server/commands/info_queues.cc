// SPDX-License-Identifier: MIT
#include "server/commands/info_queues.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/entry.h"
#include "engine/queue/policy.h"
#include "engine/queue/queue.h"
#include "engine/queue/queue_system.h"
#include "engine/stream.h"

namespace sluice::commands {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

// A key may hold any bytes: as redis-cli prints them, and without commas, which end a name here.
std::string escaped(std::string_view key) {
  static constexpr std::pair<char, std::string_view> kEscapes[] = {
      {'\\', "\\\\"}, {'"', "\\\""}, {'\n', "\\n"}, {'\r', "\\r"},
      {'\t', "\\t"},  {'\a', "\\a"}, {'\b', "\\b"}};
  std::string text;
  for (const char byte : key) {
    const auto code = static_cast<unsigned char>(byte);
    const auto* const known = std::find_if(std::begin(kEscapes), std::end(kEscapes),
                                           [byte](const auto& escape) { return escape.first == byte; });
    if (known != std::end(kEscapes)) {
      text += known->second;
    } else if (code >= ' ' && code < 0x7f && byte != ',') {
      text += byte;
    } else {
      char hex[5];
      std::snprintf(hex, sizeof hex, "\\x%02x", code);
      text += hex;
    }
  }
  return text;
}

size_t letters_in(const core::Server& server, int db, const std::string& key) {
  if (key.empty()) return 0;
  const Entry* entry = server.keyspace.find(db, key);
  return entry != nullptr && entry->type() == ValueType::kStream ? entry->stream().length() : 0;
}

int64_t age_ms(const core::Server& server, const std::optional<UnixMs>& since) {
  return since ? std::max<int64_t>(0, (server.sequencer.now() - *since).count) : 0;
}

std::string describe(const core::Server& server, const Queue& queue) {
  std::string text = "name=" + escaped(queue.entry().key());
  const auto add = [&text](std::string_view name, auto number) {
    text.append(",").append(name).append("=").append(std::to_string(number));
  };
  add("ready", queue.ready());
  add("delayed", queue.delayed());
  add("leased", queue.leased());
  add("dead", letters_in(server, queue.db(), dead_letter_key(queue.policy(), queue.entry().key())));
  add("oldest_ms", age_ms(server, queue.oldest_ready()));
  add("db", queue.db());
  return text;
}

std::string describe(const core::Server& server, const ManagedGroup& group) {
  const Entry& entry = group.entry();
  const std::string& name = group.group().name();
  const UnixMs now = server.sequencer.now();
  const GroupDepth depth = group.depth(now);
  std::string text = "name=" + escaped(entry.key()) + ",group=" + escaped(name);
  const auto add = [&text](std::string_view label, auto number) {
    text.append(",").append(label).append("=").append(std::to_string(number));
  };
  add("backlog", group.backlog());
  add("leased", depth.held);
  add("delayed", depth.delayed);
  add("due", depth.due);
  add("dead", letters_in(server, group.db(), dead_letter_key(group.policy(), entry.key(), name)));
  add("oldest_ms", age_ms(server, group.oldest_ready(now)));
  add("db", group.db());
  return text;
}

struct Total {
  std::string_view name;
  uint64_t QueueTotals::*count;
};

constexpr Total kTotals[] = {
    {"queues_added", &QueueTotals::added},
    {"queues_reserved", &QueueTotals::reserved},
    {"queues_acked", &QueueTotals::acked},
    {"queues_nacked", &QueueTotals::nacked},
    {"queues_silent", &QueueTotals::silent},
    {"queues_lease_expired", &QueueTotals::lease_expired},
    {"queues_retried", &QueueTotals::retried},
    {"queues_died", &QueueTotals::died},
    {"queues_discarded", &QueueTotals::discarded},
    {"queues_expired", &QueueTotals::expired},
    {"queues_dropped", &QueueTotals::dropped},
    {"queues_rejected", &QueueTotals::rejected},
    {"queues_deduped", &QueueTotals::deduped},
    {"queues_popped", &QueueTotals::popped},
    {"queues_deleted", &QueueTotals::deleted},
    {"queues_redriven", &QueueTotals::redriven},
    {"queues_late_acks", &QueueTotals::late_acks},
    {"queues_stale_acks", &QueueTotals::stale_acks},
    {"queues_dead_blocked", &QueueTotals::dead_blocked},
};

}  // namespace

Lines queue_lines(core::Server& server) {
  const QueueDepth& depth = server.queues.depth();

  Lines lines;
  const auto add = [&lines](std::string_view name, auto number) {
    lines.emplace_back(name, std::to_string(number));
  };
  add("queues", server.queues.queues().size());
  add("queues_policies", server.queues.policies());
  add("queues_ready", depth.ready);
  add("queues_delayed", depth.delayed);
  add("queues_leased", depth.leased);
  add("queues_parked", depth.parked);
  add("queues_dying", depth.dying);
  add("queues_dedupe_tokens", server.queues.tokens().size());
  add("queues_bytes", server.queues.bytes());
  add("queues_groups", server.queues.managed().list().size());
  add("queues_groups_leased", server.queues.managed().held());
  add("queues_groups_unowned", server.queues.managed().unowned());
  for (const Total& total : kTotals)
    add(total.name, server.queues.totals().*total.count);
  add("queue_transitions", server.metrics.queue_transitions);
  add("queue_timer_lag_ms", server.metrics.queue_timer_lag_ms);
  add("queue_timer_lag_ms_max", server.metrics.queue_timer_lag_ms_max);

  size_t number = 0;
  for (const Queue* queue : server.queues.deepest()) {
    lines.emplace_back("queue_" + std::to_string(number++), describe(server, *queue));
  }
  number = 0;
  for (const ManagedGroup* group : server.queues.managed().deepest()) {
    lines.emplace_back("group_" + std::to_string(number++), describe(server, *group));
  }
  return lines;
}

}  // namespace sluice::commands
