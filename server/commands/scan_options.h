// SPDX-License-Identifier: MIT
//
// What SCAN shares with HSCAN, SSCAN and ZSCAN, and what these share: cursor [MATCH pattern] [COUNT count], and a
// reply of the next cursor and what was found.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/glob.h"
#include "server/core/args.h"
#include "server/core/command_call.h"

namespace sluice::commands {

struct ScanOptions {
  uint64_t cursor = 0;
  size_t count = 10;
  std::optional<std::string_view> pattern;
  bool no_values = false;  // HSCAN's NOVALUES

  // A "*" matches nothing at all, too; more of a pattern does not: so Redis has it.
  bool matches(std::string_view text) const {
    return !pattern || *pattern == "*" || glob_matches(*pattern, text);
  }
};

// The cursor at words[at]; nothing at all is the start, as in Redis.
Result<uint64_t> cursor_argument(core::CommandCall& call, size_t at);
// Reads the words from the cursor on.
Result<ScanOptions> scan_options(core::CommandCall& call, bool may_leave_values = false);

// [next cursor, [text, text ...]].
void reply_scan(core::CommandCall& call, uint64_t cursor, const std::vector<std::string>& found);

}  // namespace sluice::commands
