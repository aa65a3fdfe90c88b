// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "tests/support/server_fixture.h"

using sluice::Millis;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

TEST_CASE("pushes answer the new length and put the last element outermost", "[list]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("RPUSH l a b") == ":2");
  REQUIRE(c("LPUSH l c d") == ":4");
  REQUIRE(c("LRANGE l 0 -1") == "*4 $1 d $1 c $1 a $1 b");
  REQUIRE(c("LLEN l") == ":4");
}

TEST_CASE("a list goes away with its last element", "[list]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("RPUSH l a b");
  REQUIRE(c("LPOP l 5") == "*2 $1 a $1 b");
  REQUIRE(c("EXISTS l") == ":0");
  REQUIRE(c("LPOP l") == "$-1");
  REQUIRE(c("LPOP l 1") == "*-1");
  REQUIRE(c("LPOP l 0") == "*-1");
}

TEST_CASE("a pop count of zero answers an empty array and logs nothing", "[list]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("RPUSH l a");
  const uint64_t sequence = f.server().sequencer.sequence();
  REQUIRE(c("RPOP l 0") == "*0");
  REQUIRE(f.server().sequencer.sequence() == sequence);
  REQUIRE(c("RPOP l -1") == "-ERR value is out of range, must be positive");
  REQUIRE(c("RPOP l x") == "-ERR value is out of range, must be positive");
  REQUIRE(c("RPOP l 1 2") == "-ERR wrong number of arguments for 'rpop' command");
}

TEST_CASE("positions count from either end", "[list]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("RPUSH l a b c d");
  REQUIRE(c("LINDEX l -1") == "$1 d");
  REQUIRE(c("LINDEX l 4") == "$-1");
  REQUIRE(c("LINDEX l x") == "-ERR value is not an integer or out of range");
  REQUIRE(c("LINDEX none x") == "$-1");  // Redis looks the key up first
  REQUIRE(c("LRANGE l 1 2") == "*2 $1 b $1 c");
  REQUIRE(c("LRANGE l -2 100") == "*2 $1 c $1 d");
  REQUIRE(c("LRANGE l 3 1") == "*0");
  REQUIRE(c("LRANGE none 0 -1") == "*0");
}

TEST_CASE("LMOVE moves between lists and rotates one", "[list]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("RPUSH a 1 2 3");
  REQUIRE(c("LMOVE a b LEFT RIGHT") == "$1 1");
  REQUIRE(c("LMOVE a a RIGHT LEFT") == "$1 3");
  REQUIRE(c("LRANGE a 0 -1") == "*2 $1 3 $1 2");
  REQUIRE(c("LMOVE none b LEFT LEFT") == "$-1");
  REQUIRE(c("LMOVE a b LEFT UP") == "-ERR syntax error");
  c("SET s x");
  REQUIRE(c("LMOVE a s LEFT LEFT") == "-WRONGTYPE Operation against a key holding the wrong kind of value");
  REQUIRE(c("LRANGE a 0 -1") == "*2 $1 3 $1 2");
  REQUIRE(c("LMOVE none s LEFT LEFT") == "$-1");
}

TEST_CASE("list commands refuse other types and change nothing", "[list]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET s x");
  const std::string before = f.digest();
  for (const char* line :
       {"LPUSH s a", "RPUSH s a", "LPOP s", "RPOP s 2", "LLEN s", "LRANGE s 0 1", "LINDEX s 0", "BLPOP s 0",
        "BRPOP none s 0", "LMOVE s l LEFT LEFT", "BLMOVE s l LEFT LEFT 0"}) {
    INFO(line);
    REQUIRE(c(line) == "-WRONGTYPE Operation against a key holding the wrong kind of value");
  }
  REQUIRE(f.digest() == before);
}

TEST_CASE("a blocked pop is served by the next push, whose reply counts the element", "[list][blocking]") {
  ServerFixture f;
  TestClient& waiter = f.connect();
  REQUIRE(waiter("BLPOP l 0") == "~");
  REQUIRE(f.client()("RPUSH l x") == ":1");
  REQUIRE(waiter.reply() == "*2 $1 l $1 x");
  REQUIRE(f.client()("LLEN l") == ":0");
}

TEST_CASE("waiters are served in the order in which they came", "[list][blocking]") {
  ServerFixture f;
  TestClient& first = f.connect();
  TestClient& second = f.connect();
  TestClient& third = f.connect();
  first("BLPOP l 0");
  second("BRPOP l 0");
  third("BLPOP l 0");
  REQUIRE(f.client()("RPUSH l a b c d") == ":4");
  REQUIRE(first.reply() == "*2 $1 l $1 a");
  REQUIRE(second.reply() == "*2 $1 l $1 d");
  REQUIRE(third.reply() == "*2 $1 l $1 b");
  REQUIRE(f.client()("LRANGE l 0 -1") == "*1 $1 c");
}

