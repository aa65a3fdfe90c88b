// SPDX-License-Identifier: MIT
//
// See listener.h.
#include "server/net/listener.h"

#include <sys/un.h>

#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "server/net/address.h"
#include "server/net/files.h"

namespace sluice::net {
namespace {

// This machine does not have the address, or not the family.
bool is_missing(int error) {
  return error == UV_EADDRNOTAVAIL || error == UV_EAFNOSUPPORT || error == UV_EPROTONOSUPPORT ||
         error == UV_ENOPROTOOPT || error == UV_EAI_ADDRFAMILY || error == UV_EAI_NONAME;
}

int resolve(uv_loop_t* loop, const std::string& host, int port, sockaddr_storage& address) {
  if (host == "*") return uv_ip4_addr("0.0.0.0", port, reinterpret_cast<sockaddr_in*>(&address));
  if (host == "::*") return uv_ip6_addr("::", port, reinterpret_cast<sockaddr_in6*>(&address));
  if (uv_ip4_addr(host.c_str(), port, reinterpret_cast<sockaddr_in*>(&address)) == 0) return 0;
  if (uv_ip6_addr(host.c_str(), port, reinterpret_cast<sockaddr_in6*>(&address)) == 0) return 0;

  uv_getaddrinfo_t request;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  const std::string service = std::to_string(port);
  const int error = uv_getaddrinfo(loop, &request, nullptr, host.c_str(), service.c_str(), &hints);
  if (error < 0) return error;
  CHECK(request.addrinfo->ai_addrlen <= sizeof(address));
  std::copy_n(reinterpret_cast<const char*>(request.addrinfo->ai_addr), request.addrinfo->ai_addrlen,
              reinterpret_cast<char*>(&address));
  uv_freeaddrinfo(request.addrinfo);
  return 0;
}

}  // namespace

// --- Listener

int Listener::listen_tcp(const sockaddr* address, int backlog) {
  CHECK(uv_tcp_init(loop_.uv(), &handle_.tcp) == 0);
  ++handles_open_;
  // Each address is what it says: [::] alone is not all of IPv4 too, so that both can be bound.
  const unsigned flags = address->sa_family == AF_INET6 ? UV_TCP_IPV6ONLY : 0;
  const int error = uv_tcp_bind(&handle_.tcp, address, flags);
  return error < 0 ? error : listen(backlog);
}

int Listener::listen_unix(const std::string& path, int mode, int backlog) {
  // libuv would cut it short and listen somewhere else.
  if (path.size() >= sizeof(sockaddr_un::sun_path)) return UV_ENAMETOOLONG;
  CHECK(uv_pipe_init(loop_.uv(), &handle_.pipe, 0) == 0);
  ++handles_open_;
  const int error = uv_pipe_bind(&handle_.pipe, path.c_str());
  if (error < 0) return error;
  if (mode != 0) {
    const int refused = set_mode(path, mode);
    if (refused < 0) return refused;
  }
  return listen(backlog);
}

int Listener::listen(int backlog) {
  stream()->data = this;
  CHECK(uv_idle_init(loop_.uv(), &resume_) == 0);
  ++handles_open_;
  resume_.data = this;
  return uv_listen(stream(), backlog, [](uv_stream_t* stream, int status) {
    static_cast<Listener*>(stream->data)->on_connection(status);
  });
}

void Listener::on_connection(int status) {
  if (status < 0) return;  // out of descriptors: libuv has closed the client for us
  loop_.enter_turn();
  if (accept_turn_ != loop_.turn()) {
    accept_turn_ = loop_.turn();
    accepted_ = 0;
  }
  if (++accepted_ <= kAcceptsPerTurnMax) {
    connections_.accept(stream());
    return;
  }
  // libuv listens no further until the client that it holds is accepted.
  uv_idle_start(&resume_, [](uv_idle_t* handle) {
    uv_idle_stop(handle);
    static_cast<Listener*>(handle->data)->on_connection(0);
  });
}

void Listener::accept_at_once() {
  uv_os_fd_t descriptor = -1;
  if (uv_fileno(reinterpret_cast<uv_handle_t*>(stream()), &descriptor) < 0) return;
  for (int i = 0; i < kAcceptsPerTurnMax; ++i) {
    const int client = accept4(descriptor, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) return;
    connections_.adopt(stream()->type == UV_NAMED_PIPE, client);
  }
}

void Listener::close() {
  const auto closed = [](uv_handle_t* handle) { --static_cast<Listener*>(handle->data)->handles_open_; };
  stream()->data = this;
  if (handles_open_ == 2) uv_close(reinterpret_cast<uv_handle_t*>(&resume_), closed);
  if (handles_open_ >= 1) uv_close(reinterpret_cast<uv_handle_t*>(stream()), closed);
}

// --- Listeners

std::optional<std::string> Listeners::open(const core::Settings& settings,
                                           std::vector<std::string>& missing) {
  Listening none;
  if (auto error = open_tcp(settings, none, listeners_, missing)) return error;
  if (!settings.unixsocket.empty()) {
    if (auto error = open_unix(settings)) return error;
  }
  if (listeners_.empty())
    return "there is nothing to listen on: port is 0 or no address could be bound, and no unixsocket";
  return std::nullopt;
}

std::optional<std::string> Listeners::open_tcp_again(const core::Settings& settings,
                                                     std::vector<std::string>& missing) {
  std::erase_if(closing_, [](const auto& listener) { return listener->closed(); });
  // What is wanted no more goes first: it may be in the way of an address that takes it in.
  const auto wanted = wanted_names(settings);
  Listening there;
  Listening surplus;
  for (auto& listener : std::exchange(listeners_, {})) {
    const bool stays = std::find(wanted.begin(), wanted.end(), listener->name) != wanted.end();
    (!listener->is_tcp ? listeners_ : stays ? there : surplus).push_back(std::move(listener));
  }
  close(surplus);
  const auto error = open_tcp(settings, there, listeners_, missing);
  close(there);  // empty, unless it failed
  return error;
}

std::vector<std::string> Listeners::wanted_names(const core::Settings& settings) const {
  std::vector<std::string> names;
  for (const std::string& address : settings.bind) {
    sockaddr_storage resolved{};
    const std::string host = address.substr(address.starts_with('-') ? 1 : 0);
    if (settings.port != 0 && resolve(loop_.uv(), host, static_cast<int>(settings.port), resolved) == 0)
      names.push_back(address_text(resolved));
  }
  return names;
}

std::optional<std::string> Listeners::open_tcp(const core::Settings& settings, Listening& from, Listening& to,
                                               std::vector<std::string>& missing) {
  if (settings.port == 0) return std::nullopt;
  for (const std::string& address : settings.bind) {
    const bool optional = address.starts_with('-');
    const std::string host = address.substr(optional ? 1 : 0);
    if (auto error = open_address(host, optional, settings, from, to, missing)) return error;
  }
  return std::nullopt;
}

std::optional<std::string> Listeners::open_address(const std::string& host, bool optional,
                                                   const core::Settings& settings, Listening& from,
                                                   Listening& to, std::vector<std::string>& missing) {
  sockaddr_storage address{};
  int error = resolve(loop_.uv(), host, static_cast<int>(settings.port), address);
  const std::string name = address_text(address);
  if (error == 0) {
    const auto there = std::find_if(from.begin(), from.end(), [&name](const auto& listener) {
      return listener->is_tcp && listener->name == name;
    });
    if (there != from.end()) {
      to.push_back(std::move(*there));
      from.erase(there);
      return std::nullopt;
    }
    auto listener = std::make_unique<Listener>(loop_, connections_);
    listener->name = name;
    listener->is_tcp = true;
    error = listener->listen_tcp(reinterpret_cast<const sockaddr*>(&address),
                                 static_cast<int>(settings.tcp_backlog));
    if (error == 0) {
      to.push_back(std::move(listener));
      return std::nullopt;
    }
    listener->close();
    closing_.push_back(std::move(listener));
  }
  const std::string what = host + ":" + std::to_string(settings.port) + ": " + uv_strerror(error);
  if (!optional || !is_missing(error)) return "cannot listen on " + what;
  missing.push_back(what);
  return std::nullopt;
}

std::optional<std::string> Listeners::open_unix(const core::Settings& settings) {
  const std::string& path = settings.unixsocket;
  // A server that was killed leaves its socket behind. Nothing else is removed.
  if (is_socket(path)) remove_file(path);
  listeners_.push_back(std::make_unique<Listener>(loop_, connections_));
  listeners_.back()->name = path;
  const int error = listeners_.back()->listen_unix(path, static_cast<int>(settings.unixsocketperm),
                                                   static_cast<int>(settings.tcp_backlog));
  if (error < 0) return "cannot listen on " + path + ": " + uv_strerror(error);
  unix_path_ = path;
  return std::nullopt;
}

void Listeners::accept_at_once() {
  for (const auto& listener : listeners_)
    listener->accept_at_once();
}

void Listeners::close(Listening& listeners) {
  for (auto& listener : listeners) {
    listener->close();
    closing_.push_back(std::move(listener));
  }
  listeners.clear();
}

void Listeners::close() {
  close(listeners_);
  if (!unix_path_.empty()) remove_file(unix_path_);  // libuv does so too; this is for when it did not
  unix_path_.clear();
}

bool Listeners::closed() const {
  return std::all_of(closing_.begin(), closing_.end(),
                     [](const auto& listener) { return listener->closed(); });
}

std::vector<std::string> Listeners::names() const {
  std::vector<std::string> names;
  for (const auto& listener : listeners_)
    names.push_back(listener->name);
  return names;
}

}  // namespace sluice::net
