// SPDX-License-Identifier: MIT
//
// INFO: what the server tells of itself, as lines that people and tools read.
#include <algorithm>
#include <string>

#include "engine/base/ascii.h"
#include "server/commands/groups.h"
#include "server/commands/info_queues.h"
#include "server/commands/info_values.h"
#include "server/commands/last_save.h"
#include "server/core/server.h"
#include "server/core/version.h"

namespace sluice::commands {
namespace {

using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::Server;

int64_t uptime_seconds(const Server& server) {
  return (server.sequencer.mono_now() - server.started_at).count / 1000;
}

// The most that a client has at the moment.
template <typename Size>
InfoValue largest(const Server& server, Size&& size) {
  size_t most = 0;
  for (const auto& [id, session] : server.sessions())
    most = std::max(most, size(*session));
  return number(most);
}

std::string compiler_version() {
  return std::to_string(__GNUC__) + "." + std::to_string(__GNUC_MINOR__) + "." +
         std::to_string(__GNUC_PATCHLEVEL__);
}

// What tools show as the age of a key is told in seconds of a clock of so many bits.
constexpr int64_t kLruClockMask = (1 << 24) - 1;

// --- Fields

constexpr InfoField kServerFields[] = {
    {"redis_version", [](const Server&) { return text(core::kRedisVersion); }},
    {"server_name", [](const Server&) { return text(core::kServerName); }},
    {"redis_git_sha1", [](const Server&) { return text("00000000"); }},  // as without a repository
    {"redis_git_dirty", [](const Server&) { return number(0); }},
    {"sluice_version", [](const Server&) { return text(core::kVersion); }},
    {"redis_mode", [](const Server&) { return text("standalone"); }},
    {"multiplexing_api", [](const Server& server) { return not_empty(server.facts.multiplexing); }},
    {"os", [](const Server& server) { return not_empty(server.facts.os); }},
    {"arch_bits", [](const Server&) { return number(int{8 * sizeof(void*)}); }},
    {"gcc_version", [](const Server&) { return text(compiler_version()); }},
    {"process_supervised", [](const Server& server) { return text(server.facts.supervised); }},
    {"process_id", [](const Server& server) { return number(server.facts.process_id); }},
    {"run_id", [](const Server& server) { return text(server.facts.run_id); }},
    {"tcp_port", [](const Server& server) { return number(server.config.settings().port); }},
    {"server_time_usec", [](const Server& server) { return number(server.sequencer.now().count * 1000); }},
    {"uptime_in_seconds", [](const Server& server) { return number(uptime_seconds(server)); }},
    {"uptime_in_days", [](const Server& server) { return number(uptime_seconds(server) / 86400); }},
    {"hz", [](const Server& server) { return server.config.value("hz"); }},
    {"configured_hz", [](const Server& server) { return server.config.value("hz"); }},
    {"lru_clock",
     [](const Server& server) { return number(server.sequencer.now().count / 1000 & kLruClockMask); }},
    {"executable", [](const Server& server) { return text(server.facts.executable); }},
    {"config_file", [](const Server& server) { return text(server.facts.config_file); }},
    {"io_threads_active", [](const Server&) { return flag(false); }},
};

constexpr InfoField kClientsFields[] = {
    {"connected_clients", [](const Server& server) { return number(server.sessions().size()); }},
    {"maxclients", [](const Server& server) { return number(server.config.settings().maxclients); }},
    {"client_recent_max_input_buffer",
     [](const Server& server) {
       return largest(server, [](const core::Session& session) { return session.input.capacity(); });
     }},
    {"client_recent_max_output_buffer",
     [](const Server& server) {
       return largest(server, [](const core::Session& session) { return session.output_peak; });
     }},
    {"blocked_clients", [](const Server& server) { return number(server.blocking.waiters()); }},
    {"tracking_clients", [](const Server& server) { return number(uint64_t{server.tracking.clients()}); }},
    {"clients_in_timeout_table",
     [](const Server& server) { return number(server.blocking.waiters_with_timeout()); }},
};

InfoValue processor_seconds(const Server& server, uint64_t core::CpuTime::*part) {
  if (!server.facts.cpu_time) return std::nullopt;
  return seconds_text(server.facts.cpu_time().*part);
}

InfoValue rewrite_seconds(const Server& server) {
  const auto& rewrite = server.commit.rewrite();
  return rewrite.completed() == 0 ? number(-1) : number(rewrite.last_duration().count / 1000);
}

InfoValue current_rewrite_seconds(const Server& server) {
  const auto& rewrite = server.commit.rewrite();
  if (!rewrite.active()) return number(-1);
  return number((server.sequencer.mono_now() - rewrite.started_at()).count / 1000);
}

// A snapshot is what a rewrite makes; one that is asked for by BGSAVE shows under the names that tools wait for.
constexpr InfoField kPersistenceFields[] = {
    {"loading", [](const Server& server) { return flag(!server.commit.loaded()); }},
    {"async_loading", [](const Server&) { return flag(false); }},
    {"rdb_changes_since_last_save",
     [](const Server& server) {
       return number(server.sequencer.sequence() - server.commit.rewrite().cut_sequence());
     }},
    {"rdb_bgsave_in_progress", [](const Server& server) { return flag(server.commit.rewrite().active()); }},
    {"rdb_last_save_time", [](const Server& server) { return number(last_save(server).count / 1000); }},
    {"rdb_last_bgsave_time_sec", rewrite_seconds},
    {"rdb_current_bgsave_time_sec", current_rewrite_seconds},
    {"rdb_saves", [](const Server& server) { return number(server.commit.rewrite().completed()); }},
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
       return log != nullptr ? number(log->current_bytes()) : InfoValue();
     }},
    {"aof_base_size",
     [](const Server& server) {
       const Log* log = server.commit.log();
       return log != nullptr ? number(log->base_bytes()) : InfoValue();
     }},
    {"aof_buffer_length",
     [](const Server& server) {
       const Log* log = server.commit.log();
       return log != nullptr ? number(log->buffered_bytes()) : InfoValue();
     }},
};