TEST_CASE("of several keys the first that has an element counts, in the order of the words",
          "[list][blocking]") {
  ServerFixture f;
  TestClient& waiter = f.connect();
  waiter("BLPOP a b 0");
  TestClient& c = f.client();
  c("MULTI");
  c("RPUSH b 1");
  c("RPUSH a 2");
  REQUIRE(c("EXEC") == "*2 :1 :1");
  REQUIRE(waiter.reply() == "*2 $1 a $1 2");
}

TEST_CASE("what a transaction pushes and removes again wakes nobody", "[list][blocking]") {
  ServerFixture f;
  TestClient& waiter = f.connect();
  waiter("BLPOP l 0");
  TestClient& c = f.client();
  c("MULTI");
  c("RPUSH l x");
  c("DEL l");
  REQUIRE(c("EXEC") == "*2 :1 :1");
  REQUIRE(waiter.reply() == "~");
  REQUIRE(f.server().blocking.waiters() == 1);
}

TEST_CASE("a chain of BLMOVE is followed to its end", "[list][blocking]") {
  ServerFixture f;
  TestClient& first = f.connect();
  TestClient& second = f.connect();
  TestClient& third = f.connect();
  first("BLMOVE a b LEFT LEFT 0");
  second("BLMOVE b c LEFT LEFT 0");
  third("BLPOP c 0");
  REQUIRE(f.client()("RPUSH a x") == ":1");
  REQUIRE(first.reply() == "$1 x");
  REQUIRE(second.reply() == "$1 x");
  REQUIRE(third.reply() == "*2 $1 c $1 x");
}

TEST_CASE("BLMOVE into a wrong type fails its waiter and leaves the element for the next",
          "[list][blocking]") {
  ServerFixture f;
  TestClient& first = f.connect();
  TestClient& second = f.connect();
  f.client()("SET s x");
  first("BLMOVE l s LEFT LEFT 0");
  second("BLPOP l 0");
  f.client()("RPUSH l e");
  REQUIRE(first.reply() == "-WRONGTYPE Operation against a key holding the wrong kind of value");
  REQUIRE(second.reply() == "*2 $1 l $1 e");
}

TEST_CASE("a wait ends with a null array at its deadline, not before", "[list][blocking]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("BLPOP l 0.5") == "~");
  f.advance(Millis{499});
  REQUIRE(c.reply() == "~");
  f.advance(Millis{1});
  REQUIRE(c.reply() == "*-1");
  REQUIRE(f.server().blocking.waiters() == 0);
}

TEST_CASE("timeouts that are none are refused", "[list][blocking]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("BLPOP l -1") == "-ERR timeout is negative");
  REQUIRE(c("BLPOP l x") == "-ERR timeout is not a float or out of range");
  REQUIRE(c("BLPOP l nan") == "-ERR timeout is not a float or out of range");
  REQUIRE(c("BLPOP l inf") == "-ERR timeout is out of range");
  REQUIRE(c("BLPOP l 1e30") == "-ERR timeout is out of range");
}

TEST_CASE("inside a transaction a blocking pop answers at once", "[list][blocking]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("MULTI");
  c("BLPOP l 0");
  c("BLMOVE l m LEFT LEFT 0");
  REQUIRE(c("EXEC") == "*2 *-1 $-1");
}

TEST_CASE("what a blocked client sends behind is executed when it is released", "[list][blocking]") {
  ServerFixture f;
  TestClient& waiter = f.connect();
  waiter.send("PING\r\nBLPOP l 0\r\nPING\r\nBLPOP m 0\r\nPING\r\n");
  REQUIRE(waiter.take_bytes() == "+PONG\r\n");
  f.client()("RPUSH m 1");
  REQUIRE(waiter.take_bytes().empty());
  f.client()("RPUSH l 2");
  REQUIRE(waiter.take_bytes() ==
          "*2\r\n$1\r\nl\r\n$1\r\n2\r\n+PONG\r\n*2\r\n$1\r\nm\r\n$1\r\n1\r\n+PONG\r\n");
}

TEST_CASE("a client that goes away while it waits takes no element", "[list][blocking]") {
  ServerFixture f;
  TestClient& gone = f.connect();
  TestClient& second = f.connect();
  gone("BLPOP l 0");
  second("BLPOP l 0");
  f.disconnect(gone);
  f.client()("RPUSH l x");
  REQUIRE(second.reply() == "*2 $1 l $1 x");
}

TEST_CASE("a served pop is logged as its twin, a wait not at all", "[list][blocking][log]") {
  ServerFixture f;
  TestClient& waiter = f.connect();
  const uint64_t before = f.server().sequencer.sequence();
  waiter("BLPOP l 0");
  REQUIRE(f.server().sequencer.sequence() == before);
  f.client()("RPUSH l x");
  REQUIRE(f.server().sequencer.sequence() == before + 2);  // RPUSH, LPOP
}
