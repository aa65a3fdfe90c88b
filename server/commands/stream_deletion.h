// SPDX-License-Identifier: MIT
//
// Acknowledging and deleting entries of one stream on behalf of one command, with account of what has changed.
#pragma once

#include <cstdint>

#include "engine/stream.h"
#include "server/core/command_call.h"

namespace sluice::commands {

// What an ID of XDELEX and XACKDEL is answered with. XACKDEL with CONSUMER: kNotHis.
enum class DeletionOutcome : int8_t { kMissing = -1, kNotHis = 0, kDeleted = 1, kKept = 2 };

class StreamDeletion {
 public:
  StreamDeletion(Stream& stream, References references) : stream_(stream), references_(references) {}

  DeletionOutcome one(StreamId id);
  // False if it was not pending in the group.
  bool acknowledge(ConsumerGroup& group, StreamId id, UnixMs now);
  // Logs and announces what has changed, if anything.
  void report(core::CommandCall& call) const;

 private:
  Stream& stream_;
  References references_;
  bool changed_ = false;
  bool deleted_ = false;
};

}  // namespace sluice::commands
