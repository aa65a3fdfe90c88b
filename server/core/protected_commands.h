// SPDX-License-Identifier: MIT
//
// Commands that a setting keeps from clients, or from those of other machines: DEBUG (enable-debug-command), and to
// load modules (enable-module-command).
#pragma once

#include <string>

#include "server/core/command_spec.h"
#include "server/core/config.h"
#include "server/core/session.h"

namespace sluice::core {

// Why the client may not, in Redis's words; empty if it may. Requires: kProtected. `name` as COMMAND has it.
std::string refusal_of_protected(const Config& config, const Session& session, std::string_view name);

}  // namespace sluice::core
