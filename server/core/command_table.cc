// SPDX-License-Identifier: MIT
#include "server/core/command_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>

#include "engine/base/ascii.h"
#include "engine/base/check.h"

namespace sluice::core {
namespace {

constexpr size_t kSlotsPerRow = 8;
constexpr uint64_t kEachByte = 0x0101010101010101u;

template <typename Number>
uint64_t load(const char* from) {
  Number number;
  std::memcpy(&number, from, sizeof number);
  return number;
}

// Eight bytes, A to Z among them turned to a to z. A byte's top bit tells, after an addition that cannot
// carry into the next byte, whether its low seven bits have passed a bound.
constexpr uint64_t to_lower(uint64_t bytes) {
  const uint64_t low_bits = bytes & (0x7f * kEachByte);
  const uint64_t from_a = low_bits + (0x80 - 'A') * kEachByte;
  const uint64_t behind_z = low_bits + (0x7f - 'Z') * kEachByte;
  const uint64_t upper = (from_a ^ behind_z) & ~bytes & (0x80 * kEachByte);
  return bytes | upper >> 2;
}
static_assert(to_lower(0x405a41c1'5b607a61) == 0x407a61c1'5b607a61);

bool contains(std::span<const CommandSpec> rows, const CommandSpec& spec) {
  // std::less, because < says nothing of pointers into different arrays.
  constexpr std::less<const CommandSpec*> before;
  return !before(&spec, rows.data()) && before(&spec, rows.data() + rows.size());
}

}  // namespace

CommandTable::FoldedName CommandTable::fold(std::string_view name) {
  const char* first = name.data();
  const size_t size = name.size();
  if (size >= 8) return {to_lower(load<uint64_t>(first)), to_lower(load<uint64_t>(first + size - 8))};
  if (size >= 4) return {to_lower(load<uint32_t>(first)), to_lower(load<uint32_t>(first + size - 4))};
  if (size == 0) return {};
  // Of one to three bytes: the first, the middle one and the last.
  const uint64_t bytes =
      load<uint8_t>(first) | load<uint8_t>(first + size / 2) << 8 | load<uint8_t>(first + size - 1) << 16;
  return {to_lower(bytes), 0};
}

size_t CommandTable::FoldedName::hash(size_t size) const {
  const uint64_t mixed = (head ^ std::rotl(tail, 29) ^ size) * 0x9e3779b97f4a7c15u;
  return mixed >> 32;
}

CommandTable::CommandTable(std::span<const CommandSpec> rows) : rows_(rows) {
  slots_.resize(std::bit_ceil(kSlotsPerRow * rows.size() + 1));
  size_t stats = rows.size();
  for (const CommandSpec& row : rows) {
    CHECK(find(row.name) == nullptr);
    insert(row);
    if (row.subcommands.empty()) continue;
    subcommands_.push_back({row.name, row.subcommands, stats});
    stats += row.subcommands.size();
  }
  stats_.resize(stats);
}

void CommandTable::insert(const CommandSpec& row) {
  const FoldedName name = fold(row.name);
  size_t place = name.hash(row.name.size()) & (slots_.size() - 1);
  while (slots_[place].spec != nullptr)
    place = (place + 1) & (slots_.size() - 1);
  slots_[place] = {name, &row};
}

const CommandSpec* CommandTable::find(std::string_view name) const {
  const FoldedName folded = fold(name);
  size_t place = folded.hash(name.size()) & (slots_.size() - 1);
  for (;; place = (place + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[place];
    if (slot.spec == nullptr) return nullptr;
    if (slot.name != folded || slot.spec->name.size() != name.size()) continue;
    // Sixteen bytes have been compared; the few names that are longer have more between them.
    if (name.size() <= 16 || equals_folded(name, slot.spec->name)) return slot.spec;
  }
}

const CommandSpec* CommandTable::find_renamed(std::string_view name) const {
  std::string folded(name);
  for (char& c : folded)
    c = sluice::to_lower(c);
  const auto it = renamed_.find(folded);
  return it != renamed_.end() ? it->second : find(name);
}

bool CommandTable::can_be_called(const CommandSpec& spec) const {
  if (find_called(spec.name) == &spec) return true;
  return std::any_of(renamed_.begin(), renamed_.end(),
                     [&spec](const auto& renamed) { return renamed.second == &spec; });
}

std::optional<std::string> CommandTable::rename(std::string_view from, std::string_view to) {
  const CommandSpec* spec = find_called(from);
  if (spec == nullptr || (spec->flags & kInternal) != 0) return "No such command in rename-command";
  if (!to.empty() && find_called(to) != nullptr) return "Target command name already exists";
  const auto folded = [](std::string_view name) {
    std::string text(name);
    for (char& c : text)
      c = sluice::to_lower(c);
    return text;
  };
  renamed_[folded(from)] = nullptr;
  if (!to.empty()) renamed_[folded(to)] = spec;
  return std::nullopt;
}

const CommandSpec* CommandTable::find_subcommand(const CommandSpec& container, std::string_view name) {
  for (const CommandSpec& row : container.subcommands) {
    if (equals_folded(name, row.name)) return &row;
  }
  return nullptr;
}

CommandStats& CommandTable::stats(const CommandSpec& spec) {
  return stats_[index(spec)];
}

size_t CommandTable::index(const CommandSpec& spec) const {
  if (contains(rows_, spec)) return static_cast<size_t>(&spec - rows_.data());
  for (const SubcommandStats& container : subcommands_) {
    if (!contains(container.rows, spec)) continue;
    return container.begin + static_cast<size_t>(&spec - container.rows.data());
  }
  CHECK(!"a row of another table");
  return 0;
}

void CommandTable::reset_stats(Reset what) {
  for (CommandStats& stats : stats_) {
    if (what == Reset::kAll) {
      stats = {};
    } else {
      stats.latencies = nullptr;
    }
  }
}

std::string CommandTable::full_name(std::string_view container, const CommandSpec& spec) {
  std::string name(container);
  if (!name.empty()) name += '|';
  return name.append(spec.name);
}

std::string CommandTable::full_name(const CommandSpec& spec) const {
  for (const SubcommandStats& container : subcommands_) {
    if (contains(container.rows, spec)) return full_name(container.container, spec);
  }
  return std::string(spec.name);
}

}  // namespace sluice::core
