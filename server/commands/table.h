// SPDX-License-Identifier: MIT
//
// All commands of the server, as one span of rows for core::Server.
#pragma once

#include <span>

#include "server/core/command_spec.h"

namespace sluice::commands {

// Built at the first call; valid until the process ends.
std::span<const core::CommandSpec> command_table();

}  // namespace sluice::commands
