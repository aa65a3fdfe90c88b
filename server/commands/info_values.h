// SPDX-License-Identifier: MIT
//
// A field of INFO is a row: its name, and a function that finds its value. A field whose value the process cannot know
// is left out, not made up.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/core/server.h"

namespace sluice::commands {

using InfoValue = std::optional<std::string>;

struct InfoField {
  std::string_view name;
  InfoValue (*value)(const core::Server& server);
};

// Of a section whose lines are counted, not named.
using InfoLines = std::vector<std::pair<std::string, std::string>>;

inline InfoValue text(std::string_view value) {
  return std::string(value);
}
inline InfoValue number(uint64_t value) {
  return std::to_string(value);
}
inline InfoValue number(int64_t value) {
  return std::to_string(value);
}
inline InfoValue number(int value) {
  return std::to_string(value);
}
inline InfoValue flag(bool value) {
  return std::string(value ? "1" : "0");
}
inline InfoValue status(bool good) {
  return std::string(good ? "ok" : "err");
}
inline InfoValue not_empty(const std::string& value) {
  return value.empty() ? InfoValue() : InfoValue(value);
}

// "512B", "1.50K", "2.00G".
std::string human_bytes(uint64_t bytes);
// "12.345678"
std::string seconds_text(uint64_t microseconds);
std::string two_decimals(double value);

// --- Sections that have a file of their own
std::span<const InfoField> info_memory_fields();
InfoLines info_command_lines(core::Server& server);
InfoLines info_latency_lines(core::Server& server);
InfoLines info_error_lines(core::Server& server);
InfoLines info_keyspace_lines(core::Server& server);

}  // namespace sluice::commands
