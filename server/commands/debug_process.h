// SPDX-License-Identifier: MIT
//
// What DEBUG does to the process: it sleeps, begins anew, asks its allocator.
#pragma once

#include "server/core/command_call.h"

namespace sluice::commands {

Result<void> debug_sleep(core::CommandCall& call);
// RESTART: the log and the configuration file are written first. CRASH-AND-RECOVER: nothing is.
Result<void> debug_restart(core::CommandCall& call);
Result<void> debug_crash_and_recover(core::CommandCall& call);
Result<void> debug_allocator_number(core::CommandCall& call);
Result<void> debug_allocator_text(core::CommandCall& call);

}  // namespace sluice::commands
