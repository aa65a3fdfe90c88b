// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "tests/server/commands/log_records.h"
#include "tests/support/server_fixture.h"

using sluice::Millis;
using sluice::test::log_records;
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
  REQUIRE(f.digest() == before);
}

TEST_CASE("SET takes the same kind of lifetime twice, and the last one counts", "[string][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("SET k v PX 5 PX 700") == "+OK");
  REQUIRE(c("PTTL k") == ":700");
  REQUIRE(c("SET k v PX 700 PX x") == "-ERR value is not an integer or out of range");
  REQUIRE(c("PTTL k") == ":700");
}

TEST_CASE("SET compares the old value, or its digest", "[string][condition]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("SET k v IFEQ v") == "$-1");
  REQUIRE(c("EXISTS k") == ":0");
  REQUIRE(c("SET k v IFDEQ 0000000000000000") == "$-1");
  REQUIRE(c("SET k a IFNE v") == "+OK");
  REQUIRE(c("SET k b IFEQ x") == "$-1");
  REQUIRE(c("SET k b IFEQ a") == "+OK");
  REQUIRE(c("SET k c IFNE b") == "$-1");
  REQUIRE(c("SET k c IFNE b GET") == "$1 b");
  REQUIRE(c("SET k c GET IFEQ b PX 500") == "$1 b");
  REQUIRE(c("PTTL k") == ":500");
  REQUIRE(c("GET k") == "$1 c");
  REQUIRE(c("SET k hello") == "+OK");
  REQUIRE(c("SET k w IFDNE 9555e8555c62dcfd") == "$-1");
  REQUIRE(c("SET k w IFDEQ 9555E8555C62DCFD") == "+OK");
  REQUIRE(c("SET k x IFDNE 9555e8555c62dcfd KEEPTTL") == "+OK");
  REQUIRE(c("SET none x IFDNE 9555e8555c62dcfd") == "+OK");
  c("RPUSH l a");
  REQUIRE(c("SET l v IFEQ a") == "-WRONGTYPE Operation against a key holding the wrong kind of value");
  REQUIRE(c("SET k v IFDEQ 123") == "-ERR must be exactly 16 hexadecimal characters");
  REQUIRE(c("SET k v IFDEQ 9555e8555c62dcfx") == "-ERR must be exactly 16 hexadecimal characters");
  for (const char* line :
       {"SET k v NX IFEQ a", "SET k v IFEQ a XX", "SET k v IFEQ a IFNE b", "SET k v IFEQ"}) {
    INFO(line);
    REQUIRE(c(line) == "-ERR syntax error");
  }
  const std::vector<std::string> records = log_records(f);
  REQUIRE(records[0] == "SET k a");
  REQUIRE(records[2] == "SET k c PXAT 1700000000500");
}

TEST_CASE("a failed SET is not logged, a lifetime is logged as its end", "[string][log]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET a 1 EX 10");
  c("SET a 2 NX");
  c("SET b 1 XX");
  c("SET a 3 GET");
  c("SETEX c 5 v");
  c("PSETEX d 5000 v");
  c("SETNX c w");
  c("SETNX e v");
  c("GETSET e w");
  c("SET a 4 KEEPTTL");
  REQUIRE(log_records(f) ==
          std::vector<std::string>{"SET a 1 PXAT 1700000010000", "SET a 3", "SET c v PXAT 1700000005000",
                                   "SET d v PXAT 1700000005000", "SET e v", "SET e w", "SET a 4 KEEPTTL"});
}

TEST_CASE("SETEX and PSETEX take a lifetime above zero", "[string][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("SETEX k 10 v") == "+OK");
  REQUIRE(c("PTTL k") == ":10000");
  REQUIRE(c("PSETEX k 10 v") == "+OK");
  REQUIRE(c("PTTL k") == ":10");
  REQUIRE(c("SETEX k 0 v") == "-ERR invalid expire time in 'setex' command");
  REQUIRE(c("PSETEX k -1 v") == "-ERR invalid expire time in 'psetex' command");
  REQUIRE(c("SETEX k 9223372036854775807 v") == "-ERR invalid expire time in 'setex' command");
  REQUIRE(c("SETEX k x v") == "-ERR value is not an integer or out of range");
}

TEST_CASE("GETSET, SETNX and GETDEL", "[string]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("GETSET k a") == "$-1");
  c("PEXPIRE k 1000");
  REQUIRE(c("GETSET k b") == "$1 a");
  REQUIRE(c("PTTL k") == ":-1");
  REQUIRE(c("SETNX k c") == ":0");
  REQUIRE(c("STRLEN k") == ":1");
  REQUIRE(c("GETDEL k") == "$1 b");
  REQUIRE(c("GETDEL k") == "$-1");
  REQUIRE(c("STRLEN k") == ":0");
  REQUIRE(c("SETNX k c") == ":1");
  c("RPUSH l a");
  for (const char* line : {"GETSET l x", "GETDEL l", "STRLEN l", "GETEX l"}) {
    INFO(line);
    REQUIRE(c(line) == "-WRONGTYPE Operation against a key holding the wrong kind of value");
  }
  c("HELLO 3");
  REQUIRE(c("GETDEL none") == "_");
  REQUIRE(log_records(f) == std::vector<std::string>{"SET k a", "PEXPIREAT k 1700000001000", "SET k b",
                                                     "DEL k", "SET k c", "RPUSH l a"});
}

TEST_CASE("GETEX sets and takes off an expiry time", "[string][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("GETEX k EX 0") == "$-1");  // a missing key before a bad time
  c("SET k v");
  REQUIRE(c("GETEX k") == "$1 v");
  REQUIRE(c("GETEX k PERSIST") == "$1 v");
  REQUIRE(c("GETEX k PX 700") == "$1 v");
  REQUIRE(c("PTTL k") == ":700");
  REQUIRE(c("GETEX k") == "$1 v");
  REQUIRE(c("PTTL k") == ":700");
  REQUIRE(c("GETEX k EX 1 EX 2") == "$1 v");
  REQUIRE(c("PTTL k") == ":2000");
  REQUIRE(c("GETEX k PERSIST") == "$1 v");
  REQUIRE(c("PTTL k") == ":-1");
  REQUIRE(c("GETEX k EX 0") == "-ERR invalid expire time in 'getex' command");
  REQUIRE(c("GETEX k EX x") == "-ERR value is not an integer or out of range");
  for (const char* line : {"GETEX k EX", "GETEX k EX 1 PX 1", "GETEX k PERSIST EX 1", "GETEX k EX 1 PERSIST",
                           "GETEX k KEEPTTL", "GETEX k NX", "GETEX k EX 1 x"}) {
    INFO(line);
    REQUIRE(c(line) == "-ERR syntax error");
  }
  REQUIRE(c("GETEX k PXAT 1") == "$1 v");
  REQUIRE(c("EXISTS k") == ":0");
  REQUIRE(log_records(f) == std::vector<std::string>{"SET k v", "PEXPIREAT k 1700000000700",
                                                     "PEXPIREAT k 1700000002000", "PERSIST k", "DEL k"});
}
