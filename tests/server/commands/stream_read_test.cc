// SPDX-License-Identifier: MIT
//
// XREAD: what it replies, when it waits and what it wakes to.
#include <catch2/catch.hpp>
#include <string>

#include "tests/support/server_fixture.h"

using sluice::Millis;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

namespace {

// The entry <id> with the fields f v, as show() prints it.
std::string entry(const std::string& id) {
  return "*2 $" + std::to_string(id.size()) + " " + id + " *2 $1 f $1 v";
}

}  // namespace

TEST_CASE("XREAD replies what is above the given IDs, streams without it left out", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  for (const char* id : {"1-1", "1-2", "2-0"})
    c("XADD a " + std::string(id) + " f v");
  c("XADD b 1-1 f v");
  REQUIRE(c("XREAD STREAMS a 0") ==
          "*1 *2 $1 a *3 " + entry("1-1") + " " + entry("1-2") + " " + entry("2-0"));
  REQUIRE(c("XREAD STREAMS a none b 1-2 0 0") ==
          "*2 *2 $1 a *1 " + entry("2-0") + " *2 $1 b *1 " + entry("1-1"));
  REQUIRE(c("XREAD COUNT 1 STREAMS a b 1 1-1") == "*1 *2 $1 a *1 " + entry("1-1"));
  REQUIRE(c("XREAD COUNT 0 STREAMS b 0") == "*1 *2 $1 b *1 " + entry("1-1"));
  REQUIRE(c("XREAD COUNT -3 STREAMS b 0") == "*1 *2 $1 b *1 " + entry("1-1"));
  REQUIRE(c("XREAD STREAMS a b 9 $") == "*-1");
  REQUIRE(c("XREAD STREAMS none 0") == "*-1");
  REQUIRE(c("XREAD STREAMS a 18446744073709551615-18446744073709551615") == "*-1");
  REQUIRE(c("XREAD STREAMS b b 0 0") == "*2 *2 $1 b *1 " + entry("1-1") + " *2 $1 b *1 " + entry("1-1"));
}

TEST_CASE("XREAD replies a map to who speaks RESP3", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("XADD a 1-1 f v");
  c("HELLO 3");
  REQUIRE(c("XREAD STREAMS a none 0 0") == "%1 $1 a *1 " + entry("1-1"));
  REQUIRE(c("XREAD STREAMS none 0") == "_");
}

TEST_CASE("XREAD from + replies the newest entry that is there", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  for (const char* id : {"1-1", "1-2", "1-3"})
    c("XADD a " + std::string(id) + " f v");
  REQUIRE(c("XREAD COUNT 9 STREAMS a +") == "*1 *2 $1 a *1 " + entry("1-3"));
  c("XDEL a 1-3");
  REQUIRE(c("XREAD STREAMS a none + +") == "*1 *2 $1 a *1 " + entry("1-2"));
  c("XDEL a 1-1 1-2");
  REQUIRE(c("XREAD STREAMS a +") == "*-1");
}

TEST_CASE("XREAD checks its words as Redis does", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  const std::string syntax = "-ERR syntax error";
  for (const char* line :
       {"XREAD FOO STREAMS k 0", "XREAD COUNT 1 BLOCK 100", "XREAD COUNT 1 STREAMS", "XREAD 1 2 3"}) {
    INFO(line);
    REQUIRE(c(line) == syntax);
  }
  REQUIRE(
      c("XREAD STREAMS k s 0") ==
      "-ERR Unbalanced 'xread' list of streams: for each stream key an ID, '+', or '$' must be specified.");
  REQUIRE(c("XREAD COUNT x STREAMS k 0") == "-ERR value is not an integer or out of range");
  for (const char* timeout : {"x", "1.5", "9223372036854775808"}) {
    REQUIRE(c("XREAD BLOCK " + std::string(timeout) + " STREAMS k 0") ==
            "-ERR timeout is not an integer or out of range");
  }
  REQUIRE(c("XREAD BLOCK -1 STREAMS k 0") == "-ERR timeout is negative");
  REQUIRE(c("XREAD BLOCK 9223372036854775807 STREAMS k 0") == "-ERR timeout is out of range");
  REQUIRE(c("XREAD GROUP g c STREAMS k 0") ==
          "-ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.");
  REQUIRE(c("XREAD NOACK STREAMS k 0") ==
          "-ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.");
  REQUIRE(c("XREAD STREAMS k >") ==
          "-ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> "
          "option.");
  for (const char* id : {"-", "(5", "zz"}) {
    REQUIRE(c("XREAD STREAMS k " + std::string(id)) ==
            "-ERR Invalid stream ID specified as stream command argument");
  }
}

TEST_CASE("MAXCOUNT limits the entries of all streams together", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  for (const char* key : {"a", "b", "c"}) {
    for (const char* id : {"1-1", "1-2", "1-3"})
      c("XADD " + std::string(key) + " " + id + " f v");
  }
  REQUIRE(c("XREAD COUNT 2 MAXCOUNT 3 STREAMS a b c 0 0 0") ==
          "*2 *2 $1 a *2 " + entry("1-1") + " " + entry("1-2") + " *2 $1 b *1 " + entry("1-1"));
  REQUIRE(c("XREAD MAXCOUNT 1 STREAMS a b 9 0") == "*1 *2 $1 b *1 " + entry("1-1"));
  REQUIRE(c("XREAD MAXCOUNT 0 STREAMS a 0") == "-ERR MAXCOUNT must be a positive integer");
  REQUIRE(c("XREAD MAXCOUNT x STREAMS a 0") == "-ERR MAXCOUNT must be a positive integer");
  REQUIRE(c("XREAD MAXSIZE -1 STREAMS a 0") == "-ERR MAXSIZE must be a positive integer");
  REQUIRE(c("XREAD COUNT 4 MAXCOUNT 3 STREAMS a 0") ==
          "-ERR MAXCOUNT must be greater than or equal to COUNT");
}

