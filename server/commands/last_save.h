// SPDX-License-Identifier: MIT
//
// When all data was last written out compactly. Tools ask for a save and wait until this changes.
#pragma once

#include "server/core/server.h"

namespace sluice::commands {

// The end of the last rewrite; of none, the start of the server, as in Redis.
inline UnixMs last_save(const core::Server& server) {
  const core::LogRewrite& rewrite = server.commit.rewrite();
  if (rewrite.completed() > 0) return rewrite.completed_at();
  return server.sequencer.now() - (server.sequencer.mono_now() - server.started_at);
}

}  // namespace sluice::commands
