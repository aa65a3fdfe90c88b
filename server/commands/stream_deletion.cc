// SPDX-License-Identifier: MIT
#include "server/commands/stream_deletion.h"

#include <optional>

#include "engine/queue/managed_group.h"

namespace sluice::commands {

using core::CommandCall;

DeletionOutcome StreamDeletion::one(StreamId id) {
  if (references_ == References::kAcknowledged && stream_.is_referenced(id)) return DeletionOutcome::kKept;
  if (references_ == References::kDrop && stream_.drop_references(id) > 0) changed_ = true;
  if (!stream_.remove(id)) return DeletionOutcome::kMissing;
  deleted_ = changed_ = true;
  return DeletionOutcome::kDeleted;
}

bool StreamDeletion::acknowledge(ConsumerGroup& group, StreamId id, UnixMs now) {
  if (group.managed() != nullptr) {
    if (const auto pending = group.pending().find(id)) group.managed()->count_acknowledged(*pending, now);
  }
  if (!group.acknowledge(id)) return false;
  changed_ = true;
  return true;
}

void StreamDeletion::report(CommandCall& call) const {
  if (changed_) call.log();
  if (deleted_) call.changed(call.words[1], core::KeyEvent::kXdel);
}

}  // namespace sluice::commands
