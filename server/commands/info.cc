// SPDX-License-Identifier: MIT
//
// INFO: what the server tells of itself, as lines that people and tools read. A field is a row: its section, its name,
// and a function that finds its value. A field whose value the process cannot know is left out, not made up.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/ascii.h"
#include "server/commands/groups.h"
#include "server/commands/info_queues.h"
#include "server/commands/last_save.h"
#include "server/core/server.h"
#include "server/core/version.h"

namespace sluice::commands {
namespace {

using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::CommandStats;
using core::CommandTable;
using core::Server;

// --- Values

using Value = std::optional<std::string>;

Value text(std::string_view value) {
  return std::string(value);
}
Value number(uint64_t value) {
  return std::to_string(value);
}
Value number(int64_t value) {
  return std::to_string(value);
}
Value number(int value) {
  return std::to_string(value);
}
Value flag(bool value) {
  return std::string(value ? "1" : "0");
}
Value status(bool good) {
  return std::string(good ? "ok" : "err");
}
Value not_empty(const std::string& value) {
  return value.empty() ? Value() : Value(value);
}

// "512B", "1.50K", "2.00G".
Value human_bytes(uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + "B";
  constexpr std::string_view kUnits = "KMGTPE";
  auto amount = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; amount >= 1024 && unit + 1 < kUnits.size(); ++unit)
    amount /= 1024;
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.2f%c", amount, kUnits[unit]);
  return std::string(buffer);
}

std::string seconds(uint64_t microseconds) {
  char buffer[48];
  std::snprintf(buffer, sizeof buffer, "%" PRIu64 ".%06" PRIu64, microseconds / 1'000'000,
                microseconds % 1'000'000);
  return buffer;
}

std::string two_decimals(double value) {
  char buffer[48];
  std::snprintf(buffer, sizeof buffer, "%.2f", value);
  return buffer;
}

int64_t uptime_seconds(const Server& server) {
  return (server.sequencer.mono_now() - server.started_at).count / 1000;
}

std::optional<uint64_t> memory_used(const Server& server) {
  if (!server.facts.memory_used) return std::nullopt;
  return server.facts.memory_used();
}

std::optional<uint64_t> memory_resident(const Server& server) {
  if (!server.facts.memory_resident) return std::nullopt;
  return server.facts.memory_resident();
}

// --- Fields

struct Field {
  std::string_view name;
  Value (*value)(const Server& server);
};

constexpr Field kServerFields[] = {
    {"redis_version", [](const Server&) { return text(core::kRedisVersion); }},
    {"server_name", [](const Server&) { return text(core::kServerName); }},
    {"sluice_version", [](const Server&) { return text(core::kVersion); }},
    {"redis_mode", [](const Server&) { return text("standalone"); }},
    {"os", [](const Server& server) { return not_empty(server.facts.os); }},
    {"arch_bits", [](const Server&) { return number(int{8 * sizeof(void*)}); }},
    {"process_id", [](const Server& server) { return number(server.facts.process_id); }},
    {"run_id", [](const Server& server) { return text(server.facts.run_id); }},
    {"tcp_port", [](const Server& server) { return number(server.config.settings().port); }},
    {"server_time_usec", [](const Server& server) { return number(server.sequencer.now().count * 1000); }},
    {"uptime_in_seconds", [](const Server& server) { return number(uptime_seconds(server)); }},
    {"uptime_in_days", [](const Server& server) { return number(uptime_seconds(server) / 86400); }},
    {"executable", [](const Server& server) { return text(server.facts.executable); }},
    {"config_file", [](const Server& server) { return text(server.facts.config_file); }},
    {"io_threads_active", [](const Server&) { return flag(false); }},
};

constexpr Field kClientsFields[] = {
    {"connected_clients", [](const Server& server) { return number(server.sessions().size()); }},
    {"maxclients", [](const Server& server) { return number(server.config.settings().maxclients); }},
    {"blocked_clients", [](const Server& server) { return number(server.blocking.waiters()); }},
    {"tracking_clients", [](const Server&) { return number(0); }},
};

Value fragmentation_ratio(const Server& server) {
  const auto used = memory_used(server);
  const auto resident = memory_resident(server);
  if (!used || !resident || *used == 0) return std::nullopt;
  return two_decimals(static_cast<double>(*resident) / static_cast<double>(*used));
}

constexpr Field kMemoryFields[] = {
    {"used_memory",
     [](const Server& server) {
       const auto used = memory_used(server);
       return used ? number(*used) : Value();
     }},
    {"used_memory_human",
     [](const Server& server) {
       const auto used = memory_used(server);
       return used ? human_bytes(*used) : Value();
     }},
    {"used_memory_rss",
     [](const Server& server) {
       const auto resident = memory_resident(server);
       return resident ? number(*resident) : Value();
     }},
    {"used_memory_rss_human",
     [](const Server& server) {
       const auto resident = memory_resident(server);
       return resident ? human_bytes(*resident) : Value();
     }},
    {"maxmemory", [](const Server& server) { return number(server.config.settings().maxmemory); }},
    {"maxmemory_human", [](const Server& server) { return human_bytes(server.config.settings().maxmemory); }},
    {"maxmemory_policy", [](const Server& server) { return server.config.value("maxmemory-policy"); }},
    {"mem_fragmentation_ratio", fragmentation_ratio},
    {"mem_allocator", [](const Server& server) { return not_empty(server.facts.allocator); }},
};

Value rewrite_seconds(const Server& server) {
  const auto& rewrite = server.commit.rewrite();
  return rewrite.completed() == 0 ? number(-1) : number(rewrite.last_duration().count / 1000);
}

Value current_rewrite_seconds(const Server& server) {
  const auto& rewrite = server.commit.rewrite();
  if (!rewrite.active()) return number(-1);
  return number((server.sequencer.mono_now() - rewrite.started_at()).count / 1000);
}

// A snapshot is what a rewrite makes; one that is asked for by BGSAVE shows under the names that tools wait for.
constexpr Field kPersistenceFields[] = {
    {"loading", [](const Server& server) { return flag(!server.commit.loaded()); }},
    {"async_loading", [](const Server&) { return flag(false); }},
    {"rdb_bgsave_in_progress", [](const Server& server) { return flag(server.commit.rewrite().active()); }},
    {"rdb_last_save_time", [](const Server& server) { return number(last_save(server).count / 1000); }},
    {"rdb_last_bgsave_status",
     [](const Server& server) { return status(!server.commit.rewrite().last_failed()); }},
    {"aof_enabled", [](const Server& server) { return flag(server.commit.log() != nullptr); }},
    {"aof_rewrite_in_progress", [](const Server& server) { return flag(server.commit.rewrite().active()); }},
    {"aof_rewrite_scheduled", [](const Server& server) { return flag(server.commit.rewrite_scheduled()); }},
    {"aof_last_rewrite_time_sec", rewrite_seconds},
    {"aof_current_rewrite_time_sec", current_rewrite_seconds},
    {"aof_last_bgrewrite_status",
     [](const Server& server) { return status(!server.commit.rewrite().last_failed()); }},
    {"aof_rewrites", [](const Server& server) { return number(server.commit.rewrite().completed()); }},
    {"aof_last_write_status",
     [](const Server& server) {
       const Log* log = server.commit.log();
       return status(log == nullptr || (log->write_error() == 0 && !log->poisoned()));
     }},
    {"aof_current_size",
     [](const Server& server) {
       const Log* log = server.commit.log();
       return log != nullptr ? number(log->current_bytes()) : Value();
     }},
    {"aof_base_size",
     [](const Server& server) {
       const Log* log = server.commit.log();
       return log != nullptr ? number(log->base_bytes()) : Value();
     }},
    {"aof_buffer_length",
     [](const Server& server) {
       const Log* log = server.commit.log();
       return log != nullptr ? number(log->buffered_bytes()) : Value();
     }},
};

constexpr Field kStatsFields[] = {
    {"total_connections_received",
     [](const Server& server) { return number(server.metrics.connections_received); }},
    {"total_commands_processed",
     [](const Server& server) { return number(server.metrics.commands_processed); }},
    {"instantaneous_ops_per_sec",
     [](const Server& server) {
       const core::Metrics& metrics = server.metrics;
       return number(
           metrics.commands_rate.per_second(server.sequencer.mono_now(), metrics.commands_processed));
     }},
    {"total_net_input_bytes", [](const Server& server) { return number(server.metrics.bytes_in); }},
    {"total_net_output_bytes", [](const Server& server) { return number(server.metrics.bytes_out); }},
    {"rejected_connections",
     [](const Server& server) { return number(server.metrics.connections_rejected); }},
    {"expired_keys", [](const Server& server) { return number(server.metrics.keys_expired); }},
    {"evicted_keys", [](const Server&) { return number(0); }},
    {"keyspace_hits", [](const Server& server) { return number(server.metrics.keyspace_hits); }},
    {"keyspace_misses", [](const Server& server) { return number(server.metrics.keyspace_misses); }},
    {"pubsub_channels", [](const Server&) { return number(0); }},
    {"pubsub_patterns", [](const Server&) { return number(0); }},
    {"total_error_replies", [](const Server& server) { return number(server.metrics.errors_replied); }},
};

constexpr Field kReplicationFields[] = {
    {"role", [](const Server&) { return text("master"); }},
    {"connected_slaves", [](const Server&) { return number(0); }},
    {"master_failover_state", [](const Server&) { return text("no-failover"); }},
    {"master_replid", [](const Server& server) { return text(server.facts.run_id); }},
    {"master_repl_offset", [](const Server&) { return number(0); }},
    {"second_repl_offset", [](const Server&) { return number(-1); }},
    {"repl_backlog_active", [](const Server&) { return flag(false); }},
};

constexpr Field kCpuFields[] = {
    {"used_cpu_sys",
     [](const Server& server) {
       return server.facts.cpu_time ? Value(seconds(server.facts.cpu_time().system_us)) : Value();
     }},
    {"used_cpu_user",
     [](const Server& server) {
       return server.facts.cpu_time ? Value(seconds(server.facts.cpu_time().user_us)) : Value();
     }},
};

constexpr Field kClusterFields[] = {
    {"cluster_enabled", [](const Server&) { return flag(false); }},
};

// --- Sections whose lines are counted, not named

using Lines = std::vector<std::pair<std::string, std::string>>;

void add_command(Lines& lines, Server& server, std::string_view container, const CommandSpec& spec) {
  const CommandStats& stats = server.commands.stats(spec);
  if (stats.calls == 0 && stats.rejected == 0 && stats.failed == 0) return;
  const uint64_t microseconds = stats.nanoseconds / 1000;
  const double each =
      stats.calls == 0 ? 0 : static_cast<double>(stats.nanoseconds) / 1000 / static_cast<double>(stats.calls);
  lines.emplace_back("cmdstat_" + CommandTable::full_name(container, spec),
                     "calls=" + std::to_string(stats.calls) + ",usec=" + std::to_string(microseconds) +
                         ",usec_per_call=" + two_decimals(each) + ",rejected_calls=" +
                         std::to_string(stats.rejected) + ",failed_calls=" + std::to_string(stats.failed));
}

Lines command_stats(Server& server) {
  Lines lines;
  for (const CommandSpec& row : server.commands.rows()) {
    add_command(lines, server, {}, row);
    for (const CommandSpec& subcommand : row.subcommands)
      add_command(lines, server, row.name, subcommand);
  }
  return lines;
}

Lines error_stats(Server& server) {
  Lines lines;
  for (const auto& [code, count] : server.metrics.errors_by_code) {
    lines.emplace_back("errorstat_" + code, "count=" + std::to_string(count));
  }
  return lines;
}

Lines databases(Server& server) {
  Lines lines;
  for (int db = 0; db < kDatabases; ++db) {
    if (server.keyspace.size(db) == 0) continue;
    // No average is kept; 0 is what Redis says as long as it has not made one.
    lines.emplace_back("db" + std::to_string(db),
                       "keys=" + std::to_string(server.keyspace.size(db)) +
                           ",expires=" + std::to_string(server.keyspace.expires(db)) + ",avg_ttl=0");
  }
  return lines;
}

// --- Sections

struct Section {
  std::string_view name;  // as it is asked for, and as the heading with a capital letter
  std::string_view heading;
  std::span<const Field> fields = {};
  Lines (*lines)(Server& server) = nullptr;
  bool by_default = true;
};

constexpr Section kSections[] = {
    {.name = "server", .heading = "Server", .fields = kServerFields},
    {.name = "clients", .heading = "Clients", .fields = kClientsFields},
    {.name = "memory", .heading = "Memory", .fields = kMemoryFields},
    {.name = "persistence", .heading = "Persistence", .fields = kPersistenceFields},
    {.name = "stats", .heading = "Stats", .fields = kStatsFields},
    {.name = "replication", .heading = "Replication", .fields = kReplicationFields},
    {.name = "cpu", .heading = "CPU", .fields = kCpuFields},
    {.name = "modules", .heading = "Modules"},
    {.name = "commandstats", .heading = "Commandstats", .lines = command_stats, .by_default = false},
    {.name = "errorstats", .heading = "Errorstats", .lines = error_stats},
    {.name = "cluster", .heading = "Cluster", .fields = kClusterFields},
    {.name = "keyspace", .heading = "Keyspace", .lines = databases},
    {.name = "queues", .heading = "Queues", .lines = queue_lines},
};

bool wanted(const Section& section, core::Words names) {
  if (names.empty()) return section.by_default;
  return std::any_of(names.begin(), names.end(), [&section](std::string_view name) {
    if (equals_folded(name, "all") || equals_folded(name, "everything")) return true;
    return equals_folded(name, "default") ? section.by_default : equals_folded(name, section.name);
  });
}

void append_line(std::string& text, std::string_view name, std::string_view value) {
  text.append(name).append(":").append(value).append("\r\n");
}

void append_section(std::string& text, const Section& section, Server& server) {
  if (!text.empty()) text += "\r\n";
  text.append("# ").append(section.heading).append("\r\n");
  for (const Field& field : section.fields) {
    if (const Value value = field.value(server)) append_line(text, field.name, *value);
  }
  if (section.lines == nullptr) return;
  for (const auto& [name, value] : section.lines(server))
    append_line(text, name, value);
}

Result<void> info(CommandCall& call) {
  std::string text;
  for (const Section& section : kSections) {
    if (wanted(section, call.words.subspan(1))) append_section(text, section, call.server);
  }
  call.reply.verbatim("txt", text);
  return {};
}

constexpr CommandSpec kRows[] = {
    {.name = "info",
     .syntax = "[section...]",
     .handler = info,
     .arity = Arity::at_least(1),
     .flags = core::kLoading | core::kStale | core::kDangerous,
     .group = core::Group::kServer,
     .since = "1.0.0",
     .complexity = "O(1); commandstats and queues O(N), N the number of commands and queues",
     .summary = "Tells what there is to know of the server: versions, memory, log, statistics, queues."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> info_commands() {
  return kRows;
}

}  // namespace sluice::commands
