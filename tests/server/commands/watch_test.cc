// SPDX-License-Identifier: MIT
//
// WATCH and the conditions of EXEC.
#include <catch2/catch.hpp>

#include "tests/support/server_fixture.h"

using sluice::Millis;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

namespace {

// The reply of an EXEC behind `WATCH k`, whatever `between` did to the key.
std::string exec_after(ServerFixture& f, std::string_view between, std::string_view before = "SET k 1") {
  TestClient& c = f.client();
  TestClient& other = f.connect();
  other("FLUSHALL");
  other(before);
  c("WATCH k");
  other(between);
  c("MULTI");
  c("PING");
  return c("EXEC");
}

TEST_CASE("XSETID leaves a transaction that watches the stream alone", "[watch][stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("XADD s 1-1 f v");
  REQUIRE(c("WATCH s") == "+OK");
  REQUIRE(c("XSETID s 2-3") == "+OK");
  REQUIRE(c("MULTI") == "+OK");
  REQUIRE(c("EXEC") == "*0");
}

}  // namespace

TEST_CASE("EXEC runs nothing once a watched key has changed", "[watch]") {
  ServerFixture f;
  for (const char* line :
       {"SET k 1", "DEL k", "LPUSH k a", "EXPIRE k 100", "FLUSHALL", "FLUSHDB", "PEXPIRE k -1"}) {
    INFO(line);
    const bool is_wrong_type = std::string_view(line) == "LPUSH k a";
    REQUIRE(exec_after(f, line) == (is_wrong_type ? "*1 +PONG" : "*-1"));
  }
  for (const char* line :
       {"RPUSH k b", "LPOP k", "LSET k 0 b", "LTRIM k 0 -1", "LREM k 0 a", "LMOVE k k LEFT LEFT"}) {
    INFO(line);
    REQUIRE(exec_after(f, line, "RPUSH k a") == "*-1");
  }
  for (const char* line :
       {"GET k", "SET other 1", "PERSIST k", "SET k 2 NX", "WATCH k", "PING", "LPOP other"}) {
    INFO(line);
    REQUIRE(exec_after(f, line) == "*1 +PONG");
  }
}

TEST_CASE("a flush touches only the watched keys that there are", "[watch]") {
  ServerFixture f;
  REQUIRE(exec_after(f, "FLUSHALL", "SET other 1") == "*1 +PONG");
  REQUIRE(exec_after(f, "SET k 1", "SET other 1") == "*-1");
}

TEST_CASE("what the client itself changes between WATCH and MULTI counts", "[watch]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("WATCH k");
  c("SET k 1");
  c("MULTI");
  REQUIRE(c("EXEC") == "*-1");
  // The refusal ended the watch.
  c("MULTI");
  REQUIRE(c("EXEC") == "*0");
}

TEST_CASE("UNWATCH, DISCARD, EXEC and RESET end all watches; SELECT does not", "[watch]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& other = f.connect();
  const auto exec = [&c] {
    c("MULTI");
    return c("EXEC");
  };
  c("WATCH k");
  other("SET k 1");
  c("UNWATCH");
  REQUIRE(exec() == "*0");
  c("WATCH k");
  c("MULTI");
  other("SET k 1");
  c("DISCARD");
  REQUIRE(exec() == "*0");
  c("WATCH k");
  REQUIRE(exec() == "*0");
  other("SET k 2");
  REQUIRE(exec() == "*0");
  c("WATCH k");
  c("RESET");
  other("SET k 3");
  REQUIRE(exec() == "*0");
  c("WATCH k");
  c("SELECT 3");
  other("SET k 4");
  REQUIRE(exec() == "*-1");
  c("WATCH k");  // of database 3
  other("SET k 5");
  REQUIRE(exec() == "*0");
  REQUIRE(f.server().watching.keys() == 0);
}

TEST_CASE("a watched key that ends by its time has changed, at whatever moment that is noticed", "[watch]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET k 1 PX 100");
  c("WATCH k");
  f.advance(Millis{99});
  c("MULTI");
  REQUIRE(c("EXEC") == "*0");
  c("WATCH k");
  f.advance(Millis{1});
  c("MULTI");
  REQUIRE(c("EXEC") == "*-1");
}

