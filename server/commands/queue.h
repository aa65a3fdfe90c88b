// SPDX-License-Identifier: MIT
//
// What the files of queue verbs share: one call of the queue system on behalf of one command.
#pragma once

#include "engine/queue/queue_system.h"
#include "server/core/command_call.h"
#include "server/core/server.h"

namespace sluice::commands {

// Carries what the queue system says it changed to those who watch and wait. Must not outlive the call.
struct QueueCall {
  explicit QueueCall(core::CommandCall& call);
  QueueCall(const QueueCall&) = delete;
  QueueCall& operator=(const QueueCall&) = delete;

  const QueueReport report;
  const QueueContext context;
};

// Writes the policy in force for the key, as QPOLICY and QINFO show it.
void reply_policy(core::CommandCall& call, std::string_view key);

}  // namespace sluice::commands
