// SPDX-License-Identifier: MIT
//
// What makes a key worth trying for whom, and waits that end otherwise than by being served.
#include "server/core/blocking.h"

#include <catch2/catch.hpp>

#include "tests/support/server_fixture.h"

using sluice::Entry;
using sluice::Millis;
using sluice::core::WaitFor;
using sluice::core::WaitKind;
using sluice::core::worth_trying;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

TEST_CASE("each kind of waiter is tried for what it can use, and for nothing else", "[blocking]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("RPUSH list a b");
  c("SET string x");
  c("XADD stream 1-1 f v");
  c("QADD queue DELAY 1000 x");
  const auto tried = [&f](const WaitFor& wanted, std::string_view key) {
    return worth_trying(wanted, f.server().keyspace.find(0, key));
  };
  for (const WaitKind kind : {WaitKind::kListElement, WaitKind::kQueueMessage}) {
    REQUIRE(tried(kind, "list"));
    for (const char* key : {"string", "stream", "none", "queue"})  // the queue has nothing ready
      REQUIRE_FALSE(tried(kind, key));
  }
  REQUIRE(tried({WaitKind::kListElement, 2}, "list"));
  REQUIRE_FALSE(tried({WaitKind::kListElement, 3}, "list"));
  REQUIRE(tried(WaitKind::kStream, "stream"));
  for (const char* key : {"string", "list", "none"})
    REQUIRE_FALSE(tried(WaitKind::kStream, key));
  for (const char* key : {"string", "list", "stream", "none"}) {
    REQUIRE(tried(WaitKind::kStreamGroup, key));  // so that it can fail
    REQUIRE_FALSE(tried(WaitKind::kLog, key));
  }
}

TEST_CASE("a wait can be ended early, as if its time were over or with an error", "[blocking]") {
  ServerFixture f;
  TestClient& first = f.connect();
  TestClient& second = f.connect();
  first("BLPOP l 0");
  second("BLMOVE l m LEFT LEFT 0");
  second.send("PING\r\n");
  f.turn([&] {
    f.server().time_out(first.session());
    f.server().fail_wait(second.session(), "UNBLOCKED client unblocked via CLIENT UNBLOCK");
  });
  REQUIRE(first.reply() == "*-1");
  REQUIRE(second.reply() == "-UNBLOCKED client unblocked via CLIENT UNBLOCK");
  REQUIRE(second.reply() == "+PONG");
  REQUIRE(f.server().blocking.waiters() == 0);
  REQUIRE(f.client()("RPUSH l a") == ":1");
  REQUIRE(f.client()("LLEN l") == ":1");
}

TEST_CASE("waiters of other kinds on a key do not hide those who can be served", "[blocking]") {
  ServerFixture f;
  TestClient& reader = f.connect();
  TestClient& greedy = f.connect();
  TestClient& worker = f.connect();
  TestClient& popper = f.connect();
  reader("XREAD BLOCK 0 STREAMS k 0");
  greedy("BLMOVEM k other LEFT LEFT 0 EXACTLY 5 OBO");
  worker("QRESERVE 1 k BLOCK 0 CONSUMER w");
  popper("BLPOP k 0");
  TestClient& c = f.client();
  c("RPUSH k a b");
  REQUIRE(worker.reply().substr(0, 11) == "*1 *5 $1 k ");
  REQUIRE(popper.reply() == "*2 $1 k $1 a");
  REQUIRE(reader.reply() == "~");
  REQUIRE(greedy.reply() == "~");
  c("DEL k");
  c("XADD k 1-1 f v");
  REQUIRE(reader.reply() == "*1 *2 $1 k *1 *2 $3 1-1 *2 $1 f $1 v");
  REQUIRE(greedy.reply() == "~");
  c("DEL k");
  c("RPUSH k 1 2 3 4 5 6");
  REQUIRE(greedy.reply() == "*5 $1 5 $1 4 $1 3 $1 2 $1 1");
}

TEST_CASE("many waiters and a chain of moves: each is served once, and it ends", "[blocking]") {
  ServerFixture f;
  std::vector<TestClient*> movers;
  for (int i = 0; i < 50; ++i) {
    movers.push_back(&f.connect());
    const std::string from = "k" + std::to_string(i);
    const std::string to = "k" + std::to_string((i + 1) % 50);
    (*movers.back())("BLMOVE " + from + " " + to + " LEFT RIGHT 0");
  }
  f.client()("RPUSH k0 x");
  for (TestClient* mover : movers)
    REQUIRE(mover->reply() == "$1 x");
  REQUIRE(f.client()("LRANGE k0 0 -1") == "*1 $1 x");
  REQUIRE(f.server().blocking.waiters() == 0);
}

TEST_CASE("who goes away in the middle of a chain breaks it there", "[blocking]") {
  ServerFixture f;
  TestClient& first = f.connect();
  TestClient& gone = f.connect();
  TestClient& last = f.connect();
  first("BLMOVE a b LEFT LEFT 0");
  gone("BLMOVE b c LEFT LEFT 0");
  last("BLPOP c 0");
  f.disconnect(gone);
  f.client()("RPUSH a x");
  REQUIRE(first.reply() == "$1 x");
  REQUIRE(last.reply() == "~");
  REQUIRE(f.client()("LRANGE b 0 -1") == "*1 $1 x");
}

TEST_CASE("a key that ends by its time serves nobody, and wakes nobody who pops", "[blocking]") {
  ServerFixture f;
  TestClient& waiter = f.connect();
  waiter("BLMOVEM k d LEFT LEFT 0 EXACTLY 2 BULK");
  f.client()("RPUSH k a");
  f.client()("PEXPIRE k 100");
  f.advance(Millis{100});
  f.client()("RPUSH k b");
  REQUIRE(waiter.reply() == "~");
  f.client()("RPUSH k c");
  REQUIRE(waiter.reply() == "*2 $1 b $1 c");
}
