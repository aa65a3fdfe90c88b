// SPDX-License-Identifier: MIT
//
// What the string commands share: storing a value together with its lifetime, and how long a string may get.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "server/core/command_call.h"

namespace sluice::commands {

// Refuses a string of `size` bytes if proto-max-bulk-len is less. What the log tells was allowed when it was written.
Result<void> check_string_size(const core::CommandCall& call, uint64_t size);

// Until when a stored value lasts: for ever if nothing is said.
struct Until {
  std::optional<UnixMs> end = std::nullopt;
  bool as_before = false;  // the expiry time of the key stays what it is
};

// Makes the key hold the value, whatever it held before, logs that as a SET and tells of `event`. A time that has
// passed ends the key at once, and that is logged instead. Requires: check_string_size().
void store_string(core::CommandCall& call, std::string_view key, std::string_view value, const Until& until,
                  core::KeyEvent event = core::KeyEvent::kSet);

// Erases the key if it exists, logs that as a DEL and tells of it.
bool delete_key(core::CommandCall& call, std::string_view key);

}  // namespace sluice::commands
