// SPDX-License-Identifier: MIT
//
// See service_manager.h. One datagram to a Unix socket is all there is to it; libsystemd would bring a dozen libraries.
#include "server/net/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace sluice::net {
namespace {

std::string_view socket_path() {
  const char* path = std::getenv("NOTIFY_SOCKET");
  return path == nullptr ? std::string_view() : path;
}

}  // namespace

std::string_view supervised_by(core::Supervised setting) {
  const bool wanted = setting == core::Supervised::kSystemd || setting == core::Supervised::kAuto;
  return wanted && !socket_path().empty() ? "systemd" : "no";
}

void notify_manager(std::string_view lines) {
  const std::string_view path = socket_path();
  sockaddr_un address{};
  if (path.empty() || path.size() >= sizeof(address.sun_path)) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (path.front() == '@') address.sun_path[0] = '\0';  // not in the file system
  const int handle = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (handle < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  (void)sendto(handle, lines.data(), lines.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
               size);
  close(handle);
}

}  // namespace sluice::net
