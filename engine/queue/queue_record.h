// SPDX-License-Identifier: MIT
//
// The records from which a rewritten log rebuilds queues, in the order in which they must come:
//
//   QRESTORE COUNTERS id-last arming-last                   once, before all others
//   QPOLICY key option value ...                            one for each policy, before the keys
//   QRESTORE PUSH key since element [element ...]           plain elements, to the right end
//   QRESTORE MESSAGE key id state deliveries attempts open since reserved-at lane consumer when arming cause payload
//            [added failed-first failed-last redriven reason]
//
// `state` is R, D, L or X (dying); a ready message comes to the right end, so pushes and ready messages of a key are
// written from left to right. `when` and `arming` are those of the timer, 0 in R; `cause` is why it dies, or empty. The
// second line is there if the message has notes. Times are milliseconds since 1970.
//
// Commands that only a log may hold: whoever sent them could make up history.
#pragma once

#include <span>
#include <string_view>

#include "engine/base/result.h"
#include "engine/queue/queue_system.h"

namespace sluice {

// Applies the words behind QRESTORE.
// Errors: kQueueRecord for what no dump has written, kWrongType. Nothing has changed then.
Result<void> restore_queue_record(QueueSystem& system, const QueueContext& context,
                                  std::span<const std::string_view> words);

}  // namespace sluice
