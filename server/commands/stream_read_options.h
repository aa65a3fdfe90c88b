// SPDX-License-Identifier: MIT
//
// The words of XREAD and XREADGROUP.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/base/time.h"
#include "server/core/command_call.h"

namespace sluice::commands {

struct ReadOptions {
  enum class Command : uint8_t { kRead, kReadGroup };

  // Errors are of words that are wrong in themselves or do not go together; IDs are not looked at.
  static Result<ReadOptions> read(core::CommandCall& call, Command command);

  uint64_t count = 0;  // of each stream; this and the next two: 0 is no limit
  uint64_t entries_max = 0;
  uint64_t bytes_max = 0;
  bool waits = false;              // BLOCK was given
  std::optional<Millis> wait_for;  // none: for ever
  size_t streams_at = 0;           // index of the first key
  core::Words keys;
  core::Words ids;  // one for each key

  // Of XREADGROUP only.
  std::string_view group;
  std::string_view consumer;
  bool acknowledges = false;           // NOACK was given: what is delivered is not pending
  std::optional<Millis> claims_after;  // CLAIM: how long an entry must have been idle
};

// Where a name may stand that is the word STREAMS, which is behind GROUP only; for finding the keys.
inline constexpr core::OptionWords kGroupOptionWords[] = {{"GROUP", 2}};
// All options, and how many words belong to each.
inline constexpr core::OptionWords kReadOptionWords[] = {
    {"BLOCK", 1}, {"COUNT", 1}, {"MAXCOUNT", 1}, {"MAXSIZE", 1}, {"GROUP", 2}, {"NOACK", 0}, {"CLAIM", 1}};

// The group that a request of XREADGROUP names; empty if it names none.
std::string_view group_of(core::Words words);

}  // namespace sluice::commands
