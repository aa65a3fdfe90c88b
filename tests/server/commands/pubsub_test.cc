// SPDX-License-Identifier: MIT
//
// Publishing and subscribing: who gets what, in which order, and what a client that listens may still do.
#include <catch2/catch.hpp>

#include "tests/support/server_fixture.h"

using namespace sluice;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

TEST_CASE("a message reaches those who listen to the channel or by a matching pattern", "[pubsub]") {
  ServerFixture f;
  TestClient& a = f.connect();
  TestClient& b = f.connect();
  TestClient& publisher = f.connect();
  REQUIRE(a("SUBSCRIBE news") == "*3 $9 subscribe $4 news :1");
  REQUIRE(b("PSUBSCRIBE n?ws") == "*3 $10 psubscribe $4 n?ws :1");
  REQUIRE(publisher("PUBLISH news hello") == ":2");
  REQUIRE(a.reply() == "*3 $7 message $4 news $5 hello");
  REQUIRE(b.reply() == "*4 $8 pmessage $4 n?ws $4 news $5 hello");
  REQUIRE(publisher("PUBLISH other hello") == ":0");
  REQUIRE(a.reply() == "~");
}

TEST_CASE("one who listens twice gets it twice, by the channel first", "[pubsub]") {
  ServerFixture f;
  TestClient& a = f.connect();
  a("SUBSCRIBE c");
  a("PSUBSCRIBE *");
  REQUIRE(f.client()("PUBLISH c x") == ":2");
  REQUIRE(a.reply() == "*3 $7 message $1 c $1 x");
  REQUIRE(a.reply() == "*4 $8 pmessage $1 * $1 c $1 x");
}

TEST_CASE("sharded channels are a world of their own", "[pubsub]") {
  ServerFixture f;
  TestClient& a = f.connect();
  REQUIRE(a("SSUBSCRIBE c") == "*3 $10 ssubscribe $1 c :1");
  REQUIRE(a("SUBSCRIBE c") == "*3 $9 subscribe $1 c :1");
  REQUIRE(f.client()("PUBLISH c x") == ":1");
  REQUIRE(a.reply() == "*3 $7 message $1 c $1 x");
  REQUIRE(f.client()("SPUBLISH c y") == ":1");
  REQUIRE(a.reply() == "*3 $8 smessage $1 c $1 y");
  REQUIRE(f.client()("PUBSUB SHARDNUMSUB c d") == "*4 $1 c :1 $1 d :0");
  REQUIRE(f.client()("PUBSUB SHARDCHANNELS") == "*1 $1 c");
  REQUIRE(a("SUNSUBSCRIBE") == "*3 $12 sunsubscribe $1 c :0");
  REQUIRE(f.client()("SPUBLISH c y") == ":0");
}

TEST_CASE("without arguments all subscriptions of the kind end", "[pubsub]") {
  ServerFixture f;
  TestClient& a = f.connect();
  a("SUBSCRIBE x");
  a("SUBSCRIBE y");
  a("PSUBSCRIBE z*");
  REQUIRE(a("UNSUBSCRIBE") == "*3 $11 unsubscribe $1 x :2");
  REQUIRE(a.reply() == "*3 $11 unsubscribe $1 y :1");
  REQUIRE(a("UNSUBSCRIBE") == "*3 $11 unsubscribe $-1 :1");
  REQUIRE(a("PUNSUBSCRIBE nosuch") == "*3 $12 punsubscribe $6 nosuch :1");
  REQUIRE(a("PUNSUBSCRIBE") == "*3 $12 punsubscribe $2 z* :0");
  REQUIRE(f.client()("PUBSUB CHANNELS") == "*0");
  REQUIRE(f.client()("PUBSUB NUMPAT") == ":0");
}

TEST_CASE("in RESP2 a client that listens may do little else", "[pubsub]") {
  ServerFixture f;
  TestClient& a = f.connect();
  a("SUBSCRIBE x");
  const std::string only =
      ": only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context";
  REQUIRE(a("GET k") == "-ERR Can't execute 'get'" + only);
  REQUIRE(a("CLIENT ID") == "-ERR Can't execute 'client|id'" + only);
  REQUIRE(a("PING") == "*2 $4 pong $0");
  REQUIRE(a("PING hi") == "*2 $4 pong $2 hi");
  REQUIRE(a("RESET") == "+RESET");
  REQUIRE(a("PING") == "+PONG");
  REQUIRE(f.client()("PUBLISH x 1") == ":0");
}

