// SPDX-License-Identifier: MIT
//
// See uv_worker.h.
#include "server/net/uv_worker.h"

#include <utility>

#include "engine/base/check.h"

namespace sluice::net {
namespace {

class Locked {
 public:
  explicit Locked(uv_mutex_t& mutex) : mutex_(mutex) { uv_mutex_lock(&mutex_); }
  ~Locked() { uv_mutex_unlock(&mutex_); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  uv_mutex_t& mutex_;
};

}  // namespace

UvWorker::UvWorker(Loop& loop) : loop_(loop), wake_(new uv_async_t) {
  CHECK(uv_mutex_init(&mutex_) == 0);
  CHECK(uv_cond_init(&changed_) == 0);
  CHECK(uv_async_init(loop_.uv(), wake_, [](uv_async_t* handle) {
          auto& worker = *static_cast<UvWorker*>(handle->data);
          if (!worker.finished()) return;  // wait() was first
          worker.loop_.enter_turn();
          worker.finish();
        }) == 0);
  wake_->data = this;
}

UvWorker::~UvWorker() {
  if (thread_started_) {
    {
      Locked locked(mutex_);
      while (state_ == State::kGiven)
        uv_cond_wait(&changed_, &mutex_);
      state_ = State::kEnding;
      uv_cond_broadcast(&changed_);
    }
    uv_thread_join(&thread_);
  }
  uv_close(reinterpret_cast<uv_handle_t*>(wake_),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_async_t*>(handle); });
  uv_cond_destroy(&changed_);
  uv_mutex_destroy(&mutex_);
}

void UvWorker::start(std::function<void()> work, std::function<void()> done) {
  if (!thread_started_) {
    CHECK(uv_thread_create(
              &thread_, [](void* self) { static_cast<UvWorker*>(self)->serve(); }, this) == 0);
    thread_started_ = true;
  }
  Locked locked(mutex_);
  CHECK(state_ == State::kIdle);
  work_ = std::move(work);
  done_ = std::move(done);
  state_ = State::kGiven;
  uv_cond_broadcast(&changed_);
}

void UvWorker::wait() {
  {
    Locked locked(mutex_);
    while (state_ == State::kGiven)
      uv_cond_wait(&changed_, &mutex_);
    if (state_ == State::kIdle) return;
  }
  finish();
}

bool UvWorker::finished() {
  Locked locked(mutex_);
  return state_ == State::kFinished;
}

void UvWorker::finish() {
  std::function<void()> done;
  {
    Locked locked(mutex_);
    CHECK(state_ == State::kFinished);
    state_ = State::kIdle;
    done = std::exchange(done_, nullptr);
    work_ = nullptr;
  }
  done();  // may start the next call
}

void UvWorker::serve() {
  while (true) {
    {
      Locked locked(mutex_);
      while (state_ != State::kGiven && state_ != State::kEnding)
        uv_cond_wait(&changed_, &mutex_);
      if (state_ == State::kEnding) return;
    }
    work_();  // not changed by the other thread until it is finished
    Locked locked(mutex_);
    state_ = State::kFinished;
    uv_cond_broadcast(&changed_);
    uv_async_send(wake_);
  }
}

}  // namespace sluice::net
