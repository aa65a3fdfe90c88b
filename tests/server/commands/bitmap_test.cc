// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "tests/server/commands/log_records.h"
#include "tests/support/server_fixture.h"

using sluice::test::log_records;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

TEST_CASE("SETBIT and GETBIT count from the highest bit of the first byte", "[bitmap]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("SETBIT k 1 1") == ":0");
  REQUIRE(c("GET k") == "$1 @");
  REQUIRE(c("SETBIT k 1 1") == ":1");
  REQUIRE(c("SETBIT k 17 0") == ":0");
  REQUIRE(c("STRLEN k") == ":3");
  REQUIRE(c("SETBIT k 17 0") == ":0");
  REQUIRE(c("GETBIT k 1") == ":1");
  REQUIRE(c("GETBIT k 100") == ":0");
  REQUIRE(c("GETBIT none 1") == ":0");
  for (const char* offset : {"-1", "x", "4294967296", "9223372036854775808", "#1"}) {
    INFO(offset);
    REQUIRE(c(std::string("SETBIT k ") + offset + " 1") ==
            "-ERR bit offset is not an integer or out of range");
  }
  REQUIRE(c("SETBIT k 1 2") == "-ERR bit is not an integer or out of range");
  c("RPUSH l a");
  REQUIRE(c("SETBIT l 1 1") == "-WRONGTYPE Operation against a key holding the wrong kind of value");
  REQUIRE(log_records(f) == std::vector<std::string>{"SETBIT k 1 1", "SETBIT k 17 0", "RPUSH l a"});
}

TEST_CASE("BITCOUNT counts bytes and bits", "[bitmap]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET k foobar");
  REQUIRE(c("BITCOUNT k") == ":26");
  REQUIRE(c("BITCOUNT k 0 0") == ":4");
  REQUIRE(c("BITCOUNT k 1 1 BYTE") == ":6");
  REQUIRE(c("BITCOUNT k 5 30 BIT") == ":17");
  REQUIRE(c("BITCOUNT k -2 -1") == ":7");
  REQUIRE(c("BITCOUNT k 5 1") == ":0");
  REQUIRE(c("BITCOUNT none x y z") == ":0");
  REQUIRE(c("BITCOUNT k 0") == "-ERR syntax error");
  REQUIRE(c("BITCOUNT k 0 1 BITS") == "-ERR syntax error");
  REQUIRE(c("BITCOUNT k 0 x") == "-ERR value is not an integer or out of range");
}

TEST_CASE("BITPOS finds the first one or zero", "[bitmap]") {
  ServerFixture f;
  TestClient& c = f.client();
  c.call({"SET", "k", "\xff\xf0\x01"});
  REQUIRE(c("BITPOS k 0") == ":12");
  REQUIRE(c("BITPOS k 1 2") == ":23");
  REQUIRE(c("BITPOS k 1 12 22 BIT") == ":-1");
  REQUIRE(c("BITPOS k 1 12 23 BIT") == ":23");
  c.call({"SET", "ones", "\xff\xff"});
  REQUIRE(c("BITPOS ones 0") == ":16");  // behind the end come the zeros
  REQUIRE(c("BITPOS ones 0 1") == ":16");
  REQUIRE(c("BITPOS ones 0 0 -1") == ":-1");
  REQUIRE(c("BITPOS none 0") == ":0");
  REQUIRE(c("BITPOS none 1") == ":-1");
  REQUIRE(c("BITPOS k 2") == "-ERR The bit argument must be 1 or 0.");
  REQUIRE(c("BITPOS k 0 0 1 x") == "-ERR syntax error");
}

TEST_CASE("BITOP stores what it makes of strings of different lengths", "[bitmap]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("MSET a foobar b abc");
  REQUIRE(c("BITOP AND to a b") == ":6");
  REQUIRE(c("GETRANGE to 0 2") == "$3 `bc");
  REQUIRE(c("BITOP XOR a a a") == ":6");
  REQUIRE(c("BITCOUNT a") == ":0");
  c("PEXPIRE b 1000");
  REQUIRE(c("BITOP NOT b b") == ":3");
  REQUIRE(c("PTTL b") == ":-1");
  REQUIRE(c("BITOP NOT b b") == ":3");
  REQUIRE(c("GET b") == "$3 abc");
  REQUIRE(c("BITOP OR b none") == ":0");
  REQUIRE(c("EXISTS b") == ":0");
  REQUIRE(c("BITOP OR b none") == ":0");
  REQUIRE(c("BITOP NOT to a b") == "-ERR BITOP NOT must be called with a single source key.");
  REQUIRE(c("BITOP NAND to a") == "-ERR syntax error");
  c("RPUSH l x");
  REQUIRE(c("BITOP OR to a l") == "-WRONGTYPE Operation against a key holding the wrong kind of value");
  REQUIRE(c("BITOP OR l a") == ":6");
  REQUIRE(c("TYPE l") == "+string");
}

TEST_CASE("BITOP knows the operations of newer versions", "[bitmap]") {
  ServerFixture f;
  TestClient& c = f.client();
  c.call({"MSET", "x", "\xf0", "y", "\xc0", "z", "\x0c"});
  REQUIRE(c("BITOP DIFF to x y z") == ":1");
  REQUIRE(c("BITFIELD_RO to GET u8 0") == "*1 :48");
  REQUIRE(c("BITOP DIFF1 to x y z") == ":1");
  REQUIRE(c("BITFIELD_RO to GET u8 0") == "*1 :12");
  REQUIRE(c("BITOP ANDOR to x y z") == ":1");
  REQUIRE(c("BITFIELD_RO to GET u8 0") == "*1 :192");
  REQUIRE(c("BITOP ONE to x y z") == ":1");
  REQUIRE(c("BITFIELD_RO to GET u8 0") == "*1 :60");
  REQUIRE(c("BITOP ONE to x") == ":1");
  REQUIRE(c("BITOP diff to x") == "-ERR BITOP DIFF must be called with at least two source keys.");
}
