// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "tests/server/commands/log_records.h"
#include "tests/support/server_fixture.h"

using sluice::Millis;
using sluice::test::log_records;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

TEST_CASE("INCR and DECR count and stop before they overflow", "[string][number]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("INCR n") == ":1");
  REQUIRE(c("DECR n") == ":0");
  REQUIRE(c("DECR n") == ":-1");
  c("SET n 9223372036854775807");
  REQUIRE(c("INCR n") == "-ERR increment or decrement would overflow");
  REQUIRE(c("GET n") == "$19 9223372036854775807");
  REQUIRE(c("INCRBY n -9223372036854775808") == ":-1");
  REQUIRE(c("DECRBY n 10") == ":-11");
  REQUIRE(c("DECRBY n -9223372036854775808") == "-ERR decrement would overflow");
  REQUIRE(c("DECRBY n 9223372036854775807") == "-ERR increment or decrement would overflow");
  REQUIRE(c("INCRBY n x") == "-ERR value is not an integer or out of range");
  REQUIRE(c("INCRBY none 0") == ":0");
  REQUIRE(c("INCRBY none 0") == ":0");
  c("SET s \" 7\"");
  REQUIRE(c("INCR s") == "-ERR value is not an integer or out of range");
  c("RPUSH l a");
  REQUIRE(c("INCR l") == "-WRONGTYPE Operation against a key holding the wrong kind of value");
  const auto records = log_records(f);
  REQUIRE(std::count(records.begin(), records.end(), "INCRBY none 0") == 1);
}

TEST_CASE("INCRBYFLOAT adds as Redis does and logs the sum", "[string][number]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("INCRBYFLOAT n 10.50") == "$4 10.5");
  REQUIRE(c("INCRBYFLOAT n 0.1") == "$4 10.6");
  c("PEXPIRE n 1000");
  REQUIRE(c("INCRBYFLOAT n -5") == "$3 5.6");
  REQUIRE(c("PTTL n") == ":1000");
  REQUIRE(c("INCRBYFLOAT n 0") == "$3 5.6");
  c("SET n 5.0e3");
  REQUIRE(c("INCRBYFLOAT n 2.0e2") == "$4 5200");
  REQUIRE(c("INCRBYFLOAT n x") == "-ERR value is not a valid float");
  REQUIRE(c("INCRBYFLOAT n inf") == "-ERR increment would produce NaN or Infinity");
  c("SET s x");
  REQUIRE(c("INCRBYFLOAT s 1") == "-ERR value is not a valid float");
  REQUIRE(log_records(f) == std::vector<std::string>{"SET n 10.5 KEEPTTL", "SET n 10.6 KEEPTTL",
                                                     "PEXPIREAT n 1700000001000", "SET n 5.6 KEEPTTL",
                                                     "SET n 5.0e3", "SET n 5200 KEEPTTL", "SET s x"});
}

TEST_CASE("INCREX adds and tells what was added", "[string][increx]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("INCREX n") == "*2 :1 :1");
  REQUIRE(c("INCREX n BYINT 5") == "*2 :6 :5");
  REQUIRE(c("INCREX n BYINT -10") == "*2 :-4 :-10");
  REQUIRE(c("INCREX n BYFLOAT 0.25") == "*2 $5 -3.75 $4 0.25");
  REQUIRE(c("INCREX n") == "-ERR value is not an integer or out of range");
  c("HELLO 3");
  REQUIRE(c("INCREX n BYFLOAT 1") == "*2 ,-2.75 ,1");
  REQUIRE(log_records(f) == std::vector<std::string>{"SET n 1 KEEPTTL", "SET n 6 KEEPTTL", "SET n -4 KEEPTTL",
                                                     "SET n -3.75 KEEPTTL", "SET n -2.75 KEEPTTL"});
}

