// SPDX-License-Identifier: MIT
//
// What the session target reads: a script, a step a line, so that its corpus can be read and written by people.
//
//   @appendfsync always    a directive, before the first step
//   A SET k "a b"          client A sends a command; words as in a configuration file
//   A! *1\r\n$4\r\nPING    client A sends these bytes, escapes as in quotes
//   -A                     client A hangs up
//   +1500                  so many milliseconds pass
//   *                      the server ends cleanly and starts again
//
// Each step is a turn of its own; a line that begins with a blank belongs to the turn of the one before. Clients are A
// to H, there at their first step. What is no step is skipped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::fuzz {

inline constexpr size_t kStepsMax = 400;
inline constexpr int64_t kPassMsMax = 10'000'000;
inline constexpr char kClientLast = 'H';

struct Step {
  enum class Kind : uint8_t { kDirective, kCommand, kBytes, kHangUp, kPass, kRestart };
  Kind kind = Kind::kCommand;
  bool same_turn = false;
  char client = 'A';
  std::vector<std::string> words = {};
  std::string bytes = {};
  int64_t milliseconds = 0;
};

// At most kStepsMax.
std::vector<Step> read_script(std::string_view text);

}  // namespace sluice::fuzz
