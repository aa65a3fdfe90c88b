// SPDX-License-Identifier: MIT
//
// INFO memory.
#include "server/commands/info_values.h"
#include "server/commands/memory_report.h"

namespace sluice::commands {
namespace {

using core::Server;

// A field made from the report, if there is one. The report is made anew for each: INFO is not asked often, and what
// the allocator says moves while it is asked.
template <auto make>
InfoValue reported(const Server& server) {
  const auto report = memory_report(server);
  return report ? InfoValue(make(*report)) : InfoValue();
}

template <uint64_t MemoryReport::*part>
InfoValue bytes_of(const Server& server) {
  return reported<[](const MemoryReport& report) { return std::to_string(report.*part); }>(server);
}

template <uint64_t MemoryReport::*part>
InfoValue human_bytes_of(const Server& server) {
  return reported<[](const MemoryReport& report) { return human_bytes(report.*part); }>(server);
}

template <double (MemoryReport::*part)() const>
InfoValue percent_of(const Server& server) {
  return reported<[](const MemoryReport& report) { return two_decimals((report.*part)()) + "%"; }>(server);
}

template <uint64_t core::AllocatorBytes::*part>
InfoValue allocator_bytes_of(const Server& server) {
  if (!server.facts.allocator_bytes) return std::nullopt;
  return std::to_string(server.facts.allocator_bytes().*part);
}

// How much more one is than the other; negative if it is less.
std::string excess(uint64_t more, uint64_t less) {
  return std::to_string(static_cast<int64_t>(more) - static_cast<int64_t>(less));
}

template <auto make>
InfoValue allocator_reported(const Server& server) {
  return server.facts.allocator_bytes ? reported<make>(server) : std::nullopt;
}

template <auto make>
InfoValue resident_reported(const Server& server) {
  return server.facts.memory_resident ? reported<make>(server) : std::nullopt;
}

template <uint64_t (*bytes)(const Server&)>
InfoValue human(const Server& server) {
  return human_bytes(bytes(server));
}

uint64_t script_machine_bytes(const Server& server) {
  return server.scripts.machine_bytes();
}
uint64_t function_machine_bytes(const Server& server) {
  return server.functions.machine_bytes();
}
uint64_t machine_bytes(const Server& server) {
  return script_machine_bytes(server) + function_machine_bytes(server);
}
uint64_t source_bytes(const Server& server) {
  return server.scripts.bytes() + server.functions.bytes();
}

template <uint64_t (*bytes)(const Server&)>
InfoValue plain(const Server& server) {
  return number(bytes(server));
}

constexpr InfoField kFields[] = {
    {"used_memory", bytes_of<&MemoryReport::used>},
    {"used_memory_human", human_bytes_of<&MemoryReport::used>},
    {"used_memory_rss",
     resident_reported<[](const MemoryReport& report) { return std::to_string(report.resident); }>},
    {"used_memory_rss_human",
     resident_reported<[](const MemoryReport& report) { return human_bytes(report.resident); }>},
    {"used_memory_peak", bytes_of<&MemoryReport::peak>},
    {"used_memory_peak_human", human_bytes_of<&MemoryReport::peak>},
    {"used_memory_peak_perc", percent_of<&MemoryReport::peak_percent>},
    {"used_memory_overhead", bytes_of<&MemoryReport::overhead>},
    {"used_memory_startup", bytes_of<&MemoryReport::at_start>},
    {"used_memory_dataset", bytes_of<&MemoryReport::data>},
    {"used_memory_dataset_perc", percent_of<&MemoryReport::data_percent>},
    {"allocator_allocated", allocator_bytes_of<&core::AllocatorBytes::allocated>},
    {"allocator_active", allocator_bytes_of<&core::AllocatorBytes::active>},
    {"allocator_resident", allocator_bytes_of<&core::AllocatorBytes::resident>},
    {"total_system_memory",
     [](const Server& server) {
       return server.facts.system_memory == 0 ? InfoValue() : number(server.facts.system_memory);
     }},
    {"total_system_memory_human",
     [](const Server& server) {
       return server.facts.system_memory == 0 ? InfoValue() : human_bytes(server.facts.system_memory);
     }},
    {"used_memory_lua", plain<script_machine_bytes>},
    {"used_memory_vm_eval", plain<script_machine_bytes>},
    {"used_memory_lua_human", human<script_machine_bytes>},
    {"used_memory_scripts_eval", [](const Server& server) { return number(server.scripts.bytes()); }},
    {"number_of_cached_scripts", [](const Server& server) { return number(server.scripts.size()); }},
    {"number_of_functions", [](const Server& server) { return number(server.functions.functions()); }},
    {"number_of_libraries", [](const Server& server) { return number(server.functions.libraries().size()); }},
    {"used_memory_vm_functions", plain<function_machine_bytes>},
    {"used_memory_vm_total", plain<machine_bytes>},
    {"used_memory_vm_total_human", human<machine_bytes>},
    {"used_memory_functions", [](const Server& server) { return number(server.functions.bytes()); }},
    {"used_memory_scripts", plain<source_bytes>},
    {"used_memory_scripts_human", human<source_bytes>},
    {"maxmemory", [](const Server& server) { return number(server.config.settings().maxmemory); }},
    {"maxmemory_human",
     human<[](const Server& server) -> uint64_t { return server.config.settings().maxmemory; }>},
    {"maxmemory_policy", [](const Server& server) { return server.config.value("maxmemory-policy"); }},
    {"allocator_frag_ratio", allocator_reported<[](const MemoryReport& report) {
       return two_decimals(report.allocator_fragmentation());
     }>},
    {"allocator_frag_bytes", allocator_reported<[](const MemoryReport& report) {
       return excess(report.allocator.active, report.allocator.allocated);
     }>},
    {"allocator_rss_ratio", allocator_reported<[](const MemoryReport& report) {
       return two_decimals(report.allocator_resident_ratio());
     }>},
    {"allocator_rss_bytes", allocator_reported<[](const MemoryReport& report) {
       return excess(report.allocator.resident, report.allocator.active);
     }>},
    {"rss_overhead_ratio", allocator_reported<[](const MemoryReport& report) {
       return two_decimals(report.resident_overhead_ratio());
     }>},
    {"rss_overhead_bytes", allocator_reported<[](const MemoryReport& report) {
       return excess(report.resident, report.allocator.resident);
     }>},
    {"mem_fragmentation_ratio",
     resident_reported<[](const MemoryReport& report) { return two_decimals(report.fragmentation()); }>},
    {"mem_fragmentation_bytes",
     resident_reported<[](const MemoryReport& report) { return excess(report.resident, report.used); }>},
    {"mem_not_counted_for_evict", [](const Server&) { return number(0); }},
    {"mem_replication_backlog", [](const Server&) { return number(0); }},
    {"mem_total_replication_buffers", [](const Server&) { return number(0); }},
    {"mem_clients_slaves", [](const Server&) { return number(0); }},
    {"mem_clients_normal", bytes_of<&MemoryReport::clients>},
    {"mem_cluster_links", [](const Server&) { return number(0); }},
    {"mem_aof_buffer", bytes_of<&MemoryReport::log_buffer>},
    {"mem_allocator", [](const Server& server) { return not_empty(server.facts.allocator); }},
    {"active_defrag_running", [](const Server&) { return number(0); }},
    {"lazyfree_pending_objects",
     [](const Server& server) { return number(server.keyspace.graveyard().waiting()); }},
    {"lazyfreed_objects", [](const Server& server) { return number(server.metrics.elements_freed); }},
};

}  // namespace

std::span<const InfoField> info_memory_fields() {
  return kFields;
}

}  // namespace sluice::commands