TEST_CASE("what only has the name of a command that may be run is refused too", "[pubsub]") {
  ServerFixture f;
  TestClient& a = f.connect();
  a("SUBSCRIBE x");
  REQUIRE(a("SLOWLOG RESET").substr(0, 36) == "-ERR Can't execute 'slowlog|reset': ");
  REQUIRE(a("EXEC").substr(0, 65) == "-EXECABORT Transaction discarded because of: Can't execute 'exec'");
}

TEST_CASE("who may not use a channel any more is closed, the others are not", "[pubsub]") {
  ServerFixture f;
  TestClient& admin = f.client();
  REQUIRE(admin("ACL SETUSER alice on nopass &news.* +@all") == "+OK");
  TestClient& listener = f.connect();
  TestClient& other = f.connect();
  for (TestClient* client : {&listener, &other})
    REQUIRE((*client)("AUTH alice x") == "+OK");
  listener("SUBSCRIBE news.a");
  other("SUBSCRIBE news.b");
  REQUIRE(admin("ACL SETUSER alice &sport.*") == "+OK");
  REQUIRE_FALSE(listener.closed());
  REQUIRE(admin("ACL SETUSER alice resetchannels &news.b") == "+OK");
  REQUIRE(listener.closed());
  REQUIRE_FALSE(other.closed());
  REQUIRE(admin("PUBLISH news.a m") == ":0");
  REQUIRE(admin("PUBLISH news.b m") == ":1");
}

TEST_CASE("in RESP3 it may do anything, and messages are pushes", "[pubsub]") {
  ServerFixture f;
  TestClient& a = f.connect();
  a("HELLO 3");
  REQUIRE(a("SUBSCRIBE x") == ">3 $9 subscribe $1 x :1");
  REQUIRE(a("SET k v") == "+OK");
  REQUIRE(a("PING") == "+PONG");
  f.client()("PUBLISH x m");
  REQUIRE(a.reply() == ">3 $7 message $1 x $1 m");
  REQUIRE(a("HELLO 2").substr(0, 3) == "*14");
  REQUIRE(a("GET k").substr(0, 25) == "-ERR Can't execute 'get':");
}

TEST_CASE("what a client publishes to itself follows the reply", "[pubsub]") {
  ServerFixture f;
  TestClient& a = f.connect();
  a("HELLO 3");
  a("SUBSCRIBE x");
  REQUIRE(a("PUBLISH x 1") == ":1");
  REQUIRE(a.reply() == ">3 $7 message $1 x $1 1");
  a("MULTI");
  a("PUBLISH x 2");
  a("SET k v");
  REQUIRE(a("EXEC") == "*2 :1 +OK");
  REQUIRE(a.reply() == ">3 $7 message $1 x $1 2");
}

TEST_CASE("subscribing works in a transaction, by shard it does not", "[pubsub]") {
  ServerFixture f;
  TestClient& a = f.connect();
  a("MULTI");
  a("SUBSCRIBE x");
  a("SSUBSCRIBE s");
  a("PUBLISH x 1");
  REQUIRE(a("EXEC") ==
          "*3 *3 $9 subscribe $1 x :1 -ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client :1");
  REQUIRE(a.reply() == "*3 $7 message $1 x $1 1");
}

TEST_CASE("a client that leaves listens no more", "[pubsub]") {
  ServerFixture f;
  TestClient& a = f.connect();
  a("SUBSCRIBE x y");
  a.take_bytes();
  a("PSUBSCRIBE z*");
  a.take_bytes();
  REQUIRE(f.client()("PUBSUB NUMSUB x y") == "*4 $1 x :1 $1 y :1");
  f.disconnect(a);
  REQUIRE(f.client()("PUBSUB NUMSUB x y") == "*4 $1 x :0 $1 y :0");
  REQUIRE(f.client()("PUBSUB CHANNELS *") == "*0");
  REQUIRE(f.client()("PUBLISH z 1") == ":0");
}

TEST_CASE("subscribers show in CLIENT LIST and INFO", "[pubsub]") {
  ServerFixture f;
  TestClient& a = f.connect();
  a("HELLO 3");
  a("SUBSCRIBE x y");
  a.take_bytes();
  a("SSUBSCRIBE s");
  const std::string info = a("CLIENT INFO");
  REQUIRE(info.find(" flags=P ") != std::string::npos);
  REQUIRE(info.find(" sub=2 psub=0 ssub=1 ") != std::string::npos);
  REQUIRE(f.client()("CLIENT LIST TYPE pubsub").find(" sub=2 ") != std::string::npos);
  REQUIRE(f.client()("CLIENT LIST TYPE normal").find(" sub=2 ") == std::string::npos);
  REQUIRE(f.client()("INFO stats").find("pubsub_channels:2\\r\\n") != std::string::npos);
}

