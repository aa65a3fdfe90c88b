// SPDX-License-Identifier: MIT
//
// DEBUG PROTOCOL: a value of each type of the protocol, for tests of clients.
#pragma once

#include "server/core/command_call.h"

namespace sluice::commands {

Result<void> debug_protocol(core::CommandCall& call);

}  // namespace sluice::commands
