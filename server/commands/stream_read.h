// SPDX-License-Identifier: MIT
//
// XREAD and XREADGROUP: entries of several streams, and the wait for them.
#pragma once

#include "server/core/command_call.h"

namespace sluice::commands {

Result<void> xread(core::CommandCall& call);
Result<void> xreadgroup(core::CommandCall& call);

}  // namespace sluice::commands
