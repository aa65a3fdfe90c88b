// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "tests/support/server_fixture.h"

using sluice::Millis;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

TEST_CASE("RENAME takes the value and its time along, and ends what was there", "[keys][rename]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET a 1 PX 1000");
  c("RPUSH b x");
  REQUIRE(c("RENAME a b") == "+OK");
  REQUIRE(c("EXISTS a") == ":0");
  REQUIRE(c("GET b") == "$1 1");
  REQUIRE(c("PTTL b") == ":1000");
  c("SET d 1 PX 50");
  c("SET e 1");
  REQUIRE(c("RENAME e d") == "+OK");
  REQUIRE(c("PTTL d") == ":-1");
  REQUIRE(c("RENAME b b") == "+OK");
  REQUIRE(c("RENAME none x") == "-ERR no such key");
  REQUIRE(c("RENAMENX b d") == ":0");
  REQUIRE(c("RENAMENX b b") == ":0");
  REQUIRE(c("RENAMENX b f") == ":1");
  REQUIRE(c("RENAMENX b f") == "-ERR no such key");
}

TEST_CASE("RENAME and MOVE wake those who wait for the new name", "[keys][rename]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& waiter = f.connect();
  REQUIRE(waiter("BLPOP new 0") == "~");
  c("RPUSH old x");
  c("RENAME old new");
  REQUIRE(waiter.reply() == "*2 $3 new $1 x");
  REQUIRE(waiter("SELECT 3") == "+OK");
  REQUIRE(waiter("BLPOP k 0") == "~");
  c("RPUSH k y");
  REQUIRE(c("MOVE k 3") == ":1");
  REQUIRE(waiter.reply() == "*2 $1 k $1 y");
  REQUIRE(waiter("BLPOP k 0") == "~");
  c("SELECT 3");
  c("RPUSH other v");
  REQUIRE(c("COPY other k") == ":1");
  REQUIRE(waiter.reply() == "*2 $1 k $1 v");
}

TEST_CASE("MOVE leaves what is there, unless REPLACE says otherwise", "[keys][move]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET a 1 PX 1000");
  REQUIRE(c("MOVE a 5") == ":1");
  REQUIRE(c("MOVE a 5") == ":0");
  c("SET a 2");
  REQUIRE(c("MOVE a 5") == ":0");
  REQUIRE(c("MOVE a 5 JUNK") == "-ERR syntax error");
  REQUIRE(c("MOVE a 0") == "-ERR source and destination objects are the same");
  REQUIRE(c("MOVE a 16") == "-ERR DB index is out of range");
  REQUIRE(c("MOVE a 5 REPLACE") == ":1");
  c("SELECT 5");
  REQUIRE(c("GET a") == "$1 2");
  REQUIRE(c("PTTL a") == ":-1");
}

TEST_CASE("a key that ended in the other database is not in the way of MOVE and COPY",
          "[keys][move][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET a 1");
  c("SELECT 1");
  const int keys = static_cast<int>(sluice::core::kExpiredKeysMax) + 100;
  for (int i = 0; i < keys; ++i)
    c("SET k" + std::to_string(i) + " v PX 10");
  c("SET a old PX 10");
  c("SELECT 0");
  f.world().advance(Millis{10});
  REQUIRE(c("MOVE a 1") == ":1");
  c("SELECT 1");
  REQUIRE(c("GET a") == "$1 1");
}

TEST_CASE("COPY makes a second one, in another database too", "[keys][copy]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET s v PX 1000");
  c("RPUSH l a b c");
  c("XADD x 5-5 f v");
  c("XADD x 6-6 g w");
  c("XDEL x 6-6");
  REQUIRE(c("COPY s s2") == ":1");
  REQUIRE(c("PTTL s2") == ":1000");
  REQUIRE(c("COPY l l2") == ":1");
  REQUIRE(c("LRANGE l2 0 -1") == "*3 $1 a $1 b $1 c");
  REQUIRE(c("COPY x x DB 2") == ":1");
  REQUIRE(c("COPY x l2") == ":0");
  REQUIRE(c("COPY x l2 REPLACE") == ":1");
  REQUIRE(c("XADD l2 6-6 f v").substr(0, 4) == "-ERR");
  REQUIRE(c("COPY none y") == ":0");
  REQUIRE(c("COPY s s") == "-ERR source and destination objects are the same");
  REQUIRE(c("COPY s s DB 0") == "-ERR source and destination objects are the same");
  REQUIRE(c("COPY s y DB") == "-ERR syntax error");
  REQUIRE(c("COPY s y DB x") == "-ERR value is not an integer or out of range");
  c("SELECT 2");
  REQUIRE(c("XRANGE x - +") == "*1 *2 $3 5-5 *2 $1 f $1 v");
}

TEST_CASE("of a queue, COPY and SORT see what is ready; RENAME takes all along", "[keys][queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("RPUSH q 3 1 2");
  REQUIRE(c("QRESERVE 1 q").substr(0, 5) == "*1 *5");  // 2 is leased
  REQUIRE(c("OBJECT ENCODING q") == "$5 queue");
  REQUIRE(c("COPY q plain") == ":1");
  REQUIRE(c("LRANGE plain 0 -1") == "*2 $1 3 $1 1");
  REQUIRE(c("OBJECT ENCODING plain") == "$8 listpack");
  REQUIRE(c("SORT q") == "*2 $1 1 $1 3");
  REQUIRE(c("RENAME q other") == "+OK");
  REQUIRE(c("LLEN other") == ":2");
  f.advance(Millis{3'600'000});  // the lease ends, in its new place
  f.advance(Millis{3'600'000});  // and so does the delay
  REQUIRE(c("LLEN other") == ":3");
  c("RPUSH q2 x");
  c("QRESERVE 1 q2");
  REQUIRE(c("COPY q2 none") == ":0");
}

TEST_CASE("a policy stays with its name, and makes a queue of what comes there", "[keys][queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QPOLICY jobs LEASE 5000");
  c("RPUSH plain a");
  REQUIRE(c("RENAME plain jobs") == "+OK");
  REQUIRE(c("OBJECT ENCODING jobs") == "$5 queue");
  c("DEL jobs");
  c("RPUSH jobs a");
  REQUIRE(c("SORT jobs ALPHA STORE out") == ":1");
  REQUIRE(c("SORT out ALPHA STORE jobs") == ":1");
  REQUIRE(c("OBJECT ENCODING jobs") == "$5 queue");
}
