// SPDX-License-Identifier: MIT
//
// The server on its loop: turns, sockets, signals, and how it all ends.
//
//   SIGTERM, SIGINT, SHUTDOWN ──► at the end of that turn: the log is closed ──► sockets closed, loop stopped
//                                                     └► the disk refused: go on; a second signal ends it regardless
//
// While the log is being closed, another SIGTERM changes nothing, and SIGINT ends the process at once, with exit code
// 1: so a disk that hangs cannot keep it alive against a person. SIGHUP, SIGPIPE and SIGALRM are ignored. All as in
// Redis.
#pragma once

#include <uv.h>

#include <optional>
#include <string>
#include <vector>

#include "server/core/server.h"
#include "server/net/connections.h"
#include "server/net/listener.h"
#include "server/net/loop.h"
#include "server/net/stdout_notices.h"

namespace sluice::net {

class Network {
 public:
  // All must outlive the network.
  Network(Loop& loop, core::Server& server, StdoutNotices& notices);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // Listens as the settings say; clients that come now wait until run(). What is wrong, or nothing.
  std::optional<std::string> listen(std::vector<std::string>& missing);
  // The TCP addresses anew, while the server runs; see Listeners::open_tcp_again().
  std::optional<std::string> listen_again(const core::Settings& settings);
  std::vector<std::string> names() const { return listeners_.names(); }

  // Accepts, reads and answers once, in the middle of a command: a script keeps the loop.
  void serve_at_once();
  // Serves until the end. The process's exit code.
  int run();

 private:
  void end_turn();
  void set_idle_timer();
  void shut_down();
  void on_signal(int number);
  void watch_signals(bool watch);
  void close();

  Loop& loop_;
  core::Server& server_;
  StdoutNotices& notices_;
  Connections connections_;
  Listeners listeners_;
  uv_signal_t terminate_;
  uv_signal_t interrupt_;
  uv_timer_t idle_timer_;  // looks for idle clients once a second, while there is a timeout
  int handles_open_ = 0;
  bool idle_timer_runs_ = false;
  bool close_failed_ = false;
  int exit_code_ = 0;
};

}  // namespace sluice::net
