// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include <set>
#include <string>

#include "tests/support/resp_decoder.h"
#include "tests/support/server_fixture.h"

using sluice::Millis;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

namespace {

// A whole scan: the keys that it showed, with what it said between two calls.
template <typename Between>
std::set<std::string> scanned(TestClient& client, const std::string& options, const Between& between) {
  std::set<std::string> keys;
  std::string cursor = "0";
  do {
    const std::string reply = client("SCAN " + cursor + " " + options);
    REQUIRE(reply.starts_with("*2 $"));
    size_t at = reply.find(' ', 3) + 1;
    cursor = reply.substr(at, reply.find(' ', at) - at);
    at = reply.find(" *", at) + 2;
    while ((at = reply.find(" $", at)) != std::string::npos) {
      at = reply.find(' ', at + 2) + 1;
      keys.insert(reply.substr(at, reply.find(' ', at) - at));
    }
    between();
  } while (cursor != "0");
  return keys;
}

}  // namespace

TEST_CASE("SCAN shows every key that is there from its beginning to its end", "[keys][scan]") {
  ServerFixture f;
  TestClient& c = f.client();
  for (int i = 0; i < 3000; ++i)
    c("SET stays" + std::to_string(i) + " v");
  for (int i = 0; i < 3000; ++i)
    c("SET goes" + std::to_string(i) + " v");
  int step = 0;
  const auto change = [&] {
    for (int i = 0; i < 40; ++i, ++step) {
      c("SET comes" + std::to_string(step) + " v");
      c("DEL goes" + std::to_string(step));
    }
  };
  const std::set<std::string> keys = scanned(c, "COUNT 50", change);
  for (int i = 0; i < 3000; ++i)
    REQUIRE(keys.contains("stays" + std::to_string(i)));
}

TEST_CASE("SCAN filters by pattern and type", "[keys][scan]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET a1 v");
  c("SET a2 v");
  c("RPUSH a3 v");
  c("SET b1 v");
  const auto nothing = [] {};
  REQUIRE(scanned(c, "MATCH a*", nothing) == std::set<std::string>{"a1", "a2", "a3"});
  REQUIRE(scanned(c, "TYPE LIST", nothing) == std::set<std::string>{"a3"});
  REQUIRE(scanned(c, "TYPE string MATCH a?", nothing) == std::set<std::string>{"a1", "a2"});
  REQUIRE(scanned(c, "TYPE junk", nothing).empty());
  REQUIRE(c("SCAN x") == "-ERR invalid cursor");
  REQUIRE(c("SCAN +") == "-ERR invalid cursor");
  REQUIRE(c("SCAN -") == "-ERR invalid cursor");
  REQUIRE(c("SCAN 0 COUNT 0") == "-ERR syntax error");
  REQUIRE(c("SCAN 0 COUNT x") == "-ERR value is not an integer or out of range");
  REQUIRE(c("SCAN 0 MATCH") == "-ERR syntax error");
  REQUIRE(c("SCAN 281474976710656") == "*2 $1 0 *0");  // beyond every cursor
}

TEST_CASE("keys whose time is over are not shown, removed or not", "[keys][scan][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  const int keys = static_cast<int>(sluice::core::kExpiredKeysMax) + 500;
  for (int i = 0; i < keys; ++i)
    c("SET k" + std::to_string(i) + " v PX 10");
  f.world().advance(Millis{10});
  REQUIRE(c("KEYS *") == "*0");  // in this turn 500 are left
  f.advance(Millis{1});
  c("SET last v");
  REQUIRE(c("KEYS *") == "*1 $4 last");
  REQUIRE(c("RANDOMKEY") == "$4 last");
}

TEST_CASE("RANDOMKEY gets to every key", "[keys][randomkey]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("RANDOMKEY") == "$-1");
  std::set<std::string> seen;
  for (int i = 0; i < 20; ++i)
    c("SET k" + std::to_string(i) + " v");
  for (int i = 0; i < 1000; ++i)
    seen.insert(c("RANDOMKEY"));
  REQUIRE(seen.size() == 20);
  // A table that has grown and is nearly empty again.
  for (int i = 0; i < 5000; ++i)
    c("SET n" + std::to_string(i) + " v");
  for (int i = 0; i < 5000; ++i)
    c("DEL n" + std::to_string(i));
  for (int i = 1; i < 20; ++i)
    c("DEL k" + std::to_string(i));
  REQUIRE(c("RANDOMKEY") == "$2 k0");
}

TEST_CASE("OBJECT tells encodings in Redis's words", "[keys][object]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET i 123");
  c("SET e short");
  c("SET r " + std::string(45, 'x'));
  c("RPUSH l a");
  c("XADD x 1-1 f v");
  for (int i = 0; i < 10; ++i)
    c("RPUSH big " + std::string(1000, 'y'));
  REQUIRE(c("OBJECT ENCODING i") == "$3 int");
  REQUIRE(c("OBJECT ENCODING e") == "$6 embstr");
  REQUIRE(c("OBJECT ENCODING r") == "$3 raw");
  REQUIRE(c("OBJECT ENCODING l") == "$8 listpack");
  REQUIRE(c("OBJECT ENCODING big") == "$9 quicklist");
  REQUIRE(c("OBJECT ENCODING x") == "$6 stream");
  REQUIRE(c("OBJECT ENCODING none") == "$-1");
  REQUIRE(c("OBJECT REFCOUNT i") == ":2147483647");
  REQUIRE(c("OBJECT REFCOUNT e") == ":1");
  REQUIRE(c("OBJECT IDLETIME e") == ":0");
  REQUIRE(c("OBJECT FREQ none") == "$-1");
  REQUIRE(c("OBJECT FREQ e").starts_with("-ERR An LFU maxmemory policy is not selected"));
  REQUIRE(c("OBJECT JUNK e") == "-ERR unknown subcommand 'JUNK'. Try OBJECT HELP.");
}

TEST_CASE("EXPIRETIME tells the point in time", "[keys][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET a 1 PXAT 1800000000499");
  c("SET b 1");
  REQUIRE(c("PEXPIRETIME a") == ":1800000000499");
  REQUIRE(c("EXPIRETIME a") == ":1800000000");
  REQUIRE(c("EXPIRETIME b") == ":-1");
  REQUIRE(c("PEXPIRETIME none") == ":-2");
  REQUIRE(c("TOUCH a a none") == ":2");
}