TEST_CASE("INCREX stays within its bounds", "[string][increx]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("INCREX none BYINT 5 UBOUND 3") == "*2 :0 :0");
  REQUIRE(c("EXISTS none") == ":0");
  REQUIRE(c("INCREX some BYINT 5 UBOUND 3 SATURATE") == "*2 :3 :3");
  c("SET n 99 PX 5000");
  REQUIRE(c("INCREX n BYINT 5 UBOUND 100 EX 100") == "*2 :99 :0");
  REQUIRE(c("PTTL n") == ":5000");
  REQUIRE(c("INCREX n UBOUND 100") == "*2 :100 :1");
  REQUIRE(c("INCREX n BYINT 5 UBOUND 100 SATURATE") == "*2 :100 :0");
  REQUIRE(c("INCREX n BYINT -500 LBOUND -10 SATURATE") == "*2 :-10 :-110");
  REQUIRE(c("INCREX n BYINT -1 LBOUND -10") == "*2 :-10 :0");
  c("SET n 9223372036854775807");
  REQUIRE(c("INCREX n") == "*2 :9223372036854775807 :0");
  REQUIRE(c("INCREX n SATURATE") == "*2 :9223372036854775807 :0");
  REQUIRE(c("INCREX n SATURATE UBOUND 10") == "*2 :10 :-9223372036854775797");
  c("SET n 9223372036854775807");
  REQUIRE(c("INCREX n SATURATE UBOUND -10") == "-ERR increment or decrement would overflow");
  REQUIRE(c("INCREX n BYFLOAT 1e4000 UBOUND 1e3 SATURATE") == "*2 $4 1000 $20 -9223372036854774807");
  REQUIRE(c("INCREX n BYFLOAT 1.5 UBOUND 1001") == "*2 $4 1000 $1 0");
  REQUIRE(c("INCREX n LBOUND 2 UBOUND 1") == "-ERR LBOUND can't be greater than UBOUND");
  REQUIRE(c("INCREX n UBOUND 1.5") == "-ERR value is not an integer or out of range");
  REQUIRE(c("INCREX n BYFLOAT 1 UBOUND x") == "-ERR value is not a valid float");
  REQUIRE(c("INCREX n BYFLOAT inf") == "-ERR value is not a valid float");
}

TEST_CASE("INCREX sets, keeps and takes off the lifetime", "[string][increx][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("INCREX n EX 60 ENX") == "*2 :1 :1");
  REQUIRE(c("PTTL n") == ":60000");
  f.advance(Millis{1'000});
  REQUIRE(c("INCREX n EX 60 ENX") == "*2 :2 :1");
  REQUIRE(c("PTTL n") == ":59000");
  REQUIRE(c("INCREX n") == "*2 :3 :1");
  REQUIRE(c("PTTL n") == ":59000");
  REQUIRE(c("INCREX n PX 700") == "*2 :4 :1");
  REQUIRE(c("PTTL n") == ":700");
  REQUIRE(c("INCREX n PERSIST") == "*2 :5 :1");
  REQUIRE(c("PTTL n") == ":-1");
  REQUIRE(c("INCREX n BYINT 0") == "*2 :5 :0");
  REQUIRE(c("INCREX n BYINT 0 PXAT 1700000099000") == "*2 :5 :0");
  REQUIRE(c("INCREX n PXAT 1") == "*2 :6 :1");
  REQUIRE(c("EXISTS n") == ":0");
  REQUIRE(log_records(f) == std::vector<std::string>{"SET n 1 PXAT 1700000060000", "SET n 2 KEEPTTL",
                                                     "SET n 3 KEEPTTL", "SET n 4 PXAT 1700000001700",
                                                     "SET n 5", "SET n 5 PXAT 1700000099000", "DEL n"});
}

TEST_CASE("INCREX refuses what it does not understand", "[string][increx]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("INCREX n ENX") == "-ERR ENX flag requires an expiration");
  REQUIRE(c("INCREX n EX 0") == "-ERR invalid expire time in 'increx' command");
  for (const char* line : {"INCREX n 5", "INCREX n BYINT", "INCREX n BYINT 1 BYFLOAT 1",
                           "INCREX n BYINT 1 BYINT 2", "INCREX n LBOUND", "INCREX n PERSIST ENX",
                           "INCREX n EX 1 PERSIST", "INCREX n EX 1 PX 1", "INCREX n KEEPTTL"}) {
    INFO(line);
    REQUIRE(c(line) == "-ERR syntax error");
  }
  c("RPUSH l a");
  REQUIRE(c("INCREX l") == "-WRONGTYPE Operation against a key holding the wrong kind of value");
  REQUIRE(c("EXISTS n") == ":0");
}
