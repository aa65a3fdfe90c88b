// SPDX-License-Identifier: MIT
//
// XREAD: entries of several streams above given IDs, and the wait for them.
#pragma once

#include "server/core/command_call.h"

namespace sluice::commands {

Result<void> xread(core::CommandCall& call);

}  // namespace sluice::commands