TEST_CASE("the timers of a queue touch who watches it", "[watch][queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QADD q DELAY 1000 x");
  c("WATCH q");
  f.advance(Millis{1'000});
  c("MULTI");
  REQUIRE(c("EXEC") == "*-1");
}

TEST_CASE("WATCH inside MULTI is an error that costs the transaction nothing", "[watch]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("MULTI");
  REQUIRE(c("WATCH k") == "-ERR WATCH inside MULTI is not allowed");
  REQUIRE(c("UNWATCH") == "+QUEUED");
  REQUIRE(c("EXEC") == "*1 +OK");
}

TEST_CASE("a refused command outweighs a touched key", "[watch]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("WATCH k");
  c("SET k 1");
  c("MULTI");
  c("NOSUCH");
  REQUIRE(c("EXEC") == "-EXECABORT Transaction discarded because of previous errors.");
}

TEST_CASE("one change frees the memory of all watches of a session, and so does its end", "[watch]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& gone = f.connect();
  c("WATCH a b c a");
  gone("WATCH b d");
  REQUIRE(f.server().watching.keys() == 4);
  REQUIRE(f.server().watching.sessions() == 2);
  f.connect()("SET b 1");
  REQUIRE(f.server().watching.keys() == 0);
  c("WATCH e");  // is marked already
  REQUIRE(f.server().watching.keys() == 0);
  gone("UNWATCH");
  gone("WATCH b");
  f.disconnect(gone);
  REQUIRE(f.server().watching.keys() == 0);
  REQUIRE(f.server().watching.sessions() == 0);
}

TEST_CASE("a touched EXEC answers the null of its protocol", "[watch]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("HELLO 3");
  c("WATCH k");
  c("SET k 1");
  c("MULTI");
  REQUIRE(c("EXEC") == "_");
}

TEST_CASE("EXEC runs only if all its conditions hold then", "[watch][conditions]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET k 1");
  c("RPUSH l a");
  const auto exec = [&c](std::string_view conditions) {
    c("MULTI");
    c("INCR n");
    return c("EXEC " + std::string(conditions));
  };
  REQUIRE(exec("IFEQ k 1") == "*1 :1");
  REQUIRE(exec("ifeq k 2") == "*-1");
  REQUIRE(exec("IFEQ none 1") == "*-1");
  REQUIRE(exec("IFNE k 2 IFNE none 1") == "*1 :2");
  REQUIRE(exec("IFNE k 1") == "*-1");
  REQUIRE(exec("NX none XX k XX l") == "*1 :3");
  REQUIRE(exec("NX k") == "*-1");
  REQUIRE(exec("XX none") == "*-1");
  REQUIRE(exec("XX k NX k") == "*-1");
  REQUIRE(exec("IFEQ l a") == "-WRONGTYPE Operation against a key holding the wrong kind of value");
  for (const char* conditions : {"IFEQ k", "NX", "JUNK k", "XX k 1", "IFEQ"}) {
    INFO(conditions);
    REQUIRE(exec(conditions) ==
            "-EXECABORT Transaction discarded because of: invalid check condition syntax");
  }
  REQUIRE(c("EXEC NX k") == "-ERR EXEC without MULTI");
  REQUIRE(c("GET n") == "$1 3");
  REQUIRE(c("COMMAND GETKEYS EXEC IFEQ a 1 NX b") == "*2 $1 a $1 b");
}

TEST_CASE("a condition sees a key whose time is over as gone", "[watch][conditions]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET k 1 PX 50");
  c("MULTI");
  f.world().advance(Millis{50});
  REQUIRE(c("EXEC NX k") == "*0");
}

TEST_CASE("CLIENT LIST shows whose watched key has changed", "[watch]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& watcher = f.connect();
  watcher("WATCH k");
  const std::string list = "CLIENT LIST ID " + std::to_string(watcher.session().id);
  REQUIRE(c(list).find(" flags=N ") != std::string::npos);
  c("SET k v");
  REQUIRE(c(list).find(" flags=d ") != std::string::npos);
}
