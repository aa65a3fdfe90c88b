// SPDX-License-Identifier: MIT
//
// The one rule of the engine: state x command x stamp -> state x reply. Whatever depends on time or chance takes it
// from the stamp of the command, so that the log, which keeps every stamp, replays to the same state.
#pragma once

#include <cstdint>

#include "engine/base/time.h"

namespace sluice {

struct Stamp {
  // Grows by one with each logged record. A command that changes nothing leaves its number to the next.
  uint64_t sequence = 0;
  // The same for all commands of one turn of the loop; never goes back.
  UnixMs now;
  // 64 random bits of this command's own.
  uint64_t entropy = 0;
};

// Spreads `value` over all 64 bits; a bijection (the finalizer of splitmix64). One command that needs several random
// numbers takes mix(entropy ^ something different for each).
constexpr uint64_t mix(uint64_t value) {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

}  // namespace sluice
