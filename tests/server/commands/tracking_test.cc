// SPDX-License-Identifier: MIT
//
// Client tracking: who is told that a key has changed, how often, and over which connection.
#include <catch2/catch.hpp>

#include "tests/support/server_fixture.h"

using namespace sluice;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

namespace {

TestClient& tracker(ServerFixture& f, std::string_view options = "") {
  TestClient& client = f.connect();
  client("HELLO 3");
  REQUIRE(client("CLIENT TRACKING ON " + std::string(options)) == "+OK");
  return client;
}

std::string id_of(TestClient& client) {
  return client("CLIENT ID").substr(1);
}

}  // namespace

TEST_CASE("who has read a key is told once that it changed", "[tracking]") {
  ServerFixture f;
  TestClient& a = tracker(f);
  a("GET k");
  f.client()("SET k 1");
  REQUIRE(a.reply() == ">2 $10 invalidate *1 $1 k");
  f.client()("SET k 2");
  REQUIRE(a.reply() == "~");
  a("GET k");
  f.client()("DEL k");
  REQUIRE(a.reply() == ">2 $10 invalidate *1 $1 k");
}

TEST_CASE("a key counts in whichever database it changes", "[tracking]") {
  ServerFixture f;
  TestClient& a = tracker(f);
  a("GET k");
  f.client()("SELECT 1");
  f.client()("SET k 1");
  REQUIRE(a.reply() == ">2 $10 invalidate *1 $1 k");
}

TEST_CASE("a change of one's own is told behind the reply, unless NOLOOP", "[tracking]") {
  ServerFixture f;
  TestClient& a = tracker(f);
  a("GET k");
  REQUIRE(a("SET k 1") == "+OK");
  REQUIRE(a.reply() == ">2 $10 invalidate *1 $1 k");
  TestClient& b = tracker(f, "NOLOOP");
  b("GET k");
  REQUIRE(b("SET k 2") == "+OK");
  REQUIRE(b.reply() == "~");
  b("GET k");
  f.client()("SET k 3");
  REQUIRE(b.reply() == ">2 $10 invalidate *1 $1 k");
}

TEST_CASE("a flush is told as nothing at all", "[tracking]") {
  ServerFixture f;
  TestClient& a = tracker(f);
  a("GET k");
  f.client()("FLUSHDB");
  REQUIRE(a.reply() == ">2 $10 invalidate _");
  REQUIRE(a("FLUSHALL") == "+OK");
  REQUIRE(a.reply() == ">2 $10 invalidate _");
}

TEST_CASE("an expired key is told to NOLOOP clients too", "[tracking]") {
  ServerFixture f;
  TestClient& a = tracker(f, "NOLOOP");
  a("SET k v PX 50");
  a("GET k");
  f.advance(Millis{50});
  REQUIRE(a.reply() == ">2 $10 invalidate *1 $1 k");
}

TEST_CASE("opted in, only what is asked for is tracked", "[tracking]") {
  ServerFixture f;
  TestClient& a = tracker(f, "OPTIN");
  a("GET j");
  REQUIRE(a("CLIENT CACHING YES") == "+OK");
  a("GET k");
  a("GET l");
  f.client()("SET j 1");
  f.client()("SET l 1");
  REQUIRE(a.reply() == "~");
  f.client()("SET k 1");
  REQUIRE(a.reply() == ">2 $10 invalidate *1 $1 k");
}

TEST_CASE("opting in before a transaction is for all of it", "[tracking]") {
  ServerFixture f;
  TestClient& a = tracker(f, "OPTIN");
  a("CLIENT CACHING YES");
  a("MULTI");
  a("GET j");
  a("GET k");
  a("EXEC");
  a("GET l");
  f.client()("SET j 1");
  REQUIRE(a.reply() == ">2 $10 invalidate *1 $1 j");
  f.client()("SET k 1");
  REQUIRE(a.reply() == ">2 $10 invalidate *1 $1 k");
  f.client()("SET l 1");
  REQUIRE(a.reply() == "~");
}

TEST_CASE("opted out, what is refused is not tracked", "[tracking]") {
  ServerFixture f;
  TestClient& a = tracker(f, "OPTOUT");
  a("CLIENT CACHING NO");
  a("GET j");
  a("GET k");
  f.client()("SET j 1");
  REQUIRE(a.reply() == "~");
  f.client()("SET k 1");
  REQUIRE(a.reply() == ">2 $10 invalidate *1 $1 k");
}

TEST_CASE("a broadcast tells all changes of a turn under a prefix at once", "[tracking]") {
  ServerFixture f;
  TestClient& a = tracker(f, "BCAST PREFIX user: PREFIX job:");
  TestClient& all = tracker(f, "BCAST");
  f.client().send("SET user:2 x\r\nSET user:1 x\r\nSET user:2 y\r\nSET other x\r\nSET job:1 x\r\n");
  f.client().take_bytes();
  REQUIRE(a.reply() == ">2 $10 invalidate *1 $5 job:1");
  REQUIRE(a.reply() == ">2 $10 invalidate *2 $6 user:1 $6 user:2");
  REQUIRE(a.reply() == "~");
  REQUIRE(all.reply() == ">2 $10 invalidate *4 $5 job:1 $5 other $6 user:1 $6 user:2");
}

