// SPDX-License-Identifier: MIT
//
// Moving several elements at once, taking from several lists, and waiting for so many.
#include <catch2/catch.hpp>

#include "tests/support/server_fixture.h"

using sluice::Millis;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

namespace {

constexpr const char* kWrongType = "-WRONGTYPE Operation against a key holding the wrong kind of value";

// The destination "x y" after two elements of "a b c d" have been moved, and what was replied.
std::string moved(std::string_view sides, std::string_view order) {
  ServerFixture f;
  TestClient& c = f.client();
  c("RPUSH s a b c d");
  c("RPUSH d x y");
  const std::string reply = c("LMOVEM s d " + std::string(sides) + " EXACTLY 2 " + std::string(order));
  return reply + " / " + c("LRANGE d 0 -1");
}

}  // namespace

TEST_CASE("LMOVEM places elements one by one or in their order", "[list][move]") {
  REQUIRE(moved("LEFT LEFT", "OBO") == "*2 $1 b $1 a / *4 $1 b $1 a $1 x $1 y");
  REQUIRE(moved("LEFT LEFT", "BULK") == "*2 $1 a $1 b / *4 $1 a $1 b $1 x $1 y");
  REQUIRE(moved("LEFT RIGHT", "OBO") == "*2 $1 a $1 b / *4 $1 x $1 y $1 a $1 b");
  REQUIRE(moved("LEFT RIGHT", "BULK") == "*2 $1 a $1 b / *4 $1 x $1 y $1 a $1 b");
  REQUIRE(moved("RIGHT LEFT", "OBO") == "*2 $1 c $1 d / *4 $1 c $1 d $1 x $1 y");
  REQUIRE(moved("RIGHT LEFT", "BULK") == "*2 $1 c $1 d / *4 $1 c $1 d $1 x $1 y");
  REQUIRE(moved("RIGHT RIGHT", "OBO") == "*2 $1 d $1 c / *4 $1 x $1 y $1 d $1 c");
  REQUIRE(moved("RIGHT RIGHT", "BULK") == "*2 $1 c $1 d / *4 $1 x $1 y $1 c $1 d");
}

TEST_CASE("LMOVEM moves up to so many, or all or none", "[list][move]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("LMOVEM none d LEFT LEFT") == "*-1");
  c("RPUSH s a b c");
  REQUIRE(c("LMOVEM s d LEFT RIGHT") == "*1 $1 a");
  REQUIRE(c("LMOVEM s d LEFT RIGHT EXACTLY 3 OBO") == "*-1");
  REQUIRE(c("LMOVEM s d LEFT RIGHT COUNT 9 BULK") == "*2 $1 b $1 c");
  REQUIRE(c("EXISTS s") == ":0");
  REQUIRE(c("LRANGE d 0 -1") == "*3 $1 a $1 b $1 c");
  REQUIRE(c("LMOVEM d d LEFT LEFT EXACTLY 3 OBO") == "*3 $1 c $1 b $1 a");  // all popped first
  REQUIRE(c("LRANGE d 0 -1") == "*3 $1 c $1 b $1 a");
  REQUIRE(c("LMOVEM d d RIGHT LEFT COUNT 2 BULK") == "*2 $1 b $1 a");
  REQUIRE(c("LRANGE d 0 -1") == "*3 $1 b $1 a $1 c");
}

TEST_CASE("LMOVEM takes all three words or none, and a number above zero", "[list][move]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("RPUSH s a");
  for (const char* line : {"LMOVEM s d LEFT LEFT COUNT", "LMOVEM s d LEFT LEFT COUNT 1",
                           "LMOVEM s d LEFT LEFT OBO", "LMOVEM s d LEFT LEFT COUNT 1 OBO BULK",
                           "LMOVEM s d LEFT LEFT COUNT 1 EXACTLY", "LMOVEM s d LEFT UP"}) {
    INFO(line);
    REQUIRE(c(line) == "-ERR syntax error");
  }
  REQUIRE(c("LMOVEM s d LEFT LEFT COUNT 0 OBO") == "-ERR value is out of range, must be positive");
  REQUIRE(c("LMOVEM s d LEFT LEFT COUNT x OBO") == "-ERR value is out of range, must be positive");
  REQUIRE(c("BLMOVEM s d LEFT LEFT -1 COUNT 1 OBO") == "-ERR timeout is negative");
  REQUIRE(c("LMOVEM s d LEFT") == "-ERR wrong number of arguments for 'lmovem' command");
}

