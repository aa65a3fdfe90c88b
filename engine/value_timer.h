// SPDX-License-Identifier: MIT
#pragma once

#include "engine/base/timer_heap.h"

namespace sluice {

class Entry;

// Fires when the first part of a value expires: a field of a hash, an idempotence ID of a stream. The entry is the one
// that holds the value while the timer is armed (Keyspace).
struct ValueTimer : Timer {
  Entry* entry = nullptr;
};

}  // namespace sluice
