// SPDX-License-Identifier: MIT
//
// Addresses as text, and which of them are this machine: protected mode depends on it.
#include "server/net/address.h"

#include <arpa/inet.h>

#include <catch2/catch.hpp>

namespace sluice::net {
namespace {

sockaddr_storage v4(const char* host, int port) {
  sockaddr_storage address{};
  REQUIRE(uv_ip4_addr(host, port, reinterpret_cast<sockaddr_in*>(&address)) == 0);
  return address;
}

sockaddr_storage v6(const char* host, int port) {
  sockaddr_storage address{};
  REQUIRE(uv_ip6_addr(host, port, reinterpret_cast<sockaddr_in6*>(&address)) == 0);
  return address;
}

TEST_CASE("addresses read as Redis writes them", "[address]") {
  REQUIRE(address_text(v4("127.0.0.1", 6379)) == "127.0.0.1:6379");
  REQUIRE(address_text(v6("::1", 6379)) == "[::1]:6379");
  REQUIRE(address_text(sockaddr_storage{}) == "?:0");
}

TEST_CASE("only loopback addresses count as this machine", "[address]") {
  REQUIRE(is_loopback(v4("127.0.0.1", 1)));
  REQUIRE(is_loopback(v4("127.255.0.3", 1)));
  REQUIRE(is_loopback(v6("::1", 1)));
  REQUIRE(is_loopback(v6("::ffff:127.0.0.1", 1)));
  REQUIRE(!is_loopback(v4("128.0.0.1", 1)));
  REQUIRE(!is_loopback(v4("10.0.0.1", 1)));
  REQUIRE(!is_loopback(v6("::", 1)));
  REQUIRE(!is_loopback(v6("::ffff:10.0.0.1", 1)));
  REQUIRE(!is_loopback(v6("fe80::1", 1)));
  REQUIRE(!is_loopback(sockaddr_storage{}));
}

}  // namespace
}  // namespace sluice::net
