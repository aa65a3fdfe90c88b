// SPDX-License-Identifier: MIT
//
// A dead message becomes one entry of an ordinary stream, with what is known of its life in front: people read it with
// XRANGE, alert on it with XREAD, and put it back with QREDRIVE.
//
//   dlq.source      the key it comes from              dlq.first     first failure, unix ms; 0: none
//   dlq.group       of consumers; "" for a list        dlq.last      last failure
//   dlq.id          its ID                             dlq.consumer  last holder, or ""
//   dlq.reason      maxattempts, fatal, ...            dlq.redriven  how often it was put back before
//   dlq.error       last REASON, or "lease-expired"
//   dlq.attempts    failed hand-outs                   payload       as it was added; of a group's entry
//   dlq.deliveries  hand-outs                          ...           its own fields and values
//   dlq.added       unix ms
//
// The order is the table's, column by column; the names are part of the interface.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/keyspace.h"
#include "engine/queue/message.h"
#include "engine/queue/policy.h"

namespace sluice {

// Its texts must outlive it.
struct DeadLetter {
  std::string_view source;
  std::string_view group = {};
  StreamId id = {};
  DeathCause cause = DeathCause::kMaxAttempts;
  std::string_view error = {};
  uint64_t attempts = 0;
  uint64_t deliveries = 0;
  UnixMs added = {};
  UnixMs failed_first = {};
  UnixMs failed_last = {};
  std::string_view consumer = {};
  uint32_t redriven = 0;
  std::vector<std::string_view> fields = {};  // fields and values of its own

  static DeadLetter of(const Message& message, std::string_view source, DeathCause cause,
                       std::string_view consumer);
};

// Adds the letter to the stream at `key`, making it if there is none, and trims it to `length_max` (0: not). False:
// something else lies there, or the stream cannot take it; nothing has changed then.
[[nodiscard]] bool write_dead_letter(Keyspace& keyspace, int db, std::string_view key,
                                     const DeadLetter& letter, uint64_t length_max, UnixMs now);

}  // namespace sluice
