// SPDX-License-Identifier: MIT
//
// What the files of queue verbs share: one call of the queue system on behalf of one command.
#pragma once

#include "engine/queue/queue_system.h"
#include "server/core/args.h"
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

// DELAY or AT, if it is next: when that is. `given` keeps a second one from being taken.
bool accept_time(core::Args& args, UnixMs now, std::optional<UnixMs>& given);

// The last thing that a command asks before it pushes elements onto a list: if the key is a queue that is full or
// paused, the error has been written; one that drops has dropped. Whatever else can be wrong must have been asked.
Result<void> admit_pushes_to_queue(core::CommandCall& call, std::string_view key, size_t count);
inline Result<void> admit_pushes(core::CommandCall& call, std::string_view key, size_t count) {
  if (call.queues().policies() == 0) [[likely]]
    return {};
  return admit_pushes_to_queue(call, key, count);
}
// Writes why a push is refused.
Error refuse_push(core::CommandCall& call, const Admission& admission);

// Whether the caller may add to that key, which its words do not name.
bool may_write(const core::CommandCall& call, std::string_view key);

// Writes the policy in force for the key, or for a group of it, as QPOLICY and QINFO show it.
void reply_policy(core::CommandCall& call, std::string_view key, std::string_view group = {});

}  // namespace sluice::commands
