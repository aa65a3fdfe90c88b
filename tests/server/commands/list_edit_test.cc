// SPDX-License-Identifier: MIT
//
// The middle of a list, LPOS, and the list commands on a queue.
#include <catch2/catch.hpp>

#include "tests/support/server_fixture.h"

using sluice::test::ServerFixture;
using sluice::test::TestClient;

TEST_CASE("LSET overwrites, and says what is wrong in Redis's order", "[list][edit]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("LSET none x a") == "-ERR no such key");
  c("RPUSH l a b c");
  REQUIRE(c("LSET l x a") == "-ERR value is not an integer or out of range");
  REQUIRE(c("LSET l 3 a") == "-ERR index out of range");
  REQUIRE(c("LSET l -4 a") == "-ERR index out of range");
  REQUIRE(c("LSET l 1 B") == "+OK");
  REQUIRE(c("LSET l -1 C") == "+OK");
  REQUIRE(c("LRANGE l 0 -1") == "*3 $1 a $1 B $1 C");
}

TEST_CASE("LINSERT puts beside the first that is like the pivot", "[list][edit]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("LINSERT none BEFORE a b") == ":0");
  REQUIRE(c("LINSERT none BESIDE a b") == "-ERR syntax error");
  c("RPUSH l a b a");
  REQUIRE(c("LINSERT l AFTER a x") == ":4");
  REQUIRE(c("LINSERT l before b y") == ":5");
  REQUIRE(c("LINSERT l BEFORE none z") == ":-1");
  REQUIRE(c("LRANGE l 0 -1") == "*5 $1 a $1 x $1 y $1 b $1 a");
}

TEST_CASE("LREM takes the first, the last or all, and the key with the last element", "[list][edit]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("RPUSH l a b a c a");
  REQUIRE(c("LREM l -1 a") == ":1");
  REQUIRE(c("LRANGE l 0 -1") == "*4 $1 a $1 b $1 a $1 c");
  REQUIRE(c("LREM l 1 a") == ":1");
  REQUIRE(c("LRANGE l 0 -1") == "*3 $1 b $1 a $1 c");
  const uint64_t sequence = f.server().sequencer.sequence();
  REQUIRE(c("LREM l 0 none") == ":0");
  REQUIRE(c("LREM none 0 a") == ":0");
  REQUIRE(f.server().sequencer.sequence() == sequence);
  REQUIRE(c("LREM l x a") == "-ERR value is not an integer or out of range");
  REQUIRE(c("LREM l -9223372036854775808 a") ==
          "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807");
  c("LREM l 0 a");
  c("LREM l 0 b");
  REQUIRE(c("LREM l 5 c") == ":1");
  REQUIRE(c("EXISTS l") == ":0");
}

TEST_CASE("LTRIM keeps what is between, and is logged only if it cut something off", "[list][edit]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("RPUSH l a b c d e");
  REQUIRE(c("LTRIM l 1 -2") == "+OK");
  REQUIRE(c("LRANGE l 0 -1") == "*3 $1 b $1 c $1 d");
  const uint64_t sequence = f.server().sequencer.sequence();
  REQUIRE(c("LTRIM l -100 100") == "+OK");
  REQUIRE(c("LTRIM none 0 1") == "+OK");
  REQUIRE(f.server().sequencer.sequence() == sequence);
  REQUIRE(c("LTRIM none x 1") == "-ERR value is not an integer or out of range");
  REQUIRE(c("LTRIM l 2 1") == "+OK");
  REQUIRE(c("EXISTS l") == ":0");
  c("RPUSH l a b");
  REQUIRE(c("LTRIM l 5 9") == "+OK");
  REQUIRE(c("EXISTS l") == ":0");
}

TEST_CASE("LPOS finds by rank, how often, and within a bound", "[list][edit]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("RPUSH l a b c 1 2 3 c c");
  REQUIRE(c("LPOS l c") == ":2");
  REQUIRE(c("LPOS l c RANK 2") == ":6");
  REQUIRE(c("LPOS l c RANK -1") == ":7");
  REQUIRE(c("LPOS l c RANK -2 COUNT 2") == "*2 :6 :2");
  REQUIRE(c("LPOS l c COUNT 0") == "*3 :2 :6 :7");
  REQUIRE(c("LPOS l c COUNT 0 MAXLEN 7") == "*2 :2 :6");
  REQUIRE(c("LPOS l c RANK 5") == "$-1");
  REQUIRE(c("LPOS l none COUNT 1") == "*0");
  REQUIRE(c("LPOS none c COUNT 1") == "*0");
  REQUIRE(c("LPOS none c") == "$-1");
  REQUIRE(c("LPOS l c RANK 0") ==
          "-ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use "
          "negative to "
          "start from the end of the list");
  REQUIRE(c("LPOS l c COUNT -1") == "-ERR COUNT can't be negative");
  REQUIRE(c("LPOS l c MAXLEN -1") == "-ERR MAXLEN can't be negative");
  REQUIRE(c("LPOS l c RANK") == "-ERR syntax error");
  REQUIRE(c("LPOS l c JUNK 1") == "-ERR syntax error");
  REQUIRE(c("LPOS l c RANK -9223372036854775808") ==
          "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807");
}

TEST_CASE("list commands on a queue work on its ready messages and count what they take",
          "[list][edit][queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QPOLICY q LEASE 1000");
  c("RPUSH q a b c b d b e");
  c("QRESERVE 1 q CONSUMER w");  // e is leased
  c("QADD q DELAY 5000 later");
  REQUIRE(c("LRANGE q 0 -1") == "*6 $1 a $1 b $1 c $1 b $1 d $1 b");
  REQUIRE(c("LREM q -2 b") == ":2");
  REQUIRE(c("LRANGE q 0 -1") == "*4 $1 a $1 b $1 c $1 d");
  REQUIRE(c("LSET q 0 A") == "+OK");
  REQUIRE(c("LINSERT q AFTER A x") == ":5");
  REQUIRE(c("LPOS q c") == ":3");
  REQUIRE(c("LMOVE q q LEFT RIGHT") == "$1 A");
  REQUIRE(c("LMPOP 2 none q LEFT COUNT 2") == "*2 $1 q *2 $1 x $1 b");
  REQUIRE(c("LTRIM q 1 1") == "+OK");
  REQUIRE(c("LRANGE q 0 -1") == "*1 $1 d");
  REQUIRE(c("RPUSHX q z") == ":2");
  REQUIRE(c("LMOVEM q other LEFT RIGHT EXACTLY 2 BULK") == "*2 $1 d $1 z");
  REQUIRE(c("LLEN q") == ":0");
  REQUIRE(c("EXISTS q") == ":1");  // one is leased, one is delayed
  REQUIRE(c("LPUSHX q y") == ":1");
  const std::string info = c("QINFO q");
  INFO(info);
  // 2 by LREM, 1 by LSET, 1 by LMOVE, 2 by LMPOP, 2 by LTRIM, 2 by LMOVEM
  REQUIRE(info.find("$6 popped :10") != std::string::npos);
}
