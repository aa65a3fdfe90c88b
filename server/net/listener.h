// SPDX-License-Identifier: MIT
//
// Sockets that clients knock at: TCP addresses and a Unix socket.
#pragma once

#include <uv.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/core/settings.h"
#include "server/net/connections.h"
#include "server/net/loop.h"

namespace sluice::net {

// New clients of one socket in one turn; more wait in the kernel for the next, so that old ones do not.
inline constexpr int kAcceptsPerTurnMax = 256;

// One listening socket. Freed by libuv's callback after close().
class Listener {
 public:
  Listener(Loop& loop, Connections& connections) : loop_(loop), connections_(connections) {}
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // libuv's error, or 0.
  int listen_tcp(const sockaddr* address, int backlog);
  int listen_unix(const std::string& path, int mode, int backlog);
  void close();
  bool closed() const { return handles_open_ == 0; }
  // Accepts who waits, without the loop.
  void accept_at_once();

  std::string name;  // "127.0.0.1:6379", "/run/sluice.sock"
  bool is_tcp = false;

 private:
  int listen(int backlog);
  void on_connection(int status);
  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&handle_); }

  Loop& loop_;
  Connections& connections_;
  int handles_open_ = 0;
  uint64_t accept_turn_ = 0;
  int accepted_ = 0;  // in that turn
  uv_idle_t resume_;  // runs while a client waits for the next turn
  union {
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } handle_;
};

// All of them, as the settings say.
class Listeners {
 public:
  Listeners(Loop& loop, Connections& connections) : loop_(loop), connections_(connections) {}

  // What is wrong, for a person, or nothing. Addresses that may be missing and are go to `missing`.
  std::optional<std::string> open(const core::Settings& settings, std::vector<std::string>& missing);
  // Likewise for the TCP addresses alone, while the server runs. Those that stay are not touched. After an error it
  // listens on some of them: the caller calls it again with the settings of before.
  std::optional<std::string> open_tcp_again(const core::Settings& settings,
                                            std::vector<std::string>& missing);
  void close();
  bool closed() const;
  void accept_at_once();
  std::vector<std::string> names() const;

 private:
  using Listening = std::vector<std::unique_ptr<Listener>>;

  // Of those TCP addresses that this machine knows.
  std::vector<std::string> wanted_names(const core::Settings& settings) const;
  // Adds the TCP addresses to `to`, those that are among `from` already by taking them from there.
  std::optional<std::string> open_tcp(const core::Settings& settings, Listening& from, Listening& to,
                                      std::vector<std::string>& missing);
  std::optional<std::string> open_address(const std::string& host, bool optional,
                                          const core::Settings& settings, Listening& from, Listening& to,
                                          std::vector<std::string>& missing);
  std::optional<std::string> open_unix(const core::Settings& settings);
  void close(Listening& listeners);

  Loop& loop_;
  Connections& connections_;
  Listening listeners_;
  Listening closing_;      // until libuv has let go of them
  std::string unix_path_;  // removed at the end
};

}  // namespace sluice::net
