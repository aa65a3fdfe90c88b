// SPDX-License-Identifier: MIT
//
// One thread beside the loop for one slow call at a time: syncs of the log.
//
//   loop's thread                      worker's thread
//   start(work, done)  ── kGiven ────► work()
//   done(), in a turn  ◄── kFinished ─ wakes the loop
//   kIdle
//
// Not libuv's pool: the core must be able to wait for the end of a call in the middle of a turn, and a pool's
// completions only come from the loop.
#pragma once

#include <uv.h>

#include <functional>

#include "server/core/seams.h"
#include "server/net/loop.h"

namespace sluice::net {

class UvWorker final : public core::Worker {
 public:
  // The loop must outlive the worker.
  explicit UvWorker(Loop& loop);
  // Waits for what runs; what it was to do then is not called.
  ~UvWorker() override;
  UvWorker(const UvWorker&) = delete;
  UvWorker& operator=(const UvWorker&) = delete;

  void start(std::function<void()> work, std::function<void()> done) override;
  void wait() override;

 private:
  enum class State : uint8_t { kIdle, kGiven, kFinished, kEnding };

  void serve();  // the thread
  void finish();
  bool finished();

  Loop& loop_;
  uv_async_t* wake_;  // closes in its own time, so it cannot be a member
  uv_thread_t thread_{};
  bool thread_started_ = false;

  uv_mutex_t mutex_;
  uv_cond_t changed_;
  State state_ = State::kIdle;  // guarded by mutex_
  std::function<void()> work_;
  std::function<void()> done_;
};

}  // namespace sluice::net
