// SPDX-License-Identifier: MIT
//
// What a client can send to do harm: each of these once brought the server down or let it grow without bound.
#include <catch2/catch.hpp>

#include <string>

#include "tests/support/server_fixture.h"

using sluice::test::ServerFixture;
using sluice::test::TestClient;

TEST_CASE("a key of another type behind enough messages is not looked at", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("RPUSH jobs a b");
  c("SET text x");
  // The key named twice promises four messages, but has two: the turn of the text comes after all.
  const std::string reply = c("QRESERVE 3 jobs jobs text COUNT 3 CONSUMER w");
  REQUIRE(reply.substr(0, 2) == "*2");
  REQUIRE(c("GET text") == "$1 x");
}

TEST_CASE("few bytes that ask for gigabytes are answered in pieces", "[connection]") {
  ServerFixture f;
  TestClient& c = f.client();
  constexpr size_t kValueBytes = 1u << 20;
  constexpr size_t kRequests = 200;
  c.call({"SET", "big", std::string(kValueBytes, 'v')});
  std::string requests;
  for (size_t i = 0; i < kRequests; ++i)
    requests += "GET big\r\n";
  c.send(requests);
  size_t received = c.take_bytes().size();
  REQUIRE(received > kValueBytes);
  REQUIRE(received < kRequests / 2 * kValueBytes);
  for (int turns = 0; turns < 10 && received < kRequests * kValueBytes; ++turns) {
    f.turn();
    received += c.take_bytes().size();
  }
  REQUIRE(received == kRequests * (std::string("$1048576\r\n\r\n").size() + kValueBytes));
  REQUIRE(c("PING") == "+PONG");
}

TEST_CASE("what was sent behind a blocking command is executed over several turns", "[connection]") {
  ServerFixture f;
  TestClient& blocked = f.client();
  TestClient& other = f.connect();
  constexpr int kRequests = 100'000;
  std::string requests = "BLPOP key 0\r\n";
  for (int i = 0; i < kRequests; ++i)
    requests += "INCR n\r\n";
  blocked.send(requests);
  other("RPUSH key x");
  REQUIRE(other("GET n") != "$6 100000");
  for (int turns = 0; turns < 10; ++turns)
    f.turn();
  REQUIRE(other("GET n") == "$6 100000");
}

TEST_CASE("a transaction that grows past all bounds ends its client", "[transaction]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("MULTI");
  REQUIRE(c("SET a 1") == "+QUEUED");
  c.session().queued_bytes = sluice::core::kInputBytesMax;  // as if it had queued that much
  c.send("SET b 2\r\n");
  REQUIRE(c.closed());
  REQUIRE(f.connect()("EXISTS a b") == ":0");
}
