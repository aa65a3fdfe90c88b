// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "tests/support/server_fixture.h"

using sluice::Millis;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

TEST_CASE("SET replaces value, type and expiry time", "[string]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("RPUSH k a");
  REQUIRE(c("SET k v PX 1000") == "+OK");
  REQUIRE(c("GET k") == "$1 v");
  REQUIRE(c("SET k w KEEPTTL") == "+OK");
  REQUIRE(c("PTTL k") == ":1000");
  REQUIRE(c("SET k x") == "+OK");
  REQUIRE(c("PTTL k") == ":-1");
}

TEST_CASE("SET keeps to its condition", "[string]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("SET k v XX") == "$-1");
  REQUIRE(c("SET k v NX") == "+OK");
  REQUIRE(c("SET k w NX") == "$-1");
  REQUIRE(c("SET k w XX GET") == "$1 v");
  REQUIRE(c("SET k x NX GET") == "$1 w");
  REQUIRE(c("GET k") == "$1 w");
  REQUIRE(c("SET none x GET") == "$-1");
  REQUIRE(c("GET none") == "$1 x");
}

TEST_CASE("SET to a time in the past leaves no key", "[string][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET k v");
  REQUIRE(c("SET k w PXAT 1") == "+OK");
  REQUIRE(c("EXISTS k") == ":0");
}

TEST_CASE("SET refuses what it does not understand and changes nothing", "[string]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET k v");
  c("RPUSH l a");
  const std::string before = f.digest();
  for (const char* line : {"SET k w FOO", "SET k w NX XX", "SET k w EX", "SET k w EX 1 PX 1",
                           "SET k w KEEPTTL EX 1", "SET k w EX 1 KEEPTTL"}) {
    INFO(line);
    REQUIRE(c(line) == "-ERR syntax error");
  }
  REQUIRE(c("SET k w EX x") == "-ERR value is not an integer or out of range");
  REQUIRE(c("SET k w EX 0") == "-ERR invalid expire time in 'set' command");
  REQUIRE(c("SET k w PX -5") == "-ERR invalid expire time in 'set' command");
  REQUIRE(c("SET k w EX 9223372036854775807") == "-ERR invalid expire time in 'set' command");
  REQUIRE(c("SET l w GET") == "-WRONGTYPE Operation against a key holding the wrong kind of value");
  REQUIRE(c("GET l") == "-WRONGTYPE Operation against a key holding the wrong kind of value");
  REQUIRE(c("INCR l") == "-WRONGTYPE Operation against a key holding the wrong kind of value");
  REQUIRE(c("INCR k") == "-ERR value is not an integer or out of range");
  REQUIRE(f.digest() == before);
}

TEST_CASE("INCR and DECR count and stop before they overflow", "[string]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("INCR n") == ":1");
  REQUIRE(c("DECR n") == ":0");
  REQUIRE(c("DECR n") == ":-1");
  c("SET n 9223372036854775807");
  REQUIRE(c("INCR n") == "-ERR increment or decrement would overflow");
  REQUIRE(c("GET n") == "$19 9223372036854775807");
}

TEST_CASE("SET takes the same kind of lifetime twice, and the last one counts", "[string][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("SET k v PX 5 PX 700") == "+OK");
  REQUIRE(c("PTTL k") == ":700");
  REQUIRE(c("SET k v PX 700 PX x") == "-ERR value is not an integer or out of range");
  REQUIRE(c("PTTL k") == ":700");
}
