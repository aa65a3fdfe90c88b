// SPDX-License-Identifier: MIT
//
// See loop.h.
#include "server/net/loop.h"

#include <algorithm>

#include "engine/base/check.h"

namespace sluice::net {
namespace {

Loop& of(void* data) {
  return *static_cast<Loop*>(data);
}

}  // namespace

Loop::Loop() {
  CHECK(uv_loop_init(&loop_) == 0);
  CHECK(uv_prepare_init(&loop_, &prepare_) == 0);
  CHECK(uv_check_init(&loop_, &check_) == 0);
  CHECK(uv_timer_init(&loop_, &timer_) == 0);
  prepare_.data = check_.data = timer_.data = this;
  // Both: a turn that timers began must end before the loop sleeps, one that the poll began before timers run.
  uv_prepare_start(&prepare_, [](uv_prepare_t* handle) { of(handle->data).finish_turn(); });
  uv_check_start(&check_, [](uv_check_t* handle) { of(handle->data).finish_turn(); });
}

Loop::~Loop() {
  uv_close(reinterpret_cast<uv_handle_t*>(&prepare_), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&check_), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
  run_closing();
  CHECK(uv_loop_close(&loop_) == 0);
}

void Loop::enter_turn() {
  if (in_turn_) return;
  in_turn_ = true;
  ++turn_;
  hooks_.begin();
}

void Loop::finish_turn() {
  if (!in_turn_) return;
  hooks_.end();
  in_turn_ = false;
  set_timer();
}

void Loop::set_timer() {
  const int64_t delay = hooks_.delay().count;
  if (delay == INT64_MAX) {
    uv_timer_stop(&timer_);
    return;
  }
  const auto timeout = static_cast<uint64_t>(std::clamp<int64_t>(delay, 0, kTimerMax.count));
  uv_timer_start(
      &timer_, [](uv_timer_t* handle) { of(handle->data).enter_turn(); }, timeout, 0);
}

void Loop::run() {
  enter_turn();  // the first sets the timer
  uv_run(&loop_, UV_RUN_DEFAULT);
}

void Loop::run_closing() {
  // What is left must be closing handles only, or this would not come back.
  while (uv_run(&loop_, UV_RUN_NOWAIT) != 0) {
  }
}

}  // namespace sluice::net
