// SPDX-License-Identifier: MIT
//
// The sections of INFO that have a line for each command, error or database.
#include <cinttypes>
#include <cstdio>

#include "engine/base/number_text.h"
#include "server/commands/info_values.h"

namespace sluice::commands {
namespace {

using core::CommandSpec;
using core::CommandStats;
using core::CommandTable;
using core::Server;

// Calls visit(full name, statistics) for each row and each subcommand's.
template <typename Visit>
void for_each_command(Server& server, Visit visit) {
  for (const CommandSpec& row : server.commands.rows()) {
    visit(CommandTable::full_name({}, row), server.commands.stats(row));
    for (const CommandSpec& subcommand : row.subcommands)
      visit(CommandTable::full_name(row.name, subcommand), server.commands.stats(subcommand));
  }
}

std::string describe(const CommandStats& stats) {
  const double nanoseconds = static_cast<double>(stats.nanoseconds);
  const double each = stats.calls == 0 ? 0 : nanoseconds / 1000 / static_cast<double>(stats.calls);
  return "calls=" + std::to_string(stats.calls) + ",usec=" + std::to_string(stats.nanoseconds / 1000) +
         ",usec_per_call=" + two_decimals(each) + ",rejected_calls=" + std::to_string(stats.rejected) +
         ",failed_calls=" + std::to_string(stats.failed);
}

std::string microseconds(uint64_t nanoseconds) {
  char buffer[48];
  std::snprintf(buffer, sizeof buffer, "%" PRIu64 ".%03" PRIu64, nanoseconds / 1000, nanoseconds % 1000);
  return buffer;
}

}  // namespace

std::string human_bytes(uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + "B";
  constexpr std::string_view kUnits = "KMGTPE";
  auto amount = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; amount >= 1024 && unit + 1 < kUnits.size(); ++unit)
    amount /= 1024;
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.2f%c", amount, kUnits[unit]);
  return buffer;
}

std::string seconds_text(uint64_t microseconds) {
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

InfoLines info_command_lines(Server& server) {
  InfoLines lines;
  for_each_command(server, [&lines](const std::string& name, const CommandStats& stats) {
    if (stats.calls == 0 && stats.rejected == 0 && stats.failed == 0) return;
    lines.emplace_back("cmdstat_" + name, describe(stats));
  });
  return lines;
}

InfoLines info_latency_lines(Server& server) {
  InfoLines lines;
  const auto& percentiles = server.config.settings().latency_tracking_info_percentiles;
  for_each_command(server, [&](const std::string& name, const CommandStats& stats) {
    if (stats.latencies == nullptr) return;
    std::string text;
    for (const std::string& percentile : percentiles) {
      text.append(text.empty() ? "p" : ",p").append(percentile).append("=");
      text += microseconds(stats.latencies->percentile(parse_double(percentile).value_or(0)));
    }
    lines.emplace_back("latency_percentiles_usec_" + name, text);
  });
  return lines;
}

InfoLines info_error_lines(Server& server) {
  InfoLines lines;
  for (const auto& [code, count] : server.metrics.errors_by_code)
    lines.emplace_back("errorstat_" + code, "count=" + std::to_string(count));
  return lines;
}

InfoLines info_keyspace_lines(Server& server) {
  InfoLines lines;
  for (int db = 0; db < kDatabases; ++db) {
    if (server.keyspace.size(db) == 0) continue;
    const int64_t ttl = server.keyspace.mean_lifetime_left(db, server.sequencer.now()).count;
    lines.emplace_back("db" + std::to_string(db),
                       "keys=" + std::to_string(server.keyspace.size(db)) + ",expires=" +
                           std::to_string(server.keyspace.expires(db)) + ",avg_ttl=" + std::to_string(ttl));
  }
  return lines;
}

}  // namespace sluice::commands