TEST_CASE("a subscriber that leaves too much unread is closed, the others are not", "[pubsub]") {
  ServerFixture f;
  REQUIRE(f.client().call({"CONFIG", "SET", "client-output-buffer-limit", "pubsub 1000 0 0"}) == "+OK");
  TestClient& slow = f.connect();
  TestClient& other = f.connect();
  slow("SUBSCRIBE x");
  other("SUBSCRIBE y");
  REQUIRE(f.client()("PUBLISH x " + std::string(core::kReplyBytesUncounted + 500, 'm')) == ":1");
  REQUIRE(slow.reply().size() > 500);
  REQUIRE(f.client()("PUBLISH x " + std::string(core::kReplyBytesUncounted + 1000, 'm')) == ":1");
  REQUIRE(slow.closed());
  REQUIRE(f.client()("PUBLISH x m") == ":0");
  REQUIRE_FALSE(other.closed());
}

TEST_CASE("over the soft limit a subscriber has some time", "[pubsub]") {
  ServerFixture f;
  core::Server& server = f.server();
  REQUIRE(f.client().call({"CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 1000 2"}) == "+OK");
  TestClient& slow = f.connect();
  slow("SUBSCRIBE x");
  const core::Session& session = slow.session();
  // Turns whose output nobody takes: a reader that is slow.
  const auto turn_after = [&](Millis span, std::string_view message) {
    f.world().advance(span);
    server.begin_turn();
    if (!message.empty()) server.pubsub.publish("x", message);
    server.end_turn();
  };
  turn_after(Millis{0}, std::string(core::kReplyBytesUncounted + 2000, 'm'));
  REQUIRE(server.output_bounds.next_deadline() <= server.sequencer.mono_now() + core::kSoftLimitInterval);
  turn_after(Millis{2'000}, {});
  REQUIRE_FALSE(session.kill_now);
  turn_after(Millis{1'000}, {});  // nobody says anything to it: the time alone ends it
  REQUIRE(session.kill_now);
  f.turn();
  REQUIRE(slow.closed());
}

TEST_CASE("who catches up in time may fall behind again", "[pubsub]") {
  ServerFixture f;
  core::Server& server = f.server();
  REQUIRE(f.client().call({"CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 1000 2"}) == "+OK");
  TestClient& slow = f.connect();
  slow("SUBSCRIBE x");
  for (int i = 0; i < 5; ++i) {
    server.begin_turn();
    server.pubsub.publish("x", std::string(core::kReplyBytesUncounted + 2000, 'm'));
    server.end_turn();
    f.advance(Millis{1'500});  // here it takes all
    slow.take_bytes();
  }
  REQUIRE_FALSE(slow.closed());
}

TEST_CASE("a normal client has no limit by default, and one if it is told", "[pubsub]") {
  ServerFixture f;
  REQUIRE(f.client().call({"CONFIG", "SET", "client-output-buffer-limit", "normal 1000 0 0"}) == "+OK");
  TestClient& a = f.connect();
  f.client()("SET k " + std::string(core::kReplyBytesUncounted + 900, 'v'));
  a.send("GET k\r\n");
  REQUIRE(a.take_bytes().size() > core::kReplyBytesUncounted);
  f.client()("APPEND k " + std::string(100, 'v'));
  a.send("GET k\r\n");
  REQUIRE(a.closed());
}

TEST_CASE("a client that sends more than its query buffer may hold is closed", "[pubsub]") {
  ServerFixture f({{"client-query-buffer-limit", "1mb"}});
  TestClient& a = f.connect();
  a.send("*2\r\n$4\r\nECHO\r\n$2000000\r\n" + std::string(900'000, 'x'));
  REQUIRE_FALSE(a.closed());
  a.send(std::string(900'000, 'x'));
  REQUIRE(a.closed());
}

TEST_CASE("under appendfsync always a message leaves with the log's sync, like a reply", "[pubsub]") {
  ServerFixture f({{"appendfsync", "always"}});
  TestClient& a = f.connect();
  a("SUBSCRIBE x");
  TestClient& b = f.connect();
  b.send("SET k v\r\nPUBLISH x m\r\n");
  REQUIRE(b.take_bytes() == "+OK\r\n:1\r\n");
  REQUIRE(a.reply() == "*3 $7 message $1 x $1 m");
}