TEST_CASE("a broadcast with NOLOOP leaves one's own changes out", "[tracking]") {
  ServerFixture f;
  TestClient& a = tracker(f, "BCAST NOLOOP");
  REQUIRE(a("SET mine x") == "+OK");
  REQUIRE(a.reply() == "~");
  f.client()("SET theirs x");
  REQUIRE(a.reply() == ">2 $10 invalidate *1 $6 theirs");
}

TEST_CASE("a RESP2 client is told over another connection that listens", "[tracking]") {
  ServerFixture f;
  TestClient& listener = f.connect();
  const std::string id = id_of(listener);
  listener("SUBSCRIBE __redis__:invalidate");
  TestClient& a = f.connect();
  REQUIRE(a("CLIENT TRACKING ON REDIRECT " + id) == "+OK");
  REQUIRE(a("CLIENT GETREDIR") == ":" + id);
  a("GET k");
  f.client()("SET k 1");
  REQUIRE(listener.reply() == "*3 $7 message $20 __redis__:invalidate *1 $1 k");
  f.client()("FLUSHALL");
  REQUIRE(listener.reply() == "*3 $7 message $20 __redis__:invalidate $-1");
  REQUIRE(a("CLIENT INFO").find(" redir=" + id + " ") != std::string::npos);
}

TEST_CASE("who is told over a connection that is gone is told so", "[tracking]") {
  ServerFixture f;
  TestClient& other = f.connect();
  const std::string id = id_of(other);
  TestClient& a = tracker(f, "REDIRECT " + id);
  a("GET k");
  f.disconnect(other);
  f.client()("SET k 1");
  REQUIRE(a.reply() == ">2 $21 tracking-redir-broken :" + id);
  REQUIRE(a("CLIENT TRACKINGINFO") ==
          "%3 $5 flags ~2 $2 on $15 broken_redirect $8 redirect :" + id + " $8 prefixes *0");
}

TEST_CASE("the table of read keys has a bound, and what falls out of it counts as changed", "[tracking]") {
  ServerFixture f({{"tracking-table-max-keys", "2"}});
  TestClient& a = tracker(f);
  a("GET k1");
  a("GET k2");
  REQUIRE(f.server().tracking.keys() == 2);
  a("GET k3");
  REQUIRE(f.server().tracking.keys() == 2);
  REQUIRE(f.client()("INFO stats").find("tracking_total_keys:2\\r\\n") != std::string::npos);
  REQUIRE(a.reply().substr(0, 20) == ">2 $10 invalidate *1");
}

TEST_CASE("readers that are gone do not pile up on a key", "[tracking]") {
  ServerFixture f;
  TestClient& stays = tracker(f);
  stays("GET k");
  for (int i = 0; i < 100; ++i) {
    TestClient& a = tracker(f);
    a("GET k");
    f.disconnect(a);
  }
  REQUIRE(f.server().tracking.items() <= core::kReadersUncheckedMax + 1);
  f.client()("SET k 1");
  REQUIRE(stays.reply() == ">2 $10 invalidate *1 $1 k");
}

TEST_CASE("what a client stops tracking is not told", "[tracking]") {
  ServerFixture f;
  TestClient& a = tracker(f);
  a("GET k");
  REQUIRE(a("CLIENT TRACKING OFF") == "+OK");
  f.client()("SET k 1");
  REQUIRE(a.reply() == "~");
  TestClient& b = tracker(f, "BCAST");
  REQUIRE(b("RESET") == "+RESET");
  f.client()("SET k 2");
  REQUIRE(b.reply() == "~");
  REQUIRE(f.server().tracking.clients() == 0);
  REQUIRE(f.server().tracking.prefixes() == 0);
}

TEST_CASE("who stops and begins again is told of what it had read before", "[tracking]") {
  ServerFixture f;
  TestClient& a = tracker(f, "OPTIN");
  a("CLIENT CACHING YES");
  a("GET k");
  a("CLIENT TRACKING OFF");
  REQUIRE(a("CLIENT TRACKING ON OPTOUT") == "+OK");
  f.client()("SET k 1");
  REQUIRE(a.reply() == ">2 $10 invalidate *1 $1 k");
  REQUIRE(f.server().tracking.items() == 0);
}

TEST_CASE("options that do not go together are refused", "[tracking]") {
  ServerFixture f;
  TestClient& a = f.client();
  REQUIRE(a("CLIENT TRACKING ON PREFIX a") == "-ERR PREFIX option requires BCAST mode to be enabled");
  REQUIRE(a("CLIENT TRACKING ON OPTIN OPTOUT") == "-ERR You can't specify both OPTIN mode and OPTOUT mode");
  REQUIRE(a("CLIENT TRACKING ON BCAST OPTIN") == "-ERR OPTIN and OPTOUT are not compatible with BCAST");
  REQUIRE(a("CLIENT TRACKING ON REDIRECT 999") == "-ERR The client ID you want redirect to does not exist");
  REQUIRE(a("CLIENT TRACKING ON BCAST PREFIX ab PREFIX a") ==
          "-ERR Prefix 'ab' overlaps with another provided prefix 'a'. Prefixes for a single client must not "
          "overlap.");
  REQUIRE(a("CLIENT TRACKING maybe") == "-ERR syntax error");
  REQUIRE(
      a("CLIENT CACHING YES") ==
      "-ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode "
      "enabled");
  REQUIRE(a("CLIENT TRACKINGINFO") == "*6 $5 flags *1 $3 off $8 redirect :-1 $8 prefixes *0");
}
