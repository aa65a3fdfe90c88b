// SPDX-License-Identifier: MIT
//
// What every operation on queues and on groups with a policy is given: where it works, when, and whom it tells.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "engine/base/time.h"
#include "engine/keyspace.h"
#include "engine/stamp.h"

namespace sluice {

// After a start no lease ends sooner: the outage was ours, not the worker's.
inline constexpr Millis kRestartGrace{10'000};
// A dead letter that could not be written is tried again after this.
inline constexpr Millis kDyingRetry{60'000};

// How a worker gives back what it holds.
enum class NackMode : uint8_t { kSilent, kFail, kFatal };

enum class QueueEvent : uint8_t {
  kReady,          // a message became ready: waiters may be served
  kChanged,        // the queue changed otherwise
  kGone,           // the key ended
  kDeadLetter,     // the key is a stream that got an entry
  kLetterTaken,    // the key is a stream that lost some
  kGroupLapsed,    // leases of a group of the stream have ended
  kGroupRedriven,  // an entry of the stream has come back into a group
};
// The key is valid during the call only, which must not change the engine.
using QueueReport = std::function<void(int db, std::string_view key, QueueEvent event)>;

struct QueueContext {
  Keyspace& keyspace;
  int db;
  const Stamp& stamp;
  const QueueReport& report;
};

}  // namespace sluice
