// SPDX-License-Identifier: MIT
//
// See connection.h.
#include "server/net/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

#include "engine/base/check.h"
#include "server/net/address.h"
#include "server/net/connections.h"

namespace sluice::net {
namespace {

// How often the kernel asks a silent peer before it gives up.
constexpr int kKeepaliveProbes = 3;

}  // namespace

int Connection::accept(uv_loop_t* loop, uv_stream_t* listener) {
  const int made = listener->type == UV_NAMED_PIPE ? uv_pipe_init(loop, &handle_.pipe, 0)
                                                   : uv_tcp_init(loop, &handle_.tcp);
  CHECK(made == 0);
  stream()->data = this;
  return uv_accept(listener, stream());
}

int Connection::adopt(uv_loop_t* loop, bool is_unix, int descriptor) {
  CHECK((is_unix ? uv_pipe_init(loop, &handle_.pipe, 0) : uv_tcp_init(loop, &handle_.tcp)) == 0);
  stream()->data = this;
  return is_unix ? uv_pipe_open(&handle_.pipe, descriptor) : uv_tcp_open(&handle_.tcp, descriptor);
}

bool Connection::is_local() const {
  return stream()->type == UV_NAMED_PIPE || is_loopback(peer_address(&handle_.tcp));
}

void Connection::open() {
  const bool is_unix = stream()->type == UV_NAMED_PIPE;
  std::string peer;
  std::string local;
  if (is_unix) {
    local = peer = unix_address_text(&handle_.pipe);
  } else {
    set_options();
    peer = address_text(peer_address(&handle_.tcp));
    local = address_text(local_address(&handle_.tcp));
  }
  session_ = &connections_.server().connect(std::move(peer), std::move(local), this);
  session_->by_unix_socket = is_unix;
  uv_fileno(reinterpret_cast<uv_handle_t*>(stream()), &session_->file_descriptor);
  note_traffic();
  read_or_pause();
}

void Connection::set_options() {
  uv_tcp_nodelay(&handle_.tcp, 1);
  const int64_t seconds = connections_.server().config.settings().tcp_keepalive;
  if (seconds == 0) return;
  uv_tcp_keepalive(&handle_.tcp, 1, static_cast<unsigned>(seconds));
  uv_os_fd_t descriptor = -1;
  uv_fileno(reinterpret_cast<uv_handle_t*>(stream()), &descriptor);
  const int interval = static_cast<int>(std::max<int64_t>(1, seconds / kKeepaliveProbes));
  setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
  setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPCNT, &kKeepaliveProbes, sizeof(kKeepaliveProbes));
}

void Connection::refuse(std::string_view text) {
  // The buffer of a socket that has sent nothing takes these few bytes; if not, the client does without them.
  uv_buf_t buffer = uv_buf_init(const_cast<char*>(text.data()), static_cast<unsigned>(text.size()));
  uv_try_write(stream(), &buffer, 1);
  close();
}

void Connection::close() {
  if (closed_) return;
  closed_ = true;
  connections_.remove_paused(*this);
  if (session_ != nullptr) {
    connections_.server().disconnect(*session_);
    session_ = nullptr;
  }
  uv_close(reinterpret_cast<uv_handle_t*>(stream()), [](uv_handle_t* handle) {
    auto& self = *static_cast<Connection*>(handle->data);
    self.connections_.release(self);
  });
}

void Connection::note_traffic() {
  last_traffic_at_ = connections_.server().sequencer.mono_now();
}

// --- Reading

