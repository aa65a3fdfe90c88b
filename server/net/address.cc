// SPDX-License-Identifier: MIT
//
// See address.h.
#include "server/net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

namespace sluice::net {
namespace {

const sockaddr_in& v4(const sockaddr_storage& address) {
  return reinterpret_cast<const sockaddr_in&>(address);
}
const sockaddr_in6& v6(const sockaddr_storage& address) {
  return reinterpret_cast<const sockaddr_in6&>(address);
}

bool is_loopback_v4(uint32_t host_order) {
  return host_order >> 24 == 127;
}

}  // namespace

sockaddr_storage peer_address(const uv_tcp_t* socket) {
  sockaddr_storage address{};
  int size = sizeof(address);
  if (uv_tcp_getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) < 0)
    address.ss_family = AF_UNSPEC;
  return address;
}

sockaddr_storage local_address(const uv_tcp_t* socket) {
  sockaddr_storage address{};
  int size = sizeof(address);
  if (uv_tcp_getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) < 0)
    address.ss_family = AF_UNSPEC;
  return address;
}

std::string address_text(const sockaddr_storage& address) {
  char host[INET6_ADDRSTRLEN] = {};
  if (address.ss_family == AF_INET) {
    uv_ip4_name(&v4(address), host, sizeof(host));
    return std::string(host) + ":" + std::to_string(ntohs(v4(address).sin_port));
  }
  if (address.ss_family == AF_INET6) {
    uv_ip6_name(&v6(address), host, sizeof(host));
    return "[" + std::string(host) + "]:" + std::to_string(ntohs(v6(address).sin6_port));
  }
  return "?:0";
}

std::string unix_address_text(const uv_pipe_t* socket) {
  char path[256];
  size_t size = sizeof(path);
  // A client's end has no name, so this asks for ours.
  if (uv_pipe_getsockname(socket, path, &size) < 0) size = 0;
  return std::string(path, size) + ":0";
}

bool is_loopback(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) return is_loopback_v4(ntohl(v4(address).sin_addr.s_addr));
  if (address.ss_family != AF_INET6) return false;
  const in6_addr& host = v6(address).sin6_addr;
  if (IN6_IS_ADDR_LOOPBACK(&host)) return true;
  if (!IN6_IS_ADDR_V4MAPPED(&host)) return false;
  uint32_t mapped = 0;
  std::memcpy(&mapped, host.s6_addr + 12, sizeof(mapped));
  return is_loopback_v4(ntohl(mapped));
}

}  // namespace sluice::net
