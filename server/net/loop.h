// SPDX-License-Identifier: MIT
//
// libuv's event loop, cut into turns. A turn is all that one iteration of the loop does, so that everything in it
// shares one reading of the clocks and one write to the log:
//
//   timers ──► prepare ──► poll: reads, accepts, workers, signals ──► check ──► closing
//      │          │          │                                           │
//      └ enter ┐  └ finish   └ enter_turn(), by the first that needs it ─┘ finish_turn()
//              ▼
//       begin_turn ... end_turn, then the timer is set to when the next turn is due at the latest
//
// Whoever is called by libuv and touches the server calls enter_turn() first. Nobody but the loop ends a turn.
#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>

#include "engine/base/time.h"

namespace sluice::net {

// The clock of libuv's timers stands still while the machine sleeps; ours does not. So no timer is set further ahead.
inline constexpr Millis kTimerMax{1'000};

struct TurnHooks {
  std::function<void()> begin;
  std::function<void()> end;
  // How long after the turn that has just ended the next one is due; a huge count for never.
  std::function<Millis()> delay;
};

class Loop {
 public:
  Loop();
  // Requires: everything else that has a handle on the loop has closed it.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void set_hooks(TurnHooks hooks) { hooks_ = std::move(hooks); }
  uv_loop_t* uv() { return &loop_; }

  void enter_turn();
  // Counts turns, so that others can do a thing once in each.
  uint64_t turn() const { return turn_; }

  // Until stop().
  void run();
  void stop() { uv_stop(&loop_); }
  // Runs what closed handles still have to do. For the end of the process.
  void run_closing();

 private:
  void finish_turn();
  void set_timer();

  uv_loop_t loop_;
  uv_prepare_t prepare_;
  uv_check_t check_;
  uv_timer_t timer_;
  TurnHooks hooks_;
  uint64_t turn_ = 0;
  bool in_turn_ = false;
};

}  // namespace sluice::net
