// SPDX-License-Identifier: MIT
//
// All clients' sockets: makes them, finds them, ends them. What they share is here: the loop, the server, and one read
// buffer, because a turn parses what it reads before it reads more.
#pragma once

#include <uv.h>

#include <memory>
#include <vector>

#include "server/core/server.h"
#include "server/net/connection.h"
#include "server/net/loop.h"

namespace sluice::net {

inline constexpr size_t kReadBytes = 64u << 10;

class Connections {
 public:
  // Both must outlive the connections.
  Connections(Loop& loop, core::Server& server);
  // Requires: empty(), and the loop has run since close_all().
  ~Connections() = default;
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  // A client waits at `listener`.
  void accept(uv_stream_t* listener);
  // The same for one that was accepted already: its socket.
  void adopt(bool is_unix, int descriptor);
  // Answers clients while a script keeps the loop.
  void serve_at_once();
  // Sends to those that the turn which has just ended made something for.
  void flush();
  // Closes clients that have said nothing for longer than the setting `timeout`. Requires: in a turn.
  void close_idle();
  void close_all();
  // True: libuv has let go of all of them.
  bool empty() const { return all_.empty(); }

  Loop& loop() { return loop_; }
  core::Server& server() { return server_; }
  char* read_buffer() { return read_buffer_.get(); }

  // For a connection that has paused reading: is looked at each turn, since nobody tells when it may go on.
  void add_paused(Connection& connection) { paused_.push_back(&connection); }
  void remove_paused(Connection& connection);
  void release(Connection& connection);

 private:
  Connection& add();
  void admit(Connection& connection);

  Loop& loop_;
  core::Server& server_;
  std::unique_ptr<char[]> read_buffer_;
  std::vector<std::unique_ptr<Connection>> all_;
  std::vector<Connection*> paused_;
};

}  // namespace sluice::net
