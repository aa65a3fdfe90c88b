// SPDX-License-Identifier: MIT
//
// Where the memory goes, for INFO memory, MEMORY STATS and MEMORY DOCTOR alike. All in bytes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "server/core/server.h"

namespace sluice::commands {

struct MemoryReport {
  uint64_t used = 0;
  uint64_t peak = 0;
  uint64_t at_start = 0;
  uint64_t clients = 0;                       // sessions with what they have received and are owed
  uint64_t log_buffer = 0;                    // not yet written
  uint64_t queues = 0;                        // beside the keys: policies, messages, indexes
  std::array<uint64_t, kDatabases> tables{};  // that find the keys
  uint64_t keys = 0;                          // their number
  uint64_t overhead = 0;                      // all that is no data
  uint64_t data = 0;
  core::AllocatorBytes allocator;
  uint64_t resident = 0;  // of the process

  double peak_percent() const;
  double data_percent() const;
  double bytes_per_key() const;
  double fragmentation() const;            // resident to used
  double allocator_fragmentation() const;  // pages to what lies in them
  double allocator_resident_ratio() const;
  double resident_overhead_ratio() const;
};

// nullopt where the process does not tell what it uses. O(clients).
std::optional<MemoryReport> memory_report(const core::Server& server);

}  // namespace sluice::commands
