// SPDX-License-Identifier: MIT
#include "server/core/sequencer.h"

#include <algorithm>

namespace sluice::core {

Sequencer::Sequencer(const Clock& clock, const SteadyClock& steady_clock, Entropy& entropy)
    : clock_(clock),
      steady_clock_(steady_clock),
      entropy_(entropy),
      seed_(entropy.draw()),
      now_(clock.now()),
      mono_now_(steady_clock.now()) {}

void Sequencer::begin_turn() {
  const MonoMs mono_now = std::max(mono_now_, steady_clock_.now());
  now_ = now_ + (mono_now - mono_now_);
  mono_now_ = mono_now;
  const UnixMs wall = clock_.now();
  if (wall > now_ + kWallAheadMax) now_ = wall;
  seed_ = entropy_.draw();
}

void Sequencer::resume(uint64_t sequence, UnixMs now) {
  sequence_ = sequence;
  now_ = std::max(now_, now);
}

}  // namespace sluice::core
