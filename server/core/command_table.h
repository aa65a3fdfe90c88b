// SPDX-License-Identifier: MIT
//
// All rows, found by name in one probe. Built once at the start from the rows that it is given.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/core/command_spec.h"
#include "server/core/latency_histogram.h"

namespace sluice::core {

// What INFO commandstats says of one command; one for each row and each subcommand's row.
struct CommandStats {
  uint64_t calls = 0;
  uint64_t nanoseconds = 0;
  uint64_t rejected = 0;                             // refused before it ran
  uint64_t failed = 0;                               // ran and answered an error
  std::unique_ptr<LatencyHistogram> latencies = {};  // made at the first call that is to be recorded

  void record_latency(uint64_t call_nanoseconds) {
    if (latencies == nullptr) [[unlikely]]
      latencies = std::make_unique<LatencyHistogram>();
    latencies->record(call_nanoseconds);
  }
};

class CommandTable {
 public:
  // The rows must outlive the table. No two rows may have the same name.
  explicit CommandTable(std::span<const CommandSpec> rows);

  // In any case of letters; nullptr if there is none. Internal rows are found too: the dispatcher hides them.
  const CommandSpec* find(std::string_view name) const;
  // The same by the name that clients call it by; see rename().
  const CommandSpec* find_called(std::string_view name) const {
    if (renamed_.empty()) [[likely]]
      return find(name);
    return find_renamed(name);
  }
  // From now on clients call a command by another name, or not at all if `to` is empty. What is wrong, or nothing.
  std::optional<std::string> rename(std::string_view from, std::string_view to);
  bool has_renamed() const { return !renamed_.empty(); }
  // Whether clients can call it by any name.
  bool can_be_called(const CommandSpec& spec) const;
  static const CommandSpec* find_subcommand(const CommandSpec& container, std::string_view name);
  std::span<const CommandSpec> rows() const { return rows_; }

  // Of a row, or of a subcommand's row, of this table.
  CommandStats& stats(const CommandSpec& spec);
  // From 0 to size() - 1, another one for each row and subcommand's row of this table.
  size_t index(const CommandSpec& spec) const;
  size_t size() const { return stats_.size(); }
  // Statistics begin again: all, or the latencies alone.
  enum class Reset : uint8_t { kAll, kLatencies };
  void reset_stats(Reset what = Reset::kAll);
  // "get" or "config|get".
  static std::string full_name(std::string_view container, const CommandSpec& spec);
  std::string full_name(const CommandSpec& spec) const;

 private:
  // A name in lower case as a few machine words, so that finding one compares numbers: the first and the last
  // eight bytes (which overlap in a short name, and are filled up with zeros in a very short one).
  struct FoldedName {
    uint64_t head = 0;
    uint64_t tail = 0;
    bool operator==(const FoldedName&) const = default;
    size_t hash(size_t size) const;
  };
  struct Slot {
    FoldedName name;
    const CommandSpec* spec = nullptr;
  };
  struct SubcommandStats {
    std::string_view container;
    std::span<const CommandSpec> rows;
    size_t begin;  // of the first row's in stats_
  };
  static FoldedName fold(std::string_view name);
  const CommandSpec* find_renamed(std::string_view name) const;
  void insert(const CommandSpec& row);

  std::span<const CommandSpec> rows_;
  std::vector<Slot>
      slots_;  // open addressing; a power of two, and so many that most names lie where they hash to
  std::map<std::string, const CommandSpec*, std::less<>> renamed_;  // by name in lower case; null: gone
  // Of the rows; then those of each container's subcommands.
  std::vector<CommandStats> stats_;
  std::vector<SubcommandStats> subcommands_;
};

}  // namespace sluice::core
