// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "tests/server/commands/log_records.h"
#include "tests/support/server_fixture.h"

using sluice::test::log_records;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

TEST_CASE("DIGEST is the XXH3 of the value", "[string][condition]") {
  ServerFixture f;
  TestClient& c = f.client();
  c.call({"SET", "k", "Hello world"});
  REQUIRE(c("DIGEST k") == "$16 b6acb9d84a38ff74");
  c("SET k test");
  REQUIRE(c("DIGEST k") == "$16 9ec9f7918d7dfc40");
  REQUIRE(c("DIGEST none") == "$-1");
  c("RPUSH l a");
  REQUIRE(c("DIGEST l") == "-WRONGTYPE Operation against a key holding the wrong kind of value");
}

TEST_CASE("DELEX ends the key that is meant", "[string][condition]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("MSET a test b test c test d test e x");
  REQUIRE(c("DELEX a IFEQ x") == ":0");
  REQUIRE(c("DELEX a IFEQ test") == ":1");
  REQUIRE(c("DELEX a IFNE other") == ":0");
  REQUIRE(c("DELEX b IFNE test") == ":0");
  REQUIRE(c("DELEX b IFNE x") == ":1");
  REQUIRE(c("DELEX c IFDEQ 0000000000000000") == ":0");
  REQUIRE(c("DELEX c IFDEQ 9EC9f7918d7dfc40") == ":1");
  REQUIRE(c("DELEX d IFDNE 9ec9f7918d7dfc40") == ":0");
  REQUIRE(c("DELEX d IFDNE 0000000000000000") == ":1");
  REQUIRE(c("DELEX none IFDNE 9ec9f7918d7dfc40") == ":0");
  c("RPUSH l a");
  REQUIRE(c("DELEX l IFEQ a") == "-ERR Key should be of string type if conditions are specified");
  REQUIRE(c("DELEX e IFDEQ 9ec9") == "-ERR must be exactly 16 hexadecimal characters");
  REQUIRE(c("DELEX e NX x") == "-ERR syntax error");
  REQUIRE(c("DELEX e IFEQ") == "-ERR wrong number of arguments for 'delex' command");
  REQUIRE(c("DELEX e IFEQ x y") == "-ERR wrong number of arguments for 'delex' command");
  REQUIRE(c("DELEX l") == ":1");
  REQUIRE(c("DELEX l") == ":0");
  REQUIRE(log_records(f) == std::vector<std::string>{"MSET a test b test c test d test e x", "DEL a", "DEL b",
                                                     "DEL c", "DEL d", "RPUSH l a", "DEL l"});
}

TEST_CASE("DELIFEQ lets go of one's own lock only", "[string][condition]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET lock me PX 1000");
  REQUIRE(c("DELIFEQ lock you") == ":0");
  REQUIRE(c("DELIFEQ lock me") == ":1");
  REQUIRE(c("DELIFEQ lock me") == ":0");
  c("RPUSH l a");
  REQUIRE(c("DELIFEQ l a") == "-WRONGTYPE Operation against a key holding the wrong kind of value");
}
