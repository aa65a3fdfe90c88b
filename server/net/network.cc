// SPDX-License-Identifier: MIT
//
// See network.h.
#include "server/net/network.h"

#include <unistd.h>

#include <csignal>

#include "engine/base/check.h"

namespace sluice::net {
namespace {

using core::NoticeLevel;
using Shutdown = core::Server::Shutdown;

constexpr uint64_t kIdleLookMs = 1'000;

Network& of(void* data) {
  return *static_cast<Network*>(data);
}

}  // namespace

Network::Network(Loop& loop, core::Server& server, StdoutNotices& notices)
    : loop_(loop),
      server_(server),
      notices_(notices),
      connections_(loop, server),
      listeners_(loop, connections_) {
  CHECK(uv_signal_init(loop.uv(), &terminate_) == 0);
  CHECK(uv_signal_init(loop.uv(), &interrupt_) == 0);
  CHECK(uv_timer_init(loop.uv(), &idle_timer_) == 0);
  terminate_.data = interrupt_.data = idle_timer_.data = this;
  handles_open_ = 3;
  loop_.set_hooks({.begin = [this] { server_.begin_turn(); },
                   .end = [this] { end_turn(); },
                   .delay =
                       [this] {
                         const MonoMs deadline = server_.next_deadline();
                         return deadline == kMonoMsNever ? Millis{INT64_MAX}
                                                         : deadline - server_.sequencer.mono_now();
                       }});
  for (const int number : {SIGHUP, SIGPIPE, SIGALRM})
    std::signal(number, SIG_IGN);
}

Network::~Network() {
  close();
}

std::optional<std::string> Network::listen(std::vector<std::string>& missing) {
  return listeners_.open(server_.config.settings(), missing);
}

std::optional<std::string> Network::listen_again(const core::Settings& settings) {
  std::vector<std::string> missing;
  const auto error = listeners_.open_tcp_again(settings, missing);
  for (const std::string& address : missing)
    notices_.write(NoticeLevel::kVerbose, "Not listening on " + address);
  return error;
}

void Network::serve_at_once() {
  listeners_.accept_at_once();
  connections_.serve_at_once();
}

int Network::run() {
  watch_signals(true);
  loop_.run();
  return exit_code_;
}

void Network::end_turn() {
  server_.end_turn();
  connections_.flush();
  notices_.set_level(server_.config.settings().loglevel);
  set_idle_timer();
  if (server_.shutdown_requested() != Shutdown::kNo) shut_down();
}

void Network::set_idle_timer() {
  const bool wanted = server_.config.settings().timeout > 0;
  if (wanted == idle_timer_runs_) return;
  idle_timer_runs_ = wanted;
  if (!wanted) {
    uv_timer_stop(&idle_timer_);
    return;
  }
  const auto look = [](uv_timer_t* timer) {
    Network& network = of(timer->data);
    network.loop_.enter_turn();
    network.connections_.close_idle();
  };
  uv_timer_start(&idle_timer_, look, kIdleLookMs, kIdleLookMs);
}

// --- The end

void Network::watch_signals(bool watch) {
  if (!watch) {
    uv_signal_stop(&terminate_);
    uv_signal_stop(&interrupt_);
    std::signal(SIGTERM, SIG_IGN);
    std::signal(SIGINT, [](int) { _exit(1); });
    return;
  }
  const auto callback = [](uv_signal_t* handle, int number) { of(handle->data).on_signal(number); };
  uv_signal_start(&terminate_, callback, SIGTERM);
  uv_signal_start(&interrupt_, callback, SIGINT);
}

void Network::on_signal(int number) {
  loop_.enter_turn();
  if (number == SIGINT && server_.shutdown_requested() != Shutdown::kNo) {
    notices_.write(NoticeLevel::kWarning, "Received SIGINT again, ending at once");
    _exit(1);
  }
  notices_.write(NoticeLevel::kNotice,
                 std::string("Received ") + (number == SIGTERM ? "SIGTERM" : "SIGINT") + ", shutting down");
  server_.request_shutdown(close_failed_ ? Shutdown::kNow : Shutdown::kSave);
}

void Network::shut_down() {
  watch_signals(false);
  const bool closed = server_.close_log();
  if (!closed && server_.shutdown_requested() != Shutdown::kNow) {
    notices_.write(
        NoticeLevel::kWarning,
        "The log could not be written to the end, so the server goes on. A second signal, or SHUTDOWN NOW, "
        "ends it with what is on the disk");
    close_failed_ = true;
    server_.request_shutdown(Shutdown::kNo);
    watch_signals(true);
    return;
  }
  if (!closed) {
    notices_.write(NoticeLevel::kWarning, "The log could not be written to the end; ending all the same");
    exit_code_ = 1;
  }
  server_.request_shutdown(Shutdown::kNo);  // it is done
  loop_.stop();
}

void Network::close() {
  const auto closed = [](uv_handle_t* handle) { --of(handle->data).handles_open_; };
  loop_.set_hooks({.begin = [] {}, .end = [] {}, .delay = [] { return Millis{INT64_MAX}; }});
  listeners_.close();
  connections_.close_all();
  uv_close(reinterpret_cast<uv_handle_t*>(&terminate_), closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&interrupt_), closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&idle_timer_), closed);
  while (handles_open_ > 0 || !connections_.empty() || !listeners_.closed())
    uv_run(loop_.uv(), UV_RUN_NOWAIT);
}

}  // namespace sluice::net
