// SPDX-License-Identifier: MIT
#include "server/commands/memory_report.h"

#include <algorithm>
#include <numeric>

namespace sluice::commands {
namespace {

double ratio(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

uint64_t client_bytes(const core::Server& server) {
  uint64_t bytes = 0;
  for (const auto& [id, session] : server.sessions())
    bytes += sizeof(core::Session) + session->input.size() + session->output.size() + session->queued_bytes;
  return bytes;
}

uint64_t without(uint64_t whole, uint64_t part) {
  return whole - std::min(part, whole);
}

}  // namespace

double MemoryReport::peak_percent() const {
  return 100 * ratio(used, peak);
}
double MemoryReport::data_percent() const {
  return 100 * ratio(data, without(used, at_start));
}
double MemoryReport::bytes_per_key() const {
  return ratio(without(used, at_start), keys);
}
double MemoryReport::fragmentation() const {
  return ratio(resident, used);
}
double MemoryReport::allocator_fragmentation() const {
  return ratio(allocator.active, allocator.allocated);
}
double MemoryReport::allocator_resident_ratio() const {
  return ratio(allocator.resident, allocator.active);
}
double MemoryReport::resident_overhead_ratio() const {
  return ratio(resident, allocator.resident);
}

std::optional<MemoryReport> memory_report(const core::Server& server) {
  if (!server.facts.memory_used) return std::nullopt;
  MemoryReport report;
  report.used = server.facts.memory_used();
  report.peak = std::max(server.memory_peak(), report.used);
  report.at_start = server.memory_at_start();
  report.clients = client_bytes(server);
  report.queues = server.queues.bytes();
  if (const Log* log = server.commit.log()) report.log_buffer = log->buffered_bytes();
  for (int db = 0; db < kDatabases; ++db) {
    if (server.keyspace.size(db) > 0)
      report.tables[static_cast<size_t>(db)] = server.keyspace.table_bytes(db);
    report.keys += server.keyspace.size(db);
  }
  report.overhead = report.at_start + report.clients + report.log_buffer +
                    std::accumulate(report.tables.begin(), report.tables.end(), uint64_t{0});
  report.data = without(report.used, report.overhead);
  if (server.facts.allocator_bytes) report.allocator = server.facts.allocator_bytes();
  if (server.facts.memory_resident) report.resident = server.facts.memory_resident();
  return report;
}

}  // namespace sluice::commands