TEST_CASE("MAXSIZE limits the bytes of the reply, but a first entry always comes", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  for (const char* id : {"1-1", "1-2", "1-3"})
    c("XADD a " + std::string(id) + " f v");
  c("XADD b 1-1 f v");
  // *2 $3 1-1 *2 $1 f $1 v is 31 bytes with its line ends; the stream's *2 $1 a *1 are 15 more.
  REQUIRE(c("XREAD MAXSIZE 1 STREAMS a b 0 0") == "*1 *2 $1 a *1 " + entry("1-1"));
  REQUIRE(c("XREAD MAXSIZE 76 STREAMS a b 0 0") == "*1 *2 $1 a *1 " + entry("1-1"));
  REQUIRE(c("XREAD MAXSIZE 77 STREAMS a b 0 0") == "*1 *2 $1 a *2 " + entry("1-1") + " " + entry("1-2"));
  REQUIRE(c("XREAD COUNT 1 MAXSIZE 91 STREAMS a b 0 0") == "*1 *2 $1 a *1 " + entry("1-1"));
  REQUIRE(c("XREAD COUNT 1 MAXSIZE 92 STREAMS a b 0 0") ==
          "*2 *2 $1 a *1 " + entry("1-1") + " *2 $1 b *1 " + entry("1-1"));
  REQUIRE(c("XREAD MAXSIZE 1 STREAMS a 9") == "*-1");
  c("XADD a 1-4 f " + std::string(100, 'v'));
  // There is room for another small entry, but not for the large one before it.
  REQUIRE(c("XREAD MAXSIZE 150 STREAMS a b 1-2 0") == "*1 *2 $1 a *1 " + entry("1-3"));
}

TEST_CASE("XREAD BLOCK waits for an entry above the ID", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& reader = f.connect();
  TestClient& other = f.connect();
  c("XADD a 5-0 f v");
  REQUIRE(reader("XREAD BLOCK 0 STREAMS a b $ $") == "~");
  REQUIRE(other("XREAD BLOCK 0 STREAMS a 7-0") == "~");
  c("XADD a 6-0 f v");
  REQUIRE(reader.reply() == "*1 *2 $1 a *1 " + entry("6-0"));
  REQUIRE(other.reply() == "~");
  c("XADD a 7-1 f v");
  REQUIRE(other.reply() == "*1 *2 $1 a *1 " + entry("7-1"));
  REQUIRE(reader("XREAD BLOCK 10 STREAMS a 7-0") == "*1 *2 $1 a *1 " + entry("7-1"));
}

TEST_CASE("a $ means the end of the stream when the wait began", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& reader = f.connect();
  c("XADD a 5-0 f v");
  reader("XREAD BLOCK 0 STREAMS a $");
  c("DEL a");
  c("XADD a 3-0 f v");
  REQUIRE(reader.reply() == "~");
  c("MULTI");
  c("XADD a 6-0 f v");
  c("XADD a 6-1 f v");
  c("EXEC");
  REQUIRE(reader.reply() == "*1 *2 $1 a *2 " + entry("6-0") + " " + entry("6-1"));
}

TEST_CASE("every waiter of a stream gets the entry", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& one = f.connect();
  TestClient& two = f.connect();
  one("XREAD BLOCK 0 STREAMS a $");
  two("XREAD BLOCK 0 STREAMS a +");
  c("XADD a 1-1 f v");
  REQUIRE(one.reply() == "*1 *2 $1 a *1 " + entry("1-1"));
  REQUIRE(two.reply() == "*1 *2 $1 a *1 " + entry("1-1"));
}

TEST_CASE("XREAD waits no longer than it was told to", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& reader = f.connect();
  reader("XREAD BLOCK 50 STREAMS a 9-0");
  f.advance(Millis{30});
  c("XADD a 1-1 f v");  // looked at, not for the reader, and no new beginning
  f.advance(Millis{19});
  REQUIRE(reader.reply() == "~");
  f.advance(Millis{1});
  REQUIRE(reader.reply() == "*-1");
}

TEST_CASE("an entry that is gone again wakes nobody", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& reader = f.connect();
  reader("XREAD BLOCK 0 STREAMS a $");
  REQUIRE(c("XADD a MAXLEN 0 1-1 f v") == "$3 1-1");
  REQUIRE(reader.reply() == "~");
  c("XADD a 1-2 f v");
  REQUIRE(reader.reply() == "*1 *2 $1 a *1 " + entry("1-2"));
}

TEST_CASE("XREAD BLOCK does not wait inside a transaction", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("MULTI");
  c("XREAD BLOCK 0 STREAMS a $");
  REQUIRE(c("EXEC") == "*1 *-1");
}