TEST_CASE("LMOVEM looks at the destination's type only when there is enough to move", "[list][move]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET d x");
  REQUIRE(c("LMOVEM none d LEFT LEFT") == "*-1");
  c("RPUSH s a b");
  REQUIRE(c("LMOVEM s d LEFT LEFT EXACTLY 3 OBO") == "*-1");
  REQUIRE(c("LMOVEM s d LEFT LEFT EXACTLY 2 OBO") == kWrongType);
  REQUIRE(c("LLEN s") == ":2");
}

TEST_CASE("BLMOVEM EXACTLY waits until there are so many, and lets others pass meanwhile",
          "[list][move][blocking]") {
  ServerFixture f;
  TestClient& three = f.connect();
  TestClient& one = f.connect();
  REQUIRE(three("BLMOVEM s d LEFT RIGHT 0 EXACTLY 3 BULK") == "~");
  f.client()("RPUSH s a b");
  REQUIRE(three.reply() == "~");
  REQUIRE(one("BLPOP s 0") == "*2 $1 s $1 a");
  f.client()("LINSERT s BEFORE b x");
  REQUIRE(three.reply() == "~");
  f.client()("LPUSHX s y");
  REQUIRE(three.reply() == "*3 $1 y $1 x $1 b");
  REQUIRE(f.client()("LRANGE d 0 -1") == "*3 $1 y $1 x $1 b");
}

TEST_CASE("a later waiter with a smaller need is served before an earlier one with a greater",
          "[list][move][blocking]") {
  ServerFixture f;
  TestClient& three = f.connect();
  TestClient& two = f.connect();
  three("BLMOVEM s d LEFT RIGHT 0 EXACTLY 3 BULK");
  two("BLMOVEM s e LEFT RIGHT 0 EXACTLY 2 OBO");
  f.client()("RPUSH s a b");
  REQUIRE(two.reply() == "*2 $1 a $1 b");
  f.client()("RPUSH s 1 2 3 4");
  REQUIRE(three.reply() == "*3 $1 1 $1 2 $1 3");
}

TEST_CASE("BLMOVEM COUNT waits for one element only, ends with a null array, and never waits in MULTI",
          "[list][move][blocking]") {
  ServerFixture f;
  TestClient& waiter = f.connect();
  waiter("BLMOVEM s d LEFT RIGHT 0 COUNT 5 OBO");
  f.client()("RPUSH s a b");
  REQUIRE(waiter.reply() == "*2 $1 a $1 b");
  waiter("BLMOVEM s d LEFT RIGHT 0.1");
  f.advance(Millis{100});
  REQUIRE(waiter.reply() == "*-1");
  waiter("MULTI");
  waiter("BLMOVEM s d LEFT RIGHT 0");
  waiter("BRPOPLPUSH s d 0");
  waiter("BLMPOP 0 1 s LEFT");
  REQUIRE(waiter("EXEC") == "*3 *-1 $-1 *-1");
}

TEST_CASE("a wait keeps its first deadline however often its command runs again", "[list][move][blocking]") {
  ServerFixture f;
  TestClient& waiter = f.connect();
  waiter("BLMOVEM s d LEFT RIGHT 1 EXACTLY 2 BULK");
  f.advance(Millis{600});
  f.client()("RPUSH s a");
  f.client()("RPOP s");
  f.advance(Millis{399});
  REQUIRE(waiter.reply() == "~");
  f.advance(Millis{1});
  REQUIRE(waiter.reply() == "*-1");
}

