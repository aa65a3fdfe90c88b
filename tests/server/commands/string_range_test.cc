// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "tests/server/commands/log_records.h"
#include "tests/support/server_fixture.h"

using sluice::test::log_records;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

TEST_CASE("APPEND makes a string or makes it longer", "[string][range]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("APPEND k ab") == ":2");
  c("PEXPIRE k 1000");
  REQUIRE(c("APPEND k cdefghij") == ":10");
  REQUIRE(c("GET k") == "$10 abcdefghij");
  REQUIRE(c("PTTL k") == ":1000");
  REQUIRE(c("APPEND k \"\"") == ":10");
  REQUIRE(c("APPEND empty \"\"") == ":0");
  REQUIRE(c("EXISTS empty") == ":1");
  c("RPUSH l a");
  REQUIRE(c("APPEND l x") == "-WRONGTYPE Operation against a key holding the wrong kind of value");
  REQUIRE(log_records(f) == std::vector<std::string>{"APPEND k ab", "PEXPIREAT k 1700000001000",
                                                     "APPEND k cdefghij", "APPEND empty ", "RPUSH l a"});
}

TEST_CASE("SETRANGE writes over a part and fills a gap with zeros", "[string][range]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("SETRANGE k 0 \"\"") == ":0");
  REQUIRE(c("EXISTS k") == ":0");
  REQUIRE(c("SETRANGE k 2 ab") == ":4");
  REQUIRE(c("GET k") == std::string("$4 \\x00\\x00ab"));
  REQUIRE(c("SETRANGE k 1 X") == ":4");
  REQUIRE(c("SETRANGE k 3 YZ") == ":5");
  REQUIRE(c("SETRANGE k 9 \"\"") == ":5");
  REQUIRE(c("GETRANGE k 1 -1") == "$4 XaYZ");
  const std::string before = f.digest();
  REQUIRE(c("SETRANGE k -1 x") == "-ERR offset is out of range");
  REQUIRE(c("SETRANGE k x x") == "-ERR value is not an integer or out of range");
  REQUIRE(c("SETRANGE k 9223372036854775807 x") ==
          "-ERR string exceeds maximum allowed size (proto-max-bulk-len)");
  REQUIRE(f.digest() == before);
}

TEST_CASE("no string gets longer than proto-max-bulk-len", "[string][range]") {
  ServerFixture f({{"proto-max-bulk-len", "1mb"}});
  TestClient& c = f.client();
  const std::string too_long = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)";
  REQUIRE(c("SETRANGE k 1048575 x") == ":1048576");
  REQUIRE(c("APPEND k x") == too_long);
  REQUIRE(c("SETRANGE k 1048576 x") == too_long);
  REQUIRE(c("SETRANGE none 1048576 x") == too_long);
  REQUIRE(c("EXISTS none") == ":0");
  REQUIRE(c("SETBIT k 8388607 1") == ":0");
  REQUIRE(c("SETBIT k 8388608 1") == "-ERR bit offset is not an integer or out of range");
  REQUIRE(c("BITFIELD k SET u8 8388601 1") == "-ERR bit offset is not an integer or out of range");
  // What the log says was allowed when it was written.
  c("CONFIG SET proto-max-bulk-len 2mb");
  REQUIRE(c("APPEND k x") == ":1048577");
}

TEST_CASE("GETRANGE and SUBSTR cut as Redis does", "[string][range]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET k Hello");
  REQUIRE(c("GETRANGE k 0 -1") == "$5 Hello");
  REQUIRE(c("GETRANGE k 1 3") == "$3 ell");
  REQUIRE(c("SUBSTR k -3 -2") == "$2 ll");
  REQUIRE(c("GETRANGE k 3 1") == "$0");
  REQUIRE(c("GETRANGE k 0 -100") == "$1 H");  // an end before the first byte is the first byte
  REQUIRE(c("GETRANGE k -1 -100") == "$0");
  REQUIRE(c("GETRANGE k 5 10") == "$0");
  REQUIRE(c("GETRANGE none 0 -1") == "$0");
  REQUIRE(c("GETRANGE k 0 x") == "-ERR value is not an integer or out of range");
}

TEST_CASE("LCS finds what two strings have in common", "[string][lcs]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("MSET a ohmytext b mynewtext");
  REQUIRE(c("LCS a b") == "$6 mytext");
  REQUIRE(c("LCS a b LEN") == ":6");
  REQUIRE(c("LCS a b IDX") == "*4 $7 matches *2 *2 *2 :4 :7 *2 :5 :8 *2 *2 :2 :3 *2 :0 :1 $3 len :6");
  REQUIRE(c("LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN") ==
          "*4 $7 matches *1 *3 *2 :4 :7 *2 :5 :8 :4 $3 len :6");
  REQUIRE(c("LCS a none") == "$0");
  REQUIRE(c("LCS a none IDX") == "*4 $7 matches *0 $3 len :0");
  REQUIRE(c("LCS a b IDX LEN") == "-ERR If you want both the length and indexes, please just use IDX.");
  REQUIRE(c("LCS a b MINMATCHLEN") == "-ERR syntax error");
  REQUIRE(c("LCS a b MINMATCHLEN x") == "-ERR value is not an integer or out of range");
  c("RPUSH l x");
  REQUIRE(c("LCS a l") == "-ERR The specified keys must contain string values");
  c("HELLO 3");
  REQUIRE(c("LCS a b IDX MINMATCHLEN 9") == "%2 $7 matches *0 $3 len :6");
}

TEST_CASE("LCS refuses strings whose pairs of bytes are too many", "[string][lcs]") {
  ServerFixture f({{"proto-max-bulk-len", "1mb"}});
  TestClient& c = f.client();
  c("SETRANGE a 510 x");
  c("SETRANGE b 511 x");
  REQUIRE(c("LCS a a LEN") == ":511");
  REQUIRE(c("LCS a b LEN") ==
          "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
}
