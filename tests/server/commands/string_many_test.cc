// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "tests/server/commands/log_records.h"
#include "tests/support/server_fixture.h"

using sluice::Millis;
using sluice::test::log_records;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

TEST_CASE("MSET and MGET take several keys", "[string][many]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("RPUSH l x");
  c("SET b old PX 1000");
  REQUIRE(c("MSET a 1 b 2 a 3") == "+OK");
  REQUIRE(c("MGET a none l b") == "*4 $1 3 $-1 $-1 $1 2");
  REQUIRE(c("PTTL b") == ":-1");
  REQUIRE(c("MSET a") == "-ERR wrong number of arguments for 'mset' command");
  REQUIRE(c("MSET a 1 b") == "-ERR wrong number of arguments for 'mset' command");
  REQUIRE(c("MSETNX a 1 b") == "-ERR wrong number of arguments for 'msetnx' command");
  c("HELLO 3");
  REQUIRE(c("MGET none") == "*1 _");
}

TEST_CASE("MSETNX stores all or nothing", "[string][many]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("MSETNX a 1 b 2 a 3") == ":1");
  REQUIRE(c("MSETNX c 1 b 2") == ":0");
  REQUIRE(c("MGET a b c") == "*3 $1 3 $1 2 $-1");
  REQUIRE(log_records(f) == std::vector<std::string>{"MSETNX a 1 b 2 a 3"});
}

TEST_CASE("MSETEX stores all or nothing, with one lifetime", "[string][many][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("MSETEX 2 a 1 b 2") == ":1");
  REQUIRE(c("MSETEX 2 a 1 c 2 NX") == ":0");
  REQUIRE(c("MSETEX 2 a 1 c 2 XX") == ":0");
  REQUIRE(c("MGET a b c") == "*3 $1 1 $1 2 $-1");
  REQUIRE(c("MSETEX 2 a 3 b 4 XX PX 1000") == ":1");
  REQUIRE(c("MSETEX 1 a 5 KEEPTTL") == ":1");
  REQUIRE(c("PTTL a") == ":1000");
  REQUIRE(c("PTTL b") == ":1000");
  REQUIRE(c("MSETEX 2 c 1 d 2 EX 5 NX") == ":1");
  REQUIRE(c("PTTL d") == ":5000");
  REQUIRE(c("MSETEX 3 c 1 x 2 c 3 PXAT 1") == ":1");
  REQUIRE(c("EXISTS c x") == ":0");
  REQUIRE(c("MSETEX 1 x 2 EXAT 1") == ":1");
  f.advance(Millis{1'000});
  REQUIRE(c("MGET a b") == "*2 $-1 $-1");
  REQUIRE(log_records(f) ==
          std::vector<std::string>{"MSETEX 2 a 1 b 2", "MSETEX 2 a 3 b 4 PXAT 1700000001000",
                                   "MSETEX 1 a 5 KEEPTTL", "MSETEX 2 c 1 d 2 PXAT 1700000005000", "DEL c",
                                   "DEL a", "DEL b"});
}

TEST_CASE("MSETEX refuses what it does not understand", "[string][many]") {
  ServerFixture f;
  TestClient& c = f.client();
  for (const char* count : {"0", "-1", "x", "2147483648", "01"}) {
    INFO(count);
    REQUIRE(c(std::string("MSETEX ") + count + " a 1") == "-ERR invalid numkeys value");
  }
  REQUIRE(c("MSETEX 2 a 1") == "-ERR wrong number of key-value pairs");
  REQUIRE(c("MSETEX 1 a 1 EX 0") == "-ERR invalid expire time in 'msetex' command");
  for (const char* line : {"MSETEX 1 a 1 b", "MSETEX 1 a 1 NX XX", "MSETEX 1 a 1 EX",
                           "MSETEX 1 a 1 EX 1 KEEPTTL", "MSETEX 1 a 1 GET", "MSETEX 1 a 1 IFEQ x"}) {
    INFO(line);
    REQUIRE(c(line) == "-ERR syntax error");
  }
  REQUIRE(c("DBSIZE") == ":0");
  REQUIRE(c("COMMAND GETKEYS MSETEX 2 a 1 b 2 KEEPTTL") == "*2 $1 a $1 b");
}
