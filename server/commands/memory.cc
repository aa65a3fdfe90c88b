// SPDX-License-Identifier: MIT
//
// MEMORY: where it goes.
#include <algorithm>

#include "engine/entry.h"
#include "engine/list_value.h"
#include "server/commands/groups.h"
#include "server/commands/help.h"
#include "server/commands/info_values.h"
#include "server/commands/memory_report.h"
#include "server/core/args.h"

namespace sluice::commands {
namespace {

using core::Args;
using core::Arity;
using core::CommandCall;
using core::CommandSpec;

// A key takes this much in the table that finds it, and in the heap of expiry times.
constexpr size_t kTableBytesPerKey = 16;
constexpr size_t kTimerBytes = 24;

// --- MEMORY USAGE

Result<void> memory_usage(CommandCall& call) {
  Args args(call.words, 3);
  // What a value takes is counted, not estimated from samples: the option is checked and makes no difference.
  if (args.more()) {
    if (!args.accept("SAMPLES") || !args.more()) return Error::kSyntax;
    const int64_t samples = args.integer();
    TRY_VOID(args.done());
    if (samples < 0) return Error::kSyntax;
  }
  const Entry* entry = call.keyspace().find(call.db(), call.words[2]);
  if (entry == nullptr) {
    call.reply.null();
    return {};
  }
  const size_t timer = entry->armed() ? kTimerBytes : 0;
  call.reply.unsigned_integer(entry->bytes() + kTableBytesPerKey + timer);
  return {};
}

// --- MEMORY STATS

void reply_bytes(protocol::ReplyWriter& reply, std::string_view name, uint64_t bytes) {
  reply.bulk(name);
  reply.unsigned_integer(bytes);
}

void reply_number(protocol::ReplyWriter& reply, std::string_view name, double number) {
  reply.bulk(name);
  reply.number(number);
}

void reply_excess(protocol::ReplyWriter& reply, std::string_view name, uint64_t more, uint64_t less) {
  reply.bulk(name);
  reply.integer(static_cast<int64_t>(more) - static_cast<int64_t>(less));
}

size_t reply_databases(const core::Server& server, protocol::ReplyWriter& reply, const MemoryReport& report) {
  size_t databases = 0;
  for (int db = 0; db < kDatabases; ++db) {
    if (server.keyspace.size(db) == 0) continue;
    ++databases;
    reply.bulk("db." + std::to_string(db));
    reply.map(2);
    reply_bytes(reply, "overhead.hashtable.main", report.tables[static_cast<size_t>(db)]);
    reply_bytes(reply, "overhead.hashtable.expires", server.keyspace.expires(db) * kTimerBytes);
  }
  return databases;
}

size_t reply_allocator(protocol::ReplyWriter& reply, const MemoryReport& report) {
  const core::AllocatorBytes& allocator = report.allocator;
  reply_bytes(reply, "allocator.allocated", allocator.allocated);
  reply_bytes(reply, "allocator.active", allocator.active);
  reply_bytes(reply, "allocator.resident", allocator.resident);
  reply_number(reply, "allocator-fragmentation.ratio", report.allocator_fragmentation());
  reply_excess(reply, "allocator-fragmentation.bytes", allocator.active, allocator.allocated);
  reply_number(reply, "allocator-rss.ratio", report.allocator_resident_ratio());
  reply_excess(reply, "allocator-rss.bytes", allocator.resident, allocator.active);
  reply_number(reply, "rss-overhead.ratio", report.resident_overhead_ratio());
  reply_excess(reply, "rss-overhead.bytes", report.resident, allocator.resident);
  return 9;
}

Result<void> memory_stats(CommandCall& call) {
  const auto report = memory_report(call.server);
  protocol::ReplyWriter& reply = call.reply;
  if (!report) {
    reply.map(0);
    return {};
  }
  const size_t length = reply.map_later();
  size_t fields = 18;
  reply_bytes(reply, "peak.allocated", report->peak);
  reply_bytes(reply, "total.allocated", report->used);
  reply_bytes(reply, "startup.allocated", report->at_start);
  reply_bytes(reply, "replication.backlog", 0);
  reply_bytes(reply, "clients.slaves", 0);
  reply_bytes(reply, "clients.normal", report->clients);
  reply_bytes(reply, "cluster.links", 0);
  reply_bytes(reply, "aof.buffer", report->log_buffer);
  reply_bytes(reply, "lua.caches", call.server.scripts.bytes());
  reply_bytes(reply, "functions.caches", call.server.functions.bytes());
  fields += reply_databases(call.server, reply, *report);
  reply_bytes(reply, "overhead.total", report->overhead);
  reply_bytes(reply, "keys.count", report->keys);
  reply_bytes(reply, "keys.bytes-per-key", static_cast<uint64_t>(report->bytes_per_key()));
  reply_bytes(reply, "dataset.bytes", report->data);
  reply_number(reply, "dataset.percentage", report->data_percent());
  reply_number(reply, "peak.percentage", report->peak_percent());
  if (call.server.facts.allocator_bytes) fields += reply_allocator(reply, *report);
  reply_number(reply, "fragmentation", report->fragmentation());
  reply_excess(reply, "fragmentation.bytes", report->resident, report->used);
  reply.set_map_length(length, fields);
  return {};
}

// --- MEMORY DOCTOR

// Below this there is nothing to judge.
constexpr uint64_t kSmallBytes = 5u << 20;
// A process that once held much more than now, and one that holds many more pages than it uses, may be told so.
constexpr double kPeakPercentLow = 100 / 1.5;
constexpr double kFragmentationHigh = 1.4;
constexpr uint64_t kFragmentationBytesHigh = 10u << 20;
constexpr uint64_t kClientBytesHigh = 200u << 10;

std::string memory_advice(const core::Server& server) {
  const auto report = memory_report(server);
  if (!report || report->used < kSmallBytes)
    return "This server holds little or no data: too little to say whether its memory is used well.\n";
  std::string advice;
  if (report->peak_percent() < kPeakPercentLow) {
    advice +=
        "- It once used much more memory than now. Pages may stay with the process for a while; MEMORY PURGE "
        "gives them back.\n";
  }
  const bool fragmented = report->fragmentation() > kFragmentationHigh &&
                          report->resident > report->used + kFragmentationBytesHigh;
  if (fragmented) {
    advice +=
        "- The process holds many more pages than the data needs (mem_fragmentation_ratio). It often follows "
        "a "
        "peak; a restart packs the data again.\n";
  }
  const size_t clients = server.sessions().size();
  if (clients > 0 && report->clients / clients > kClientBytesHigh)
    advice += "- Clients hold much memory: they send long pipelines, or do not read their replies.\n";
  if (advice.empty()) return "Nothing is wrong with how this server uses its memory.\n";
  return "What stands out about this server's memory:\n\n" + advice;
}

Result<void> memory_doctor(CommandCall& call) {
  call.reply.verbatim("txt", memory_advice(call.server));
  return {};
}

Result<void> memory_malloc_stats(CommandCall& call) {
  const auto& report = call.server.facts.allocator_report;
  call.reply.verbatim("txt", report ? report() : "Stats not supported for the current allocator");
  return {};
}

Result<void> memory_purge(CommandCall& call) {
  if (call.server.facts.purge_memory) call.server.facts.purge_memory();
  call.reply.ok();
  return {};
}

// --- Rows

constexpr core::Group kGroup = core::Group::kServer;

constexpr CommandSpec kMemoryRows[] = {
    {.name = "doctor",
     .handler = memory_doctor,
     .arity = Arity::exactly(2),
     .group = kGroup,
     .since = "4.0.0",
     .complexity = "O(N), N the number of clients",
     .summary = "Says in words whether the memory is used well."},
    {.name = "malloc-stats",
     .handler = memory_malloc_stats,
     .arity = Arity::exactly(2),
     .group = kGroup,
     .since = "4.0.0",
     .complexity = "Depends on the allocator",
     .summary = "Gives the allocator's own report."},
    {.name = "purge",
     .handler = memory_purge,
     .arity = Arity::exactly(2),
     .group = kGroup,
     .since = "4.0.0",
     .complexity = "Depends on how much there is to give back",
     .summary = "Asks the allocator to give free memory back to the system."},
    {.name = "stats",
     .handler = memory_stats,
     .arity = Arity::exactly(2),
     .group = kGroup,
     .since = "4.0.0",
     .complexity = "O(N), N the number of clients",
     .summary = "Tells in numbers where the memory goes."},
    {.name = "usage",
     .syntax = "key [SAMPLES count:integer]",
     .handler = memory_usage,
     .arity = Arity::at_least(3),
     .flags = core::kReadOnly,
     .keys = {core::KeySpec::one(core::kRo, 2)},
     .group = kGroup,
     .since = "4.0.0",
     .complexity = "O(N), N the number of pieces the value is stored in",
     .summary = "Tells the bytes that a key and its value take."},
    help_row(kGroup, "4.0.0"),
};
static_assert(core::well_formed(kMemoryRows));

constexpr CommandSpec kRows[] = {
    {.name = "memory",
     .arity = Arity::at_least(2),
     .group = kGroup,
     .since = "4.0.0",
     .complexity = "Depends on the subcommand",
     .summary = "Where the memory goes.",
     .subcommands = kMemoryRows},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> memory_commands() {
  return kRows;
}

}  // namespace sluice::commands
