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
  c("RPUSH k z");
  REQUIRE(c("SWAPDB 0 3") == "+OK");
  REQUIRE(waiter.reply() == "*2 $1 k $1 z");
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

TEST_CASE("SWAPDB lets two databases change their contents, times and all", "[keys][swapdb]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET a 0 PX 100");
  c("SELECT 1");
  c("SET b 1");
  REQUIRE(c("SWAPDB 0 1") == "+OK");
  REQUIRE(c("GET a") == "$1 0");
  REQUIRE(c("PTTL a") == ":100");
  REQUIRE(c("EXISTS b") == ":0");
  f.advance(Millis{100});
  REQUIRE(c("DBSIZE") == ":0");
  c("SELECT 0");
  REQUIRE(c("GET b") == "$1 1");
  REQUIRE(c("SWAPDB 0 0") == "+OK");
  REQUIRE(c("SWAPDB 0 16") == "-ERR DB index is out of range");
  REQUIRE(c("SWAPDB x 1") == "-ERR invalid first DB index");
  REQUIRE(c("SWAPDB 1 x") == "-ERR invalid second DB index");
  c("SWAPDB 0 7");
  c("FLUSHDB");
  c("SELECT 7");
  REQUIRE(c("GET b") == "$1 1");
}

TEST_CASE("a rewrite that a SWAPDB runs into keeps the databases of its moment", "[keys][swapdb]") {
  ServerFixture f;
  TestClient& c = f.client();
  for (int i = 0; i < 1000; ++i)
    c("SET k" + std::to_string(i) + " v");
  c("BGREWRITEAOF");
  c("SWAPDB 0 4");
  c("SET after 1");
  f.finish_rewrite();
  REQUIRE(c("DBSIZE") == ":1");
  f.check_log();
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
  c("SELECT 1");
  c("RPUSH jobs a");
  REQUIRE(c("OBJECT ENCODING jobs") == "$8 listpack");
  c("SWAPDB 0 1");
  c("SELECT 0");
  REQUIRE(c("OBJECT ENCODING jobs") == "$5 queue");
  REQUIRE(c("SORT jobs ALPHA STORE out") == ":1");
  REQUIRE(c("SORT out ALPHA STORE jobs") == ":1");
  REQUIRE(c("OBJECT ENCODING jobs") == "$5 queue");
}

