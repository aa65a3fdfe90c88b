// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include <string>

#include "tests/support/server_fixture.h"

using sluice::test::ServerFixture;
using sluice::test::TestClient;

TEST_CASE("SORT orders by number, by text, and by what other keys hold", "[sort]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("RPUSH l 10 2 1.5 2");
  REQUIRE(c("SORT l") == "*4 $3 1.5 $1 2 $1 2 $2 10");
  REQUIRE(c("SORT l DESC") == "*4 $2 10 $1 2 $1 2 $3 1.5");
  REQUIRE(c("SORT l ALPHA") == "*4 $3 1.5 $2 10 $1 2 $1 2");
  REQUIRE(c("SORT l LIMIT 1 2") == "*2 $1 2 $1 2");
  REQUIRE(c("SORT l LIMIT -5 1") == "*1 $3 1.5");
  REQUIRE(c("SORT l LIMIT 9 1") == "*0");
  REQUIRE(c("SORT l LIMIT 0 -1 BY nosort") == "*4 $2 10 $1 2 $3 1.5 $1 2");
  c("SET w10 1");
  c("SET w2 5");
  c("SET w1.5 3");
  REQUIRE(c("SORT l BY w*") == "*4 $2 10 $3 1.5 $1 2 $1 2");
  REQUIRE(c("SORT l BY w* GET # GET w* GET none* LIMIT 0 2") == "*6 $2 10 $1 1 $-1 $3 1.5 $1 3 $-1");
  REQUIRE(c("SORT_RO l BY w* GET w*->field LIMIT 0 1") == "*1 $-1");
  REQUIRE(c("SORT none") == "*0");
}

TEST_CASE("SORT STORE replaces what was there and wakes those who wait", "[sort]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& waiter = f.connect();
  c("RPUSH l 3 1 2");
  c("SET out x PX 1000");
  REQUIRE(waiter("BLPOP out 0") == "-WRONGTYPE Operation against a key holding the wrong kind of value");
  REQUIRE(c("SORT l STORE out") == ":3");
  REQUIRE(c("PTTL out") == ":-1");
  REQUIRE(c("LRANGE out 0 -1") == "*3 $1 1 $1 2 $1 3");
  REQUIRE(c("SORT l STORE l DESC") == ":3");
  REQUIRE(c("LRANGE l 0 -1") == "*3 $1 3 $1 2 $1 1");
  REQUIRE(c("SORT l GET x* STORE out") == ":3");
  REQUIRE(c("LRANGE out 0 -1") == "*3 $0 $0 $0");
  REQUIRE(c("SORT none STORE out") == ":0");
  REQUIRE(c("EXISTS out") == ":0");
  REQUIRE(waiter("BLPOP out 0") == "~");
  c("SORT l STORE out");
  REQUIRE(waiter.reply() == "*2 $3 out $1 1");
}

TEST_CASE("SORT refuses what is no number, another type, and half an option", "[sort]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("RPUSH l 3 a");
  c("SET s v");
  const std::string before = f.digest();
  REQUIRE(c("SORT l STORE out") == "-ERR One or more scores can't be converted into double");
  REQUIRE(c("SORT s").starts_with("-WRONGTYPE"));
  REQUIRE(c("SORT l LIMIT 1") == "-ERR syntax error");
  REQUIRE(c("SORT l LIMIT 1 x") == "-ERR value is not an integer or out of range");
  REQUIRE(c("SORT l BY") == "-ERR syntax error");
  REQUIRE(c("SORT_RO l STORE out") == "-ERR syntax error");
  REQUIRE(f.digest() == before);
  REQUIRE(c("COMMAND GETKEYS SORT l STORE a BY x*") == "*2 $1 l $1 a");
  REQUIRE(c("COMMAND GETKEYS SORT l") == "*1 $1 l");
}

TEST_CASE("a weight whose time is over is no weight, in a replay either", "[sort][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("RPUSH l 1 2");
  const int keys = static_cast<int>(sluice::core::kExpiredKeysMax) + 100;
  for (int i = 0; i < keys; ++i)
    c("SET k" + std::to_string(i) + " v PX 10");
  c("SET w1 9 PX 10");
  c("SET w2 5");
  f.world().advance(sluice::Millis{10});
  REQUIRE(c("SORT l BY w* STORE out") == ":2");  // in this turn w1 has not been removed otherwise
  REQUIRE(c("LRANGE out 0 -1") == "*2 $1 1 $1 2");
}
