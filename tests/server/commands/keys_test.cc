// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "tests/support/server_fixture.h"

using sluice::Millis;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

TEST_CASE("DEL and EXISTS count keys, EXISTS as often as named", "[keys]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET a 1");
  c("RPUSH b 1");
  REQUIRE(c("EXISTS a a b none") == ":3");
  REQUIRE(c("TYPE a") == "+string");
  REQUIRE(c("TYPE b") == "+list");
  REQUIRE(c("TYPE none") == "+none");
  REQUIRE(c("DEL a a none") == ":1");
  REQUIRE(c("UNLINK b") == ":1");
  REQUIRE(c("DBSIZE") == ":0");
}

TEST_CASE("a key ends at its time, and the log says so", "[keys][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET a 1");
  REQUIRE(c("PEXPIRE a 100") == ":1");
  REQUIRE(c("PTTL a") == ":100");
  f.advance(Millis{99});
  REQUIRE(c("EXISTS a") == ":1");
  f.advance(Millis{1});
  REQUIRE(c("EXISTS a") == ":0");
  REQUIRE(c("PTTL a") == ":-2");
  REQUIRE(f.server().metrics.keys_expired == 1);
}

TEST_CASE("more keys than one turn ends are gone for every client at once", "[keys][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  const int keys = static_cast<int>(sluice::core::kExpiredKeysMax) + 500;
  for (int i = 0; i < keys; ++i)
    c("SET k" + std::to_string(i) + " v PX 10");
  f.world().advance(Millis{10});
  for (int i = keys - 1; i >= 0; i -= 100)
    REQUIRE(c("GET k" + std::to_string(i)) == "$-1");
  f.turn();
  REQUIRE(c("DBSIZE") == ":0");
}

TEST_CASE("a time in the past ends the key at once", "[keys][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET a 1");
  REQUIRE(c("EXPIRE a -1") == ":1");
  REQUIRE(c("EXISTS a") == ":0");
  REQUIRE(c("EXPIRE a 10") == ":0");
}

TEST_CASE("EXPIRE keeps to its condition", "[keys][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET a 1");
  REQUIRE(c("EXPIRE a 100 XX") == ":0");
  REQUIRE(c("EXPIRE a 100 GT") == ":0");  // without a time it never ends, and nothing is later
  REQUIRE(c("EXPIRE a 100 LT") == ":1");
  REQUIRE(c("EXPIRE a 200 NX") == ":0");
  REQUIRE(c("EXPIRE a 200 GT") == ":1");
  REQUIRE(c("EXPIRE a 300 LT") == ":0");
  REQUIRE(c("TTL a") == ":200");
  REQUIRE(c("PERSIST a") == ":1");
  REQUIRE(c("PERSIST a") == ":0");
  REQUIRE(c("TTL a") == ":-1");
}

TEST_CASE("EXPIRE refuses what it does not understand and changes nothing", "[keys][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET a 1");
  const std::string before = f.digest();
  REQUIRE(c("EXPIRE a x") == "-ERR value is not an integer or out of range");
  REQUIRE(c("EXPIRE a 9223372036854775807") == "-ERR invalid expire time in 'expire' command");
  REQUIRE(c("PEXPIRE a 9223372036854775807") == "-ERR invalid expire time in 'pexpire' command");
  REQUIRE(c("EXPIRE a 1 FOO") == "-ERR Unsupported option FOO");
  REQUIRE(c("EXPIRE a 1 NX XX") == "-ERR NX and XX, GT or LT options at the same time are not compatible");
  REQUIRE(c("EXPIRE a 1 GT LT") == "-ERR GT and LT options at the same time are not compatible");
  REQUIRE(f.digest() == before);
}

TEST_CASE("databases are apart", "[keys]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET a 0");
  REQUIRE(c("SELECT 9") == "+OK");
  REQUIRE(c("GET a") == "$-1");
  c("SET a 9");
  REQUIRE(c("SELECT 16") == "-ERR DB index is out of range");
  REQUIRE(c("GET a") == "$1 9");
  REQUIRE(c("FLUSHDB") == "+OK");
  REQUIRE(c("SELECT 0") == "+OK");
  REQUIRE(c("GET a") == "$1 0");
  REQUIRE(c("FLUSHALL") == "+OK");
  REQUIRE(c("DBSIZE") == ":0");
}