TEST_CASE("LMPOP takes from the first list that has some", "[list][pop]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("LMPOP 2 a b LEFT") == "*-1");
  c("RPUSH b 1 2 3");
  REQUIRE(c("LMPOP 2 a b LEFT") == "*2 $1 b *1 $1 1");
  REQUIRE(c("LMPOP 2 a b right COUNT 10") == "*2 $1 b *2 $1 3 $1 2");
  REQUIRE(c("EXISTS b") == ":0");
  REQUIRE(c("LMPOP 0 a LEFT") == "-ERR numkeys should be greater than 0");
  REQUIRE(c("LMPOP x a LEFT") == "-ERR numkeys should be greater than 0");
  REQUIRE(c("LMPOP 3 a LEFT") == "-ERR syntax error");
  REQUIRE(c("LMPOP 1 a UP") == "-ERR syntax error");
  REQUIRE(c("LMPOP 1 a LEFT COUNT 0") == "-ERR count should be greater than 0");
  REQUIRE(c("LMPOP 1 a LEFT COUNT") == "-ERR syntax error");
  REQUIRE(c("LMPOP 1 a LEFT COUNT 1 COUNT 2") == "-ERR syntax error");
  REQUIRE(c("BLMPOP x 0 a LEFT") ==
          "-ERR numkeys should be greater than 0");  // the timeout is looked at last
  REQUIRE(c("BLMPOP x 1 a LEFT") == "-ERR timeout is not a float or out of range");
  c("SET a x");
  REQUIRE(c("LMPOP 2 a b LEFT") == kWrongType);
}

TEST_CASE("waiters of every list kind on one key are served in turn", "[list][blocking]") {
  ServerFixture f;
  TestClient& popper = f.connect();
  TestClient& many = f.connect();
  TestClient& mover = f.connect();
  TestClient& worker = f.connect();
  TestClient& pusher = f.connect();
  popper("BRPOP l 0");
  many("BLMPOP 0 2 k l LEFT COUNT 2");
  mover("BLMOVE l m LEFT LEFT 0");
  worker("QRESERVE 1 l BLOCK 0 CONSUMER w");
  pusher("BRPOPLPUSH l m 0");
  f.client()("RPUSH l 1 2 3 4 5 6 7");
  REQUIRE(popper.reply() == "*2 $1 l $1 7");
  REQUIRE(many.reply() == "*2 $1 l *2 $1 1 $1 2");
  REQUIRE(mover.reply() == "$1 3");
  REQUIRE(worker.reply().find("$1 6") != std::string::npos);
  REQUIRE(pusher.reply() == "$1 5");
  REQUIRE(f.client()("LRANGE l 0 -1") == "*1 $1 4");
}

TEST_CASE("RPUSHX and LPUSHX make no list", "[list]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("LPUSHX l a") == ":0");
  REQUIRE(c("RPUSHX l a") == ":0");
  REQUIRE(c("EXISTS l") == ":0");
  c("RPUSH l a");
  REQUIRE(c("LPUSHX l b c") == ":3");
  REQUIRE(c("RPUSHX l d") == ":4");
  REQUIRE(c("LRANGE l 0 -1") == "*4 $1 c $1 b $1 a $1 d");
  c("SET s x");
  REQUIRE(c("LPUSHX s a") == kWrongType);
}

TEST_CASE("RPOPLPUSH moves from the right end to the left one", "[list][move]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("RPOPLPUSH a b") == "$-1");
  c("RPUSH a 1 2 3");
  REQUIRE(c("RPOPLPUSH a b") == "$1 3");
  REQUIRE(c("RPOPLPUSH a a") == "$1 2");
  REQUIRE(c("LRANGE a 0 -1") == "*2 $1 2 $1 1");
  REQUIRE(c("BRPOPLPUSH a b 0") == "$1 1");
  REQUIRE(c("LRANGE b 0 -1") == "*2 $1 1 $1 3");
}