InfoValue kilobytes_per_second(const Server& server, const core::Rate& rate, uint64_t total) {
  const uint64_t bytes = rate.per_second(server.sequencer.mono_now(), total);
  return two_decimals(static_cast<double>(bytes) / 1024);
}

constexpr InfoField kStatsFields[] = {
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
    {"instantaneous_input_kbps",
     [](const Server& server) {
       return kilobytes_per_second(server, server.metrics.bytes_in_rate, server.metrics.bytes_in);
     }},
    {"instantaneous_output_kbps",
     [](const Server& server) {
       return kilobytes_per_second(server, server.metrics.bytes_out_rate, server.metrics.bytes_out);
     }},
    {"sync_full", [](const Server&) { return number(0); }},
    {"sync_partial_ok", [](const Server&) { return number(0); }},
    {"sync_partial_err", [](const Server&) { return number(0); }},
    {"latest_fork_usec", [](const Server&) { return number(0); }},
    {"total_forks", [](const Server&) { return number(0); }},
    {"rejected_connections",
     [](const Server& server) { return number(server.metrics.connections_rejected); }},
    {"expired_keys", [](const Server& server) { return number(server.metrics.keys_expired); }},
    {"expired_subkeys", [](const Server& server) { return number(server.metrics.fields_expired); }},
    {"expire_cycle_cpu_milliseconds",
     [](const Server& server) { return number(server.metrics.expiry_nanoseconds / 1'000'000); }},
    {"evicted_keys", [](const Server&) { return number(0); }},
    {"evicted_clients", [](const Server&) { return number(0); }},
    {"keyspace_hits", [](const Server& server) { return number(server.metrics.keyspace_hits); }},
    {"keyspace_misses", [](const Server& server) { return number(server.metrics.keyspace_misses); }},
    {"unexpected_error_replies", [](const Server&) { return number(0); }},
    {"total_reads_processed", [](const Server& server) { return number(server.metrics.reads); }},
    {"total_writes_processed", [](const Server& server) { return number(server.metrics.writes); }},
    {"io_threaded_reads_processed", [](const Server&) { return number(0); }},
    {"io_threaded_writes_processed", [](const Server&) { return number(0); }},
    {"pubsub_channels",
     [](const Server& server) { return number(server.pubsub.names(core::SubscriptionKind::kChannel)); }},
    {"pubsub_patterns",
     [](const Server& server) { return number(server.pubsub.names(core::SubscriptionKind::kPattern)); }},
    {"pubsubshard_channels",
     [](const Server& server) { return number(server.pubsub.names(core::SubscriptionKind::kShard)); }},
    {"tracking_total_keys", [](const Server& server) { return number(server.tracking.keys()); }},
    {"tracking_total_items", [](const Server& server) { return number(server.tracking.items()); }},
    {"tracking_total_prefixes", [](const Server& server) { return number(server.tracking.prefixes()); }},
    {"client_query_buffer_limit_disconnections",
     [](const Server& server) { return number(server.metrics.query_limit_disconnections); }},
    {"client_output_buffer_limit_disconnections",
     [](const Server& server) { return number(server.metrics.output_limit_disconnections); }},
    {"total_error_replies", [](const Server& server) { return number(server.metrics.errors_replied); }},
};

