// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "engine/entry.h"
#include "server/core/command_call.h"

namespace sluice::commands {

// Makes `key` of the database hold the same as `from`, without an expiry time; of a queue, its ready payloads. Nothing
// is logged, nobody is told. Requires: the key is absent; `from` is no list of which nothing is ready.
void copy_value(core::CommandCall& call, const Entry& from, int db, std::string_view key);

}  // namespace sluice::commands
