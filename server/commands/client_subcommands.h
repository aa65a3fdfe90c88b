// SPDX-License-Identifier: MIT
//
// Handlers of CLIENT's subcommands that have files of their own; their rows are in client.cc.
#pragma once

#include "server/core/command_call.h"

namespace sluice::commands {

// --- client_control.cc: how this connection, or all, are served
Result<void> client_reply(core::CommandCall& call);
Result<void> client_pause(core::CommandCall& call);
Result<void> client_unpause(core::CommandCall& call);
Result<void> client_unblock(core::CommandCall& call);
Result<void> client_no_evict(core::CommandCall& call);
Result<void> client_no_touch(core::CommandCall& call);
Result<void> client_capa(core::CommandCall& call);
Result<void> client_import_source(core::CommandCall& call);

// --- client_tracking.cc
Result<void> client_tracking(core::CommandCall& call);
Result<void> client_caching(core::CommandCall& call);
Result<void> client_getredir(core::CommandCall& call);
Result<void> client_trackinginfo(core::CommandCall& call);

}  // namespace sluice::commands
