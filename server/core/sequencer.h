// SPDX-License-Identifier: MIT
//
// The one place where time and chance enter. It reads the clocks once a turn, draws one seed for all that the turn may
// log, and hands out stamps.
//
// now: follows the steady clock, so that a step of the wall clock moves no lease. A wall clock that is ahead by more
// than kWallAheadMax (set right after a start with a wrong time, say) is jumped to. It never goes back, also not below
// the time of the last stamp in a loaded log.
#pragma once

#include "engine/stamp.h"
#include "server/core/seams.h"

namespace sluice::core {

inline constexpr Millis kWallAheadMax{1'000};

class Sequencer {
 public:
  // All three must outlive the Sequencer.
  Sequencer(const Clock& clock, const SteadyClock& steady_clock, Entropy& entropy);

  void begin_turn();
  // For the next command that runs.
  Stamp stamp() const { return {sequence_ + 1, now_, mix(seed_ ^ mix(sequence_ + 1))}; }
  // A record was logged under stamp(): the next one gets the next number.
  void record_logged() { ++sequence_; }

  UnixMs now() const { return now_; }
  MonoMs mono_now() const { return mono_now_; }
  uint64_t sequence() const { return sequence_; }  // of the last logged record
  uint64_t seed() const { return seed_; }

  // The stamp that a record read from a log had.
  static Stamp replayed(uint64_t sequence, UnixMs now, uint64_t seed) {
    return {sequence, now, mix(seed ^ mix(sequence))};
  }
  // Goes on behind a loaded log whose last record had this number and time.
  void resume(uint64_t sequence, UnixMs now);

 private:
  const Clock& clock_;
  const SteadyClock& steady_clock_;
  Entropy& entropy_;
  uint64_t sequence_ = 0;
  uint64_t seed_ = 0;
  UnixMs now_;
  MonoMs mono_now_;
};

}  // namespace sluice::core