void Connection::read_or_pause() {
  const bool too_much_unsent =
      session_->output.size() > (reading_ ? kPausedOutputBytes : kPausedOutputBytes / 2);
  const bool too_much_unread =
      session_->waits() && session_->input.size() > (reading_ ? kPausedInputBytes : kPausedInputBytes / 2);
  const bool should_read = !session_->closing && !too_much_unsent && !too_much_unread;
  if (should_read == reading_) return;

  reading_ = should_read;
  connections_.remove_paused(*this);
  if (!should_read) {
    uv_read_stop(stream());
    if (!session_->closing) connections_.add_paused(*this);
    return;
  }
  const auto allocate = [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
    auto& self = *static_cast<Connection*>(handle->data);
    Loop& loop = self.connections_.loop();
    loop.enter_turn();
    // No buffer: libuv leaves the rest in the kernel, and the next iteration of the loop comes back to it. So
    // a client that floods us takes one turn in which everybody has one.
    const bool had_its_share = self.read_turn_ == loop.turn();
    self.read_turn_ = loop.turn();
    *buffer = uv_buf_init(self.connections_.read_buffer(), had_its_share ? 0 : kReadBytes);
  };
  const auto read = [](uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
    static_cast<Connection*>(stream->data)->on_read(size, buffer->base);
  };
  if (uv_read_start(stream(), allocate, read) < 0) close();
}

void Connection::on_read(ssize_t size, const char* bytes) {
  if (size == 0 || size == UV_ENOBUFS) return;
  connections_.loop().enter_turn();
  if (size < 0) {
    on_end(size);
    return;
  }
  note_traffic();
  connections_.server().receive(*session_, std::string_view(bytes, static_cast<size_t>(size)));
}

void Connection::on_end(ssize_t error) {
  // A client may close its half after its last request and still read the replies. One that is blocked has nobody
  // left to wait for it.
  const bool owed_replies = error == UV_EOF && !session_->waits() && !session_->output.empty();
  if (!owed_replies) {
    close();
    return;
  }
  session_->closing = true;
  read_or_pause();
}

void Connection::serve_at_once(char* buffer, size_t size) {
  if (closed_ || !reading_ || connections_.server().runs_script_of(*session_)) return;
  const ssize_t received = recv(session_->file_descriptor, buffer, size, MSG_DONTWAIT);
  if (received <= 0) return;  // an end, too, is for the loop to see
  note_traffic();
  connections_.server().receive_at_once(*session_, std::string_view(buffer, static_cast<size_t>(received)));
  if (tail_.empty()) send();
}

// --- Writing

void Connection::flush() {
  if (closed_) return;
  if (session_->kill_now) {
    close();
    return;
  }
  if (tail_.empty()) send();
  if (closed_) return;
  if (session_->closing && session_->output.empty() && tail_.empty()) {
    close();
    return;
  }
  read_or_pause();
}

void Connection::send() {
  const size_t size = session_->sendable;
  if (size == 0) return;
  uv_buf_t buffer =
      uv_buf_init(session_->output.data(), static_cast<unsigned>(std::min<size_t>(size, INT32_MAX)));
  const int sent = uv_try_write(stream(), &buffer, 1);
  if (sent < 0 && sent != UV_EAGAIN) {
    close();
    return;
  }
  if (sent > 0) {
    note_traffic();
    connections_.server().sent(*session_, static_cast<size_t>(sent));
  }
  if (session_->sendable > 0) send_tail();
}

void Connection::send_tail() {
  const size_t size = std::min(session_->sendable, kWriteBytesMax);
  tail_.append(session_->output.view().substr(0, size));
  connections_.server().sent(*session_, size);
  uv_buf_t buffer = uv_buf_init(tail_.data(), static_cast<unsigned>(size));
  write_.data = this;
  const int started = uv_write(&write_, stream(), &buffer, 1, [](uv_write_t* request, int status) {
    static_cast<Connection*>(request->data)->on_written(status);
  });
  if (started < 0) close();
}

void Connection::on_written(int status) {
  if (closed_) return;               // libuv calls back for a write that close() cut short
  connections_.loop().enter_turn();  // a session that waited for room goes on
  tail_.clear();
  tail_.shrink(0);
  note_traffic();
  if (status < 0) {
    close();
    return;
  }
  flush();
}

}  // namespace sluice::net
