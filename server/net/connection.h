// SPDX-License-Identifier: MIT
//
// One client's socket, and what stands between it and its session.
//
//   socket ──► the shared read buffer ──► Server::receive()            at most one buffer full a turn
//   socket ◄── session.output [0, sendable)                            at the turn's end, all that the kernel takes
//          ◄── tail_, if it did not take all: one write at a time, libuv finishes it when the socket can
//
// What the kernel does not take stays in the session, so that its bounds count it; only a piece moves to tail_, because
// libuv needs bytes that stay where they are and the session's may move.
//
// Life: made by Connections::accept(); close() tells the server, and the object is freed when libuv has let go of it.
// Invariants: session_ is set exactly between open() and close(); tail_ is empty exactly when no write is under way.
#pragma once

#include <uv.h>

#include <cstdint>
#include <string_view>

#include "engine/base/byte_buffer.h"
#include "server/core/server.h"

namespace sluice::net {

class Connections;

inline constexpr size_t kWriteBytesMax = 256u << 10;
// A client with this much unsent is not read from until half of it is gone: it would only make more. A client that
// writes a long pipeline before it reads the first reply must fit in.
inline constexpr size_t kPausedOutputBytes = 64u << 20;
// The same for what a blocked client has sent behind the command that blocks it.
inline constexpr size_t kPausedInputBytes = 64u << 20;

class Connection {
 public:
  explicit Connection(Connections& connections) : connections_(connections) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Takes the client that `listener` has for us; below zero: libuv's error, and the connection is to be closed.
  int accept(uv_loop_t* loop, uv_stream_t* listener);
  // The same for a client that was accepted without libuv.
  int adopt(uv_loop_t* loop, bool is_unix, int descriptor);
  // It is a client from now on.
  void open();
  // It is not: tells it why and closes.
  void refuse(std::string_view text);

  // Sends what may be sent, closes if that was the last, reads or pauses as the bounds say.
  void flush();
  void close();
  // Takes in what is there and sends what may be sent, without the loop: in the middle of another client's command.
  void serve_at_once(char* buffer, size_t size);

  core::Session* session() { return session_; }
  bool is_local() const;  // of this machine
  // When bytes last went either way: a client in the middle of a long request or reply is not idle.
  MonoMs last_traffic_at() const { return last_traffic_at_; }
  size_t place = 0;  // in the table of Connections

 private:
  void on_read(ssize_t size, const char* bytes);
  void on_end(ssize_t error);
  void on_written(int status);
  void note_traffic();
  void send();
  void send_tail();
  void read_or_pause();
  void set_options();
  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&handle_); }
  const uv_stream_t* stream() const { return reinterpret_cast<const uv_stream_t*>(&handle_); }

  Connections& connections_;
  core::Session* session_ = nullptr;
  uint64_t read_turn_ = 0;  // the turn of the last read
  MonoMs last_traffic_at_;
  bool reading_ = false;
  bool closed_ = false;
  ByteBuffer tail_;
  uv_write_t write_;
  union {
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } handle_;
};

}  // namespace sluice::net