TEST_CASE("what is large ends at once for everybody, and is freed in steps", "[keys][graveyard]") {
  ServerFixture f;
  TestClient& c = f.client();
  std::string push = "RPUSH big";
  for (int i = 0; i < 500; ++i)
    push += " element" + std::string(200, 'x') + std::to_string(i);
  const auto fill = [&] {
    for (int i = 0; i < 100; ++i)
      c(push);
  };
  const sluice::Keyspace& keyspace = f.server().keyspace;
  const auto drained_in = [&] {
    int turns = 0;
    for (; keyspace.free_pending(); ++turns) {
      REQUIRE(f.server().next_deadline() <= f.server().sequencer.mono_now());  // the loop goes on at once
      f.turn();
    }
    return turns;
  };
  fill();
  REQUIRE(c("DEL big") == ":1");
  REQUIRE(c("DBSIZE") == ":0");
  REQUIRE(drained_in() >= 2);
  fill();
  REQUIRE(c("SET big small") == "+OK");
  REQUIRE(drained_in() >= 2);
  c("DEL big");
  fill();
  c("PEXPIRE big 10");
  f.advance(Millis{10});
  REQUIRE(c("EXISTS big") == ":0");
  REQUIRE(drained_in() >= 1);
  fill();
  c("PEXPIRE big 1000");
  for (int i = 0; i < 3000; ++i)
    c("SET k" + std::to_string(i) + " v PX 10000");
  REQUIRE(c("FLUSHALL") == "+OK");
  REQUIRE(c("SET k1 v") == "+OK");
  REQUIRE(drained_in() >= 4);
  f.advance(Millis{20'000});
  REQUIRE(c("DBSIZE") == ":1");
  // Four lists, and 3000 small keys; an empty database costs nothing.
  REQUIRE(c("INFO memory").find("lazyfree_pending_objects:0") != std::string::npos);
  REQUIRE(c("INFO memory").find("lazyfreed_objects:203000") != std::string::npos);
  c("CONFIG RESETSTAT");
  REQUIRE(c("INFO memory").find("lazyfreed_objects:0") != std::string::npos);
}

TEST_CASE("a large queue that ended fires no timer, and its numbers are gone", "[keys][graveyard][queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  for (int i = 0; i < 3000; ++i)
    c("QADD q DELAY 1000 payload");
  c("SELECT 1");
  for (int i = 0; i < 3000; ++i)
    c("QADD q DELAY 1000 payload");
  c("FLUSHDB");
  c("SELECT 0");
  c("DEL q");
  REQUIRE(f.server().keyspace.free_pending());
  REQUIRE(f.server().queues.queues().empty());
  f.advance(Millis{2'000});
  REQUIRE(c("DBSIZE") == ":0");
  while (f.server().keyspace.free_pending())
    f.turn();
  f.server().queues.check_invariants();
}

TEST_CASE("very many tokens end at once for everybody, and are freed in steps", "[keys][graveyard][queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  const auto fill = [&c] {
    for (int i = 0; i < 2'000; ++i)
      c("QADD q DEDUPE t" + std::to_string(i) + " WINDOW 10000 x");
    c("LPOP q 1500");  // their tokens stay until their windows end
  };
  fill();
  REQUIRE(f.server().queues.tokens().loose() == 1'500);
  SECTION("by name") {
    REQUIRE(c("DEL q") == ":1");
  }
  SECTION("with the database") {
    REQUIRE(c("FLUSHALL") == "+OK");
  }
  SECTION("after a SWAPDB, with what came before it") {
    c("SWAPDB 0 1");
    c("SELECT 1");
    REQUIRE(c("DEL q") == ":1");
    c("SELECT 0");
  }
  REQUIRE(f.server().queues.free_pending());
  REQUIRE(f.server().queues.tokens().size() == 0);
  REQUIRE(f.server().queues.tokens().loose() == 0);
  c("QADD q DEDUPE t7 WINDOW 20000 again");
  REQUIRE(c("LLEN q") == ":1");
  f.server().queues.check_invariants();
  f.advance(Millis{10'000});  // their windows would end, and not all of it is freed
  while (f.server().queues.free_pending())
    f.turn();
  REQUIRE(f.server().queues.tokens().windows().empty());
  c("LPOP q");
  REQUIRE(f.server().queues.tokens().loose() == 1);
  f.advance(Millis{10'000});
  REQUIRE(f.server().queues.tokens().loose() == 0);
  f.server().queues.check_invariants();
}

TEST_CASE("SWAPDB under another policy's lifetime, and with tokens, replays to the same",
          "[keys][queue][swapdb]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SELECT 1");
  for (const std::string key : {"b", "a", "d", "c"})
    c("QPOLICY " + key + " TTL 100000");
  c("SELECT 0");
  for (const std::string key : {"c", "a", "b", "d"}) {
    c("QADD " + key + " DEDUPE token WINDOW 50000 x");
    c("RPUSH " + key + " y z");
  }
  c("BGREWRITEAOF");
  REQUIRE(c("SWAPDB 0 1") == "+OK");
  c("QADD a DEDUPE token WINDOW 50000 x");
  f.finish_rewrite();
  f.server().queues.check_invariants();
  f.server().keyspace.check_invariants();
}

TEST_CASE("big hashes, sets and sorted sets are freed in steps too, whatever ended them",
          "[keys][graveyard]") {
  ServerFixture f;
  TestClient& c = f.client();
  const auto fill = [&c] {
    std::string hash = "HSET h";
    std::string set = "SADD s";
    std::string sorted = "ZADD z";
    for (int i = 0; i < 2000; ++i) {
      const std::string n = std::to_string(i);
      hash += " f" + n + " v";
      set += " m" + n;
      sorted += " " + n + " m" + n;
    }
    c(hash);
    c("HPEXPIRE h 500 FIELDS 2 f1 f2");
    c(set);
    c(sorted);
  };
  const auto drain = [&f] {
    int turns = 0;
    for (; f.server().keyspace.free_pending(); ++turns)
      f.turn();
    return turns;
  };
  fill();
  REQUIRE(c("DEL h s z") == ":3");
  REQUIRE(drain() > 10);
  fill();
  c("SADD one a");
  c("ZADD other 1 a");
  c("SET h v");
  c("SUNIONSTORE s one");
  c("ZUNIONSTORE z 1 other");
  REQUIRE(drain() > 10);
  REQUIRE(c("SCARD s") == ":1");
  REQUIRE(c("ZCARD z") == ":1");
  c("DEL h");
  fill();
  for (int i = 0; i < 500; ++i) {
    c("HSET small" + std::to_string(i) + " a 1 b 2");
    c("HPEXPIRE small" + std::to_string(i) + " 500 FIELDS 1 a");
  }
  c("FLUSHALL");
  f.advance(Millis{1000});
  REQUIRE(drain() > 0);
  REQUIRE(c("DBSIZE") == ":0");
  f.server().keyspace.check_invariants();
}

TEST_CASE("times of fields go along with SWAPDB", "[keys][swapdb][hash]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("HSET h a 1 b 2");
  c("HPEXPIRE h 100 FIELDS 1 a");
  c("SELECT 1");
  c("HSET h a 1 b 2");
  c("HPEXPIRE h 50 FIELDS 1 b");
  c("SWAPDB 0 1");
  f.server().keyspace.check_invariants();
  f.advance(Millis{50});
  REQUIRE(c("HKEYS h") == "*2 $1 a $1 b");
  f.advance(Millis{50});
  REQUIRE(c("HKEYS h") == "*1 $1 b");
  c("SELECT 0");
  REQUIRE(c("HKEYS h") == "*1 $1 a");
  c("SWAPDB 0 1");
  c("FLUSHDB");
  f.server().keyspace.check_invariants();
}

TEST_CASE("leases that are tied to a client go along with SWAPDB, and end with the queue",
          "[keys][swapdb][queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& worker = f.connect();
  c("RPUSH q a b");
  REQUIRE(worker("QRESERVE 1 q COUNT 2 TIED").starts_with("*2"));
  c("SWAPDB 0 2");
  f.disconnect(worker);
  f.turn();
  c("SELECT 2");
  REQUIRE(c("QINFO q").find("$6 leased :0") != std::string::npos);

  TestClient& second = f.connect();
  second("SELECT 2");
  c("DEL q");
  std::string push = "RPUSH q";
  for (int i = 0; i < 3000; ++i)
    push += " " + std::to_string(i);
  c(push);
  REQUIRE(second("QRESERVE 1 q COUNT 100 TIED").starts_with("*100"));
  c("DEL q");
  f.disconnect(second);
  f.turn();
  REQUIRE(c("EXISTS q") == ":0");
  while (f.server().keyspace.free_pending())
    f.turn();
  REQUIRE(f.server().queues.ties().size() == 0);
}

TEST_CASE("SWAPDB touches watched keys that are in either database, and wakes who waits", "[keys][swapdb]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& watcher = f.connect();
  TestClient& absent = f.connect();
  TestClient& waiter = f.connect();
  TestClient& reader = f.connect();
  c("XGROUP CREATE x g $ MKSTREAM");
  c("SELECT 1");
  c("SET k v");
  c("RPUSH l a");
  c("SELECT 0");
  watcher("WATCH k");
  absent("WATCH none");
  REQUIRE(waiter("BLPOP l 0") == "~");
  REQUIRE(reader("XREADGROUP GROUP g c BLOCK 0 STREAMS x >") == "~");
  c("SWAPDB 0 1");
  REQUIRE(waiter.reply() == "*2 $1 l $1 a");
  REQUIRE(reader.reply().starts_with("-NOGROUP"));
  for (TestClient* each : {&watcher, &absent}) {
    (*each)("MULTI");
    (*each)("PING");
  }
  REQUIRE(watcher("EXEC") == "*-1");
  REQUIRE(absent("EXEC") == "*1 +PONG");
}
