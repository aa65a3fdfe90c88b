// SPDX-License-Identifier: MIT
//
// See connections.h.
#include "server/net/connections.h"

#include <algorithm>

#include "engine/base/check.h"

namespace sluice::net {
namespace {

constexpr std::string_view kTooMany = "-ERR max number of clients reached\r\n";
constexpr std::string_view kProtected =
    "-DENIED Sluice is running in protected mode because it has no password: it talks to clients of its own "
    "machine "
    "only. Either give it one (requirepass in the configuration, or CONFIG SET requirepass from that "
    "machine), or, if "
    "nobody but you can reach it, set protected-mode to no.\r\n";

}  // namespace

Connections::Connections(Loop& loop, core::Server& server)
    : loop_(loop), server_(server), read_buffer_(new char[kReadBytes]) {}

Connection& Connections::add() {
  all_.push_back(std::make_unique<Connection>(*this));
  all_.back()->place = all_.size() - 1;
  return *all_.back();
}

void Connections::accept(uv_stream_t* listener) {
  Connection& connection = add();
  connection.accept(loop_.uv(), listener) < 0 ? connection.close() : admit(connection);
}

void Connections::adopt(bool is_unix, int descriptor) {
  Connection& connection = add();
  connection.adopt(loop_.uv(), is_unix, descriptor) < 0 ? connection.close() : admit(connection);
}

void Connections::serve_at_once() {
  // Not the loop's: the words of the command that runs lie in that one.
  const std::unique_ptr<char[]> buffer(new char[kReadBytes]);
  for (size_t i = 0; i < all_.size(); ++i)
    all_[i]->serve_at_once(buffer.get(), kReadBytes);
}

void Connections::admit(Connection& connection) {
  const core::Settings& settings = server_.config.settings();
  if (server_.sessions().size() >= static_cast<size_t>(settings.maxclients)) {
    ++server_.metrics.connections_rejected;
    connection.refuse(kTooMany);
  } else if (settings.protected_mode && server_.acl.default_user().needs_no_password() &&
             !connection.is_local()) {
    ++server_.metrics.connections_rejected;
    connection.refuse(kProtected);
  } else {
    connection.open();
  }
}

void Connections::flush() {
  for (core::Session* session : server_.take_sendable())
    static_cast<Connection*>(session->transport)->flush();
  for (size_t i = paused_.size(); i > 0; --i)  // backwards: one that goes on leaves the list
    paused_[i - 1]->flush();
}

void Connections::close_idle() {
  const int64_t timeout = server_.config.settings().timeout * 1'000;
  if (timeout == 0) return;
  const MonoMs now = server_.sequencer.mono_now();
  for (size_t i = 0; i < all_.size(); ++i) {
    core::Session* session = all_[i]->session();
    if (session == nullptr || session->waits() || session->subscriptions != nullptr || session->monitors)
      continue;  // it waits for something, and need not say so
    if ((now - session->last_command_at).count <= timeout) continue;
    all_[i]->close();
  }
}

void Connections::close_all() {
  for (size_t i = 0; i < all_.size(); ++i)
    all_[i]->close();
}

void Connections::remove_paused(Connection& connection) {
  std::erase(paused_, &connection);
}

void Connections::release(Connection& connection) {
  const size_t place = connection.place;
  CHECK(all_[place].get() == &connection);
  all_.back()->place = place;
  std::swap(all_[place], all_.back());
  all_.pop_back();
}

}  // namespace sluice::net
