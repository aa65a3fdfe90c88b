// SPDX-License-Identifier: MIT
//
// The records from which a rewritten log rebuilds queues, in the order in which they must come:
//
//   QRESTORE COUNTERS id-last arming-last                     once, before all others
//   QRESTORE FLOOR time                                       before which no lease of a consumer group ends
//   QPOLICY key [GROUP group] option value ...                one for each policy, before the keys
//   QRESTORE RATE key group (time count) ...                  behind its policy: deliveries that its rate counts; the
//                                                             group of a list is ""
//   QRESTORE TOKEN key token id until arming                  a dedupe token that has outlived its message
//   QRESTORE PUSH key since lane element [element ...]        plain elements, to the right end of their lane
//   QRESTORE MESSAGE key id state deliveries attempts open since reserved-at lane consumer when arming cause payload
//            [TTL expires] [GROUP name] [TIED] [TOKEN token until until-start held]
//            [NOTES added failed-first failed-last redriven reason]
//   QRESTORE TIMER key when arming                            behind them: when the first plain element's TTL is over
//
// `state` is R, D, L, P or X (dying); a ready message comes to the right end of its lane, so pushes and ready messages
// of a lane are written from left to right. `when` and `arming` are those of the timer, 0 if it has none; `cause` is
// why it dies, or empty. Times are milliseconds since 1970.
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
