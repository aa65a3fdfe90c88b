// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "tests/server/commands/log_records.h"
#include "tests/support/server_fixture.h"

using sluice::test::log_records;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

TEST_CASE("BITFIELD reads and writes numbers of any width", "[bitfield]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("BITFIELD k SET i8 0 -1 SET u8 #1 200 GET u4 4 INCRBY i5 100 1") == "*4 :0 :0 :15 :1");
  REQUIRE(c("STRLEN k") == ":14");
  REQUIRE(c("BITFIELD k GET i8 0 GET u8 8 GET i8 #1 GET u63 1000") == "*4 :-1 :200 :-56 :0");
  REQUIRE(c("BITFIELD k SET i64 0 -9223372036854775808 GET i64 0") ==
          "*2 :-15762598695796736 :-9223372036854775808");
  REQUIRE(c("BITFIELD none GET u8 0") == "*1 :0");
  REQUIRE(c("EXISTS none") == ":0");
  REQUIRE(c("BITFIELD k") == "*0");
}

TEST_CASE("BITFIELD wraps, saturates or fails", "[bitfield]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("BITFIELD k SET u8 0 255 INCRBY u8 0 2") == "*2 :0 :1");
  REQUIRE(c("BITFIELD k OVERFLOW SAT INCRBY u8 0 300 OVERFLOW FAIL INCRBY u8 0 1 INCRBY u8 0 -255") ==
          "*3 :255 $-1 :0");
  REQUIRE(c("BITFIELD k OVERFLOW SAT INCRBY u8 0 -1 SET u8 0 -1 GET u8 0") == "*3 :0 :0 :255");
  REQUIRE(c("BITFIELD k SET i8 0 127 INCRBY i8 0 1 OVERFLOW SAT INCRBY i8 0 -9") == "*3 :-1 :-128 :-128");
  REQUIRE(c("BITFIELD k OVERFLOW FAIL SET i8 0 128") == "*1 $-1");
  REQUIRE(c("BITFIELD k SET i64 0 9223372036854775807 INCRBY i64 0 1") ==
          "*2 :-9223372036854775808 "
          ":-9223372036854775808");
  c("HELLO 3");
  REQUIRE(c("BITFIELD k OVERFLOW FAIL SET u1 0 2") == "*1 _");
}

TEST_CASE("BITFIELD logs what changed something", "[bitfield][log]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("BITFIELD k OVERFLOW FAIL SET u8 0 256");  // the room is made all the same
  REQUIRE(c("STRLEN k") == ":1");
  c("BITFIELD k SET u8 0 0 GET u8 0");
  c("BITFIELD k SET u8 0 1");
  c("BITFIELD k GET u8 0");
  REQUIRE(log_records(f) ==
          std::vector<std::string>{"BITFIELD k OVERFLOW FAIL SET u8 0 256", "BITFIELD k SET u8 0 1"});
}

TEST_CASE("BITFIELD refuses what it does not understand and changes nothing", "[bitfield]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET k v");
  c("RPUSH l a");
  const std::string before = f.digest();
  for (const char* type : {"u64", "i65", "u0", "i", "x8", "8", "U8"}) {
    INFO(type);
    REQUIRE(
        c(std::string("BITFIELD k SET u8 0 1 GET ") + type + " 0") ==
        "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.");
  }
  REQUIRE(c("BITFIELD k SET u8 0 1 GET u8 -1") == "-ERR bit offset is not an integer or out of range");
  REQUIRE(c("BITFIELD k GET u8 #9223372036854775807") == "-ERR bit offset is not an integer or out of range");
  REQUIRE(c("BITFIELD k SET u8 0 x") == "-ERR value is not an integer or out of range");
  REQUIRE(c("BITFIELD k OVERFLOW x SET u8 0 1") == "-ERR Invalid OVERFLOW type specified");
  for (const char* line :
       {"BITFIELD k GET u8", "BITFIELD k SET u8 0", "BITFIELD k OVERFLOW", "BITFIELD k JUNK"}) {
    INFO(line);
    REQUIRE(c(line) == "-ERR syntax error");
  }
  REQUIRE(c("BITFIELD_RO k SET u8 0 1") == "-ERR BITFIELD_RO only supports the GET subcommand");
  REQUIRE(c("BITFIELD l GET u8 0") == "-WRONGTYPE Operation against a key holding the wrong kind of value");
  REQUIRE(c("BITFIELD l SET u8 0 1") == "-WRONGTYPE Operation against a key holding the wrong kind of value");
  REQUIRE(f.digest() == before);
}