constexpr InfoField kReplicationFields[] = {
    {"role", [](const Server&) { return text("master"); }},
    {"connected_slaves", [](const Server&) { return number(0); }},
    {"master_failover_state", [](const Server&) { return text("no-failover"); }},
    {"master_replid", [](const Server& server) { return text(server.replication_id()); }},
    {"master_repl_offset", [](const Server&) { return number(0); }},
    {"master_replid2", [](const Server&) { return text(std::string(40, '0')); }},
    {"second_repl_offset", [](const Server&) { return number(-1); }},
    {"repl_backlog_active", [](const Server&) { return flag(false); }},
    {"repl_backlog_size", [](const Server& server) { return server.config.value("repl-backlog-size"); }},
    {"repl_backlog_first_byte_offset", [](const Server&) { return number(0); }},
    {"repl_backlog_histlen", [](const Server&) { return number(0); }},
};

constexpr InfoField kCpuFields[] = {
    {"used_cpu_sys",
     [](const Server& server) { return processor_seconds(server, &core::CpuTime::system_us); }},
    {"used_cpu_user",
     [](const Server& server) { return processor_seconds(server, &core::CpuTime::user_us); }},
    {"used_cpu_sys_children", [](const Server&) { return InfoValue(seconds_text(0)); }},
    {"used_cpu_user_children", [](const Server&) { return InfoValue(seconds_text(0)); }},
    {"used_cpu_sys_main_thread",
     [](const Server& server) { return processor_seconds(server, &core::CpuTime::main_thread_system_us); }},
    {"used_cpu_user_main_thread",
     [](const Server& server) { return processor_seconds(server, &core::CpuTime::main_thread_user_us); }},
};

constexpr InfoField kClusterFields[] = {
    {"cluster_enabled", [](const Server&) { return flag(false); }},
};

// --- Sections

struct Section {
  std::string_view name;  // as it is asked for, and as the heading with a capital letter
  std::string_view heading;
  std::span<const InfoField> fields = {};
  std::span<const InfoField> (*fields_elsewhere)() = nullptr;
  InfoLines (*lines)(Server& server) = nullptr;
  bool by_default = true;
};

constexpr Section kSections[] = {
    {.name = "server", .heading = "Server", .fields = kServerFields},
    {.name = "clients", .heading = "Clients", .fields = kClientsFields},
    {.name = "memory", .heading = "Memory", .fields_elsewhere = info_memory_fields},
    {.name = "persistence", .heading = "Persistence", .fields = kPersistenceFields},
    {.name = "stats", .heading = "Stats", .fields = kStatsFields},
    {.name = "replication", .heading = "Replication", .fields = kReplicationFields},
    {.name = "cpu", .heading = "CPU", .fields = kCpuFields},
    {.name = "modules", .heading = "Modules"},
    {.name = "commandstats", .heading = "Commandstats", .lines = info_command_lines, .by_default = false},
    {.name = "errorstats", .heading = "Errorstats", .lines = info_error_lines},
    {.name = "latencystats", .heading = "Latencystats", .lines = info_latency_lines, .by_default = false},
    {.name = "cluster", .heading = "Cluster", .fields = kClusterFields},
    {.name = "keyspace", .heading = "Keyspace", .lines = info_keyspace_lines},
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
  const auto fields = section.fields_elsewhere != nullptr ? section.fields_elsewhere() : section.fields;
  for (const InfoField& field : fields) {
    if (const InfoValue value = field.value(server)) append_line(text, field.name, *value);
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
     .complexity = "O(1); commandstats, latencystats, memory and queues O(N), N the number of commands, "
                   "clients and queues",
     .summary = "Tells what there is to know of the server: versions, memory, log, statistics, queues."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> info_commands() {
  return kRows;
}

}  // namespace sluice::commands
