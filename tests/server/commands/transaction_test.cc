// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "tests/support/server_fixture.h"

using sluice::test::ServerFixture;
using sluice::test::TestClient;

TEST_CASE("a transaction answers all its commands in one array", "[transaction]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("MULTI") == "+OK");
  REQUIRE(c("SET a 1") == "+QUEUED");
  REQUIRE(c("INCR a") == "+QUEUED");
  REQUIRE(c("LPUSH a x") == "+QUEUED");
  REQUIRE(c("GET a") == "+QUEUED");
  REQUIRE(c("EXEC") == "*4 +OK :2 -WRONGTYPE Operation against a key holding the wrong kind of value $1 2");
}

TEST_CASE("a command refused while queuing makes EXEC refuse", "[transaction]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("MULTI");
  c("SET a 1");
  REQUIRE(c("NOSUCH x").substr(0, 4) == "-ERR");
  REQUIRE(c("EXEC") == "-EXECABORT Transaction discarded because of previous errors.");
  REQUIRE(c("EXISTS a") == ":0");
  c("MULTI");
  REQUIRE(c("GET") == "-ERR wrong number of arguments for 'get' command");
  REQUIRE(c("EXEC") == "-EXECABORT Transaction discarded because of previous errors.");
}

TEST_CASE("words of transactions in the wrong place are errors", "[transaction]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("EXEC") == "-ERR EXEC without MULTI");
  REQUIRE(c("DISCARD") == "-ERR DISCARD without MULTI");
  c("MULTI");
  REQUIRE(c("MULTI") == "-ERR MULTI calls can not be nested");
  c("SET a 1");
  REQUIRE(c("DISCARD") == "+OK");
  REQUIRE(c("EXISTS a") == ":0");
}

TEST_CASE("a transaction that selects goes on in that database", "[transaction]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("MULTI");
  c("SET a 0");
  c("SELECT 3");
  c("SET a 3");
  REQUIRE(c("EXEC") == "*3 +OK +OK +OK");
  REQUIRE(c("GET a") == "$1 3");
}

TEST_CASE("a transaction that would be refused by now changes nothing", "[transaction]") {
  ServerFixture f({{"maxmemory", "1000"}});
  TestClient& c = f.client();
  c("MULTI");
  REQUIRE(c("LPOP list") == "+QUEUED");
  REQUIRE(c("SET a 1") == "+QUEUED");
  f.world().memory_used = 1'001;
  REQUIRE(
      c("EXEC") ==
      "-EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'.");
  REQUIRE(c("EXEC") == "-ERR EXEC without MULTI");
  REQUIRE(c("EXISTS a") == ":0");
}

TEST_CASE("nothing is queued when memory is full, but what was before is run", "[transaction]") {
  ServerFixture f({{"maxmemory", "1000"}});
  TestClient& queued = f.client();
  queued("MULTI");
  REQUIRE(queued("LPOP list") == "+QUEUED");
  f.world().memory_used = 1'001;
  f.turn();
  REQUIRE(queued("EXEC") == "*1 $-1");
  REQUIRE(queued("LPOP list") == "$-1");
  const std::string full = "-OOM command not allowed when used memory > 'maxmemory'.";
  for (const char* line :
       {"LPOP list", "GET a", "PING", "MULTI", "WATCH a", "UNWATCH", "SELECT 1", "SLOWLOG RESET", "EVAL x 0",
        "CONFIG GET maxmemory", "SUBSCRIBE x", "QACK q 1-1-1"}) {
    TestClient& c = f.connect();
    REQUIRE(c("MULTI") == "+OK");
    INFO(line);
    REQUIRE(c(line) == full);
    REQUIRE(c("EXEC") == "-EXECABORT Transaction discarded because of previous errors.");
  }
  const std::pair<const char*, const char*> ends[] = {
      {"EXEC", "*0"}, {"DISCARD", "+OK"}, {"RESET", "+RESET"}, {"QUIT", "+OK"}};
  for (const auto& [line, reply] : ends) {
    TestClient& c = f.connect();
    c("MULTI");
    REQUIRE(c(line) == reply);
  }
}

TEST_CASE("an EXEC with words behind it that are no conditions is refused, and ends the transaction",
          "[transaction]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("MULTI");
  c("SET a 1");
  REQUIRE(c("EXEC x") == "-EXECABORT Transaction discarded because of: invalid check condition syntax");
  REQUIRE(c("EXEC") == "-ERR EXEC without MULTI");
  REQUIRE(c("GET a") == "$-1");
}
