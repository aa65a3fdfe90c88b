// SPDX-License-Identifier: MIT
//
// Consumer groups. Texts and corner cases are what redis-server 7.0.15 answers, unless a test says that it is newer.
// That what is logged gives the same state again, the fixture checks at the end of each test.
#include <catch2/catch.hpp>
#include <string>

#include "engine/stream.h"
#include "tests/support/resp_decoder.h"
#include "tests/support/server_fixture.h"

using sluice::Millis;
using sluice::test::bulk;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

namespace {

std::string entry(const std::string& id) {
  return "*2 " + bulk(id) + " *2 $1 f $1 v";
}
// A stream k with entries 1-0 .. <count>-0, and a group g at its start.
void prepare(TestClient& c, int count) {
  for (int ms = 1; ms <= count; ++ms)
    c("XADD k " + std::to_string(ms) + "-0 f v");
  REQUIRE(c("XGROUP CREATE k g 0") == "+OK");
}
std::string pending(TestClient& c) {
  return c("XPENDING k g - + 10");
}

}  // namespace

TEST_CASE("XREADGROUP delivers each entry to one consumer, and XACK ends it", "[stream][group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 3);
  REQUIRE(c("XREADGROUP GROUP g a COUNT 2 STREAMS k >") ==
          "*1 *2 $1 k *2 " + entry("1-0") + " " + entry("2-0"));
  REQUIRE(c("XREADGROUP GROUP g b STREAMS k >") == "*1 *2 $1 k *1 " + entry("3-0"));
  REQUIRE(c("XREADGROUP GROUP g b STREAMS k >") == "*-1");
  REQUIRE(c("XPENDING k g") == "*4 :3 $3 1-0 $3 3-0 *2 *2 $1 a $1 2 *2 $1 b $1 1");
  REQUIRE(c("XACK k g 1-0 1-0 9-9") == ":1");
  REQUIRE(c("XACK k g 2 3-0") == ":2");
  REQUIRE(c("XPENDING k g") == "*4 :0 $-1 $-1 *-1");
}

TEST_CASE("the history of a consumer counts as a delivery, and shows what was deleted", "[stream][group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 3);
  c("XREADGROUP GROUP g a STREAMS k >");
  c("XDEL k 2-0");
  f.advance(Millis{7});
  REQUIRE(c("XREADGROUP GROUP g a STREAMS k 1") == "*1 *2 $1 k *2 *2 $3 2-0 *-1 " + entry("3-0"));
  REQUIRE(pending(c) == "*3 *4 $3 1-0 $1 a :7 :1 *4 $3 2-0 $1 a :7 :1 *4 $3 3-0 $1 a :0 :2");
  REQUIRE(c("XREADGROUP GROUP g b BLOCK 0 STREAMS k 0") == "*1 *2 $1 k *0");
  REQUIRE(c("XREADGROUP GROUP g a COUNT 1 STREAMS k 0") == "*1 *2 $1 k *1 " + entry("1-0"));
}

TEST_CASE("XREADGROUP logs itself without BLOCK, whatever consumer and group are called", "[stream][group]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("XADD BLOCK 1-0 f v");
  c("XGROUP CREATE BLOCK BLOCK 0");
  TestClient& waiter = f.connect();
  waiter("XREADGROUP COUNT 5 BLOCK 100 GROUP BLOCK STREAMS STREAMS BLOCK >");
  REQUIRE(waiter("XREADGROUP GROUP BLOCK BLOCK BLOCK 0 NOACK STREAMS BLOCK >") == "~");
  c("XADD BLOCK 2-0 f v");
  REQUIRE(waiter.reply() == "*1 *2 $5 BLOCK *1 " + entry("2-0"));
  REQUIRE(c("XPENDING BLOCK BLOCK - + 9") == "*1 *4 $3 1-0 $7 STREAMS :0 :1");
}

TEST_CASE("a consumer is made by reading, also when there is nothing (7.2)", "[stream][group]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("XGROUP CREATE k g $ MKSTREAM");
  REQUIRE(c("XREADGROUP GROUP g a STREAMS k >") == "*-1");
  f.advance(Millis{5});
  REQUIRE(c("XINFO CONSUMERS k g") == "*1 *8 $4 name $1 a $7 pending :0 $4 idle :5 $8 inactive :-1");
  REQUIRE(c("XGROUP CREATECONSUMER k g a") == ":0");
  REQUIRE(c("XGROUP CREATECONSUMER k g b") == ":1");
  REQUIRE(c("XGROUP DELCONSUMER k g a") == ":0");
  REQUIRE(c("XGROUP DELCONSUMER k g nobody") == ":0");
}

TEST_CASE("XGROUP moves and ends groups", "[stream][group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 2);
  REQUIRE(c("XGROUP CREATE k g 0") == "-BUSYGROUP Consumer Group name already exists");
  c("XREADGROUP GROUP g a STREAMS k >");
  f.advance(Millis{3});
  REQUIRE(c("XGROUP SETID k g 1-0") == "+OK");
  REQUIRE(c("XREADGROUP GROUP g b STREAMS k >") == "*1 *2 $1 k *1 " + entry("2-0"));
  REQUIRE(pending(c) == "*2 *4 $3 1-0 $1 a :3 :1 *4 $3 2-0 $1 b :0 :1");
  REQUIRE(c("XGROUP DELCONSUMER k g b") == ":1");
  REQUIRE(c("XGROUP DESTROY k g") == ":1");
  REQUIRE(c("XGROUP DESTROY k g") == ":0");
  REQUIRE(c("XGROUP SETID k g 0") == "-NOGROUP No such consumer group 'g' for key name 'k'");
  REQUIRE(c("XREADGROUP GROUP g b STREAMS k >") ==
          "-NOGROUP No such key 'k' or consumer group 'g' in XREADGROUP with GROUP option");
}

TEST_CASE("XCLAIM takes over what has been idle for long, and drops what was deleted", "[stream][group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 3);
  c("XREADGROUP GROUP g a STREAMS k >");
  f.advance(Millis{100});
  REQUIRE(c("XCLAIM k g b 101 1-0") == "*0");
  REQUIRE(c("XCLAIM k g b 100 1-0 9-9") == "*1 " + entry("1-0"));
  REQUIRE(c("XCLAIM k g b 0 2-0 JUSTID IDLE 40") == "*1 $3 2-0");
  REQUIRE(pending(c) == "*3 *4 $3 1-0 $1 b :0 :2 *4 $3 2-0 $1 b :40 :1 *4 $3 3-0 $1 a :100 :1");
  c("XDEL k 3-0");
  REQUIRE(c("XCLAIM k g b 1000 3-0") == "*0");
  REQUIRE(c("XACK k g 1-0 2-0 3-0") == ":2");
  REQUIRE(c("XCLAIM k g b 0 1-0") == "*0");
  REQUIRE(c("XCLAIM k g b 0 1-0 3-0 FORCE RETRYCOUNT 70000 TIME 5 LASTID 9-0") == "*1 " + entry("1-0"));
  REQUIRE(pending(c) == "*1 *4 $3 1-0 $1 b :1700000000095 :70000");
  REQUIRE(c("XINFO GROUPS k") ==
          "*1 *12 $4 name $1 g $9 consumers :2 $7 pending :1 $17 last-delivered-id $3 9-0 $12 entries-read "
          ":3 $3 lag :0");
}

TEST_CASE("MAXSIZE counts all that CLAIM replies of an entry", "[stream][group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 3);
  const auto claimed = [](const std::string& id) { return "*4 " + bulk(id) + " *2 $1 f $1 v :100 :1"; };
  // The stream's *2 $1 k *1 are 15 bytes; *4 $3 1-0 *2 $1 f $1 v :100 :1 are 41, :0 :0 39.
  c("XGROUP CREATE k h 0");
  c("XREADGROUP GROUP h a COUNT 2 STREAMS k >");
  f.advance(Millis{100});
  REQUIRE(c("XREADGROUP GROUP h b CLAIM 100 MAXSIZE 96 STREAMS k >") == "*1 *2 $1 k *1 " + claimed("1-0"));
  REQUIRE(c("XREADGROUP GROUP h b CLAIM 100 MAXSIZE 94 STREAMS k >") == "*1 *2 $1 k *1 " + claimed("2-0"));
  REQUIRE(c("XREADGROUP GROUP h b CLAIM 100 MAXSIZE 1 STREAMS k >") ==
          "*1 *2 $1 k *1 *4 $3 3-0 *2 $1 f $1 v :0 :0");
  c("XGROUP CREATE k i 0");
  c("XREADGROUP GROUP i a COUNT 2 STREAMS k >");
  f.advance(Millis{100});
  REQUIRE(c("XREADGROUP GROUP i b CLAIM 100 MAXSIZE 135 STREAMS k >") ==
          "*1 *2 $1 k *2 " + claimed("1-0") + " " + claimed("2-0"));
  REQUIRE(c("XREADGROUP GROUP i b CLAIM 100 MAXSIZE 135 STREAMS k >") ==
          "*1 *2 $1 k *1 *4 $3 3-0 *2 $1 f $1 v :0 :0");
  c("XGROUP CREATE k j 0");
  c("XREADGROUP GROUP j a COUNT 2 STREAMS k >");
  f.advance(Millis{100});
  REQUIRE(c("XREADGROUP GROUP j b CLAIM 100 MAXSIZE 136 STREAMS k >") ==
          "*1 *2 $1 k *3 " + claimed("1-0") + " " + claimed("2-0") + " *4 $3 3-0 *2 $1 f $1 v :0 :0");
}

TEST_CASE("XAUTOCLAIM goes through what is pending, step by step", "[stream][group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 5);
  c("XREADGROUP GROUP g a STREAMS k >");
  c("XDEL k 2-0");
  f.advance(Millis{10});
  REQUIRE(c("XAUTOCLAIM k g b 10 - COUNT 2") == "*3 $3 3-0 *1 " + entry("1-0") + " *1 $3 2-0");
  REQUIRE(c("XAUTOCLAIM k g b 10 3-0 JUSTID") == "*3 $3 0-0 *3 $3 3-0 $3 4-0 $3 5-0 *0");
  REQUIRE(c("XAUTOCLAIM k g b 10 -") == "*3 $3 0-0 *0 *0");
  REQUIRE(c("XPENDING k g") == "*4 :4 $3 1-0 $3 5-0 *1 *2 $1 b $1 4");
}

TEST_CASE("pending entries whose stream entry is gone survive a rewrite", "[stream][group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 4);
  c("XREADGROUP GROUP g a COUNT 3 STREAMS k >");
  c("XTRIM k MAXLEN 0");
  f.advance(Millis{3});
  c("BGREWRITEAOF");
  f.finish_rewrite();
  f.restart();
  TestClient& later = f.connect();
  REQUIRE(pending(later) == "*3 *4 $3 1-0 $1 a :3 :1 *4 $3 2-0 $1 a :3 :1 *4 $3 3-0 $1 a :3 :1");
  REQUIRE(later("XINFO CONSUMERS k g") == "*1 *8 $4 name $1 a $7 pending :3 $4 idle :3 $8 inactive :3");
}

TEST_CASE("of those who wait in a group one gets an entry, and each group gets its own", "[stream][group]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("XGROUP CREATE k g 0 MKSTREAM");
  c("XGROUP CREATE k h 0");
  TestClient& first = f.connect();
  TestClient& second = f.connect();
  TestClient& other = f.connect();
  TestClient& reader = f.connect();
  REQUIRE(first("XREADGROUP GROUP g a BLOCK 0 STREAMS k >") == "~");
  REQUIRE(second("XREADGROUP GROUP g b BLOCK 0 STREAMS k >") == "~");
  REQUIRE(other("XREADGROUP GROUP h a BLOCK 0 STREAMS k >") == "~");
  REQUIRE(reader("XREAD BLOCK 0 STREAMS k $") == "~");
  c("XADD k 1-0 f v");
  const std::string reply = "*1 *2 $1 k *1 " + entry("1-0");
  REQUIRE(first.reply() == reply);
  REQUIRE(second.reply() == "~");
  REQUIRE(other.reply() == reply);
  REQUIRE(reader.reply() == reply);
  c("XADD k 2-0 f v");
  REQUIRE(second.reply() == "*1 *2 $1 k *1 " + entry("2-0"));
}

TEST_CASE("who waits in a group is told when group or key go (7.2)", "[stream][group]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& waiter = f.connect();
  const std::string gone = "-NOGROUP No such key 'k' or consumer group 'g' in XREADGROUP with GROUP option";
  for (const char* end : {"DEL k", "XGROUP DESTROY k g", "FLUSHALL"}) {
    INFO(end);
    c("XGROUP CREATE k g 0 MKSTREAM");
    REQUIRE(waiter("XREADGROUP GROUP g a BLOCK 0 STREAMS k >") == "~");
    c(end);
    REQUIRE(waiter.reply() == gone);
  }
  c("XGROUP CREATE k g 0 MKSTREAM");
  REQUIRE(waiter("XREADGROUP GROUP g a BLOCK 0 STREAMS k >") == "~");
  c("SET k text");
  REQUIRE(waiter.reply() == "-WRONGTYPE Operation against a key holding the wrong kind of value");
}

TEST_CASE("a consumer that waits and is ended comes back with its next entry", "[stream][group]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("XGROUP CREATE k g 0 MKSTREAM");
  TestClient& waiter = f.connect();
  REQUIRE(waiter("XREADGROUP GROUP g a BLOCK 0 STREAMS k >") == "~");
  REQUIRE(c("XGROUP DELCONSUMER k g a") == ":0");
  REQUIRE(c("XINFO CONSUMERS k g") == "*0");
  c("XADD k 1-0 f v");
  REQUIRE(waiter.reply() == "*1 *2 $1 k *1 " + entry("1-0"));
  REQUIRE(c("XINFO CONSUMERS k g") == "*1 *8 $4 name $1 a $7 pending :1 $4 idle :0 $8 inactive :0");
}

TEST_CASE("keys of XREADGROUP are found by position, whatever a consumer is called", "[stream][group]") {
  ServerFixture f;
  f.skip_log_check();
  TestClient& c = f.client();
  REQUIRE(c("COMMAND GETKEYS XREADGROUP GROUP g STREAMS COUNT 1 STREAMS k1 k2 > >") == "*2 $2 k1 $2 k2");
  REQUIRE(c("COMMAND GETKEYS XREADGROUP NOACK BLOCK 5 GROUP STREAMS STREAMS STREAMS k >") == "*1 $1 k");
}

TEST_CASE("lag and entries-read", "[stream][group]") {
  ServerFixture f;
  TestClient& c = f.client();
  const auto counts = [&c] {
    const std::string info = c("XINFO GROUPS k");
    return info.substr(info.find("entries-read") + 13);
  };
  SECTION("of a group that reads from the start") {
    prepare(c, 4);
    REQUIRE(counts() == "$-1 $3 lag :4");
    c("XREADGROUP GROUP g a COUNT 1 STREAMS k >");
    REQUIRE(counts() == ":1 $3 lag :3");
    c("XREADGROUP GROUP g a STREAMS k >");
    REQUIRE(counts() == ":4 $3 lag :0");
  }
  SECTION("of a new stream, of an empty one") {
    c("XGROUP CREATE k g 0 MKSTREAM");
    REQUIRE(counts() == "$-1 $3 lag :0");
    c("XADD k 1-0 f v");
    c("XTRIM k MAXLEN 0");
    REQUIRE(counts() == "$-1 $3 lag :0");
  }
  SECTION("behind a trim") {
    prepare(c, 6);
    c("XREADGROUP GROUP g a COUNT 1 STREAMS k >");
    c("XTRIM k MAXLEN 3");
    REQUIRE(counts() == ":1 $3 lag :3");
    c("XREADGROUP GROUP g a COUNT 1 STREAMS k >");
    REQUIRE(counts() == ":4 $3 lag :2");
  }
  SECTION("with entries deleted ahead, until the end is reached") {
    prepare(c, 5);
    c("XREADGROUP GROUP g a COUNT 1 STREAMS k >");
    c("XDEL k 3-0");
    REQUIRE(counts() == ":1 $3 lag $-1");
    c("XREADGROUP GROUP g a COUNT 1 STREAMS k >");
    REQUIRE(counts() == "$-1 $3 lag $-1");
    c("XREADGROUP GROUP g a STREAMS k >");
    REQUIRE(counts() == ":5 $3 lag :0");
  }
  SECTION("of a group put in the middle, and at the end") {
    prepare(c, 3);
    c("XGROUP SETID k g 2-0");
    REQUIRE(counts() == "$-1 $3 lag $-1");
    c("XGROUP SETID k g 2-0 ENTRIESREAD 2");
    REQUIRE(counts() == ":2 $3 lag :1");
    c("XGROUP SETID k g $");
    REQUIRE(counts() == "$-1 $3 lag :0");
  }
}

TEST_CASE("what becomes of groups does not touch a stream that is watched", "[stream][group]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("XADD k 1-0 f v");
  c("WATCH k");
  c("XGROUP CREATE k g 0");
  c("XREADGROUP GROUP g a STREAMS k >");
  c("MULTI");
  REQUIRE(c("EXEC") == "*0");
  c("WATCH new");
  c("XGROUP CREATE new g 0 MKSTREAM");
  c("MULTI");
  REQUIRE(c("EXEC") == "*-1");
}

TEST_CASE("CLAIM does not look at pending entries that the stream has lost", "[stream][group]") {
  ServerFixture f;
  TestClient& c = f.client();
  constexpr int kEntries = 5'000;
  prepare(c, kEntries);
  c("XREADGROUP GROUP g dead STREAMS k >");
  c("XTRIM k MAXLEN 2");
  f.advance(Millis{50});
  const auto& pending = f.server().keyspace.find(0, "k")->stream().find_group("g")->pending();
  REQUIRE(pending.size() == kEntries);
  const uint64_t before = pending.searched();
  const auto claimed = [](const std::string& id, int idle, int deliveries) {
    return "*4 " + entry(id).substr(3) + " :" + std::to_string(idle) + " :" + std::to_string(deliveries);
  };
  REQUIRE(c("XREADGROUP GROUP g d CLAIM 0 COUNT 1 STREAMS k >") ==
          "*1 *2 $1 k *1 " + claimed("4999-0", 50, 1));
  REQUIRE(c("XREADGROUP GROUP g d CLAIM 10 STREAMS k >") == "*1 *2 $1 k *1 " + claimed("5000-0", 50, 1));
  TestClient& waiter = f.connect();
  REQUIRE(waiter("XREADGROUP GROUP g w BLOCK 0 CLAIM 1000 STREAMS k >") == "~");
  for (int i = 1; i <= 10; ++i) {
    c("XADD k 9000-" + std::to_string(i) + " f v");
    REQUIRE(waiter.reply() != "~");
    REQUIRE(waiter("XREADGROUP GROUP g w BLOCK 0 CLAIM 1000 STREAMS k >") == "~");
  }
  REQUIRE(pending.searched() - before < kEntries);
  // They are pending all the same, also after a rewrite, and in a copy.
  REQUIRE(c("COPY k copy") == ":1");
  c("BGREWRITEAOF");
  f.finish_rewrite();
  f.restart();
  TestClient& again = f.connect();
  for (const char* key : {"k", "copy"}) {
    REQUIRE(again(std::string("XPENDING ") + key + " g - + 1 dead") == "*1 *4 $3 1-0 $4 dead :50 :1");
    REQUIRE(f.server().keyspace.find(0, key)->stream().find_group("g")->pending().size() == kEntries + 10);
  }
  f.server().keyspace.check_invariants();
}

TEST_CASE("XNACK of an entry that is gone leaves it unowned, and CLAIM does not find it", "[stream][group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 3);
  c("XREADGROUP GROUP g a STREAMS k >");
  c("XDEL k 1-0 2-0");
  REQUIRE(c("XNACK k g FAIL IDS 2 1-0 3-0") == ":2");
  REQUIRE(c("XREADGROUP GROUP g b CLAIM 0 COUNT 1 STREAMS k >").find("$3 3-0") != std::string::npos);
  REQUIRE(c("XREADGROUP GROUP g b CLAIM 1000 COUNT 1 STREAMS k >") == "*-1");
  REQUIRE(c("XPENDING k g") == "*4 :3 $3 1-0 $3 3-0 *2 *2 $1 a $1 1 *2 $1 b $1 1");
  f.server().keyspace.check_invariants();
}

TEST_CASE("an approximate trim of acknowledged entries is logged as what it did", "[stream][group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 400);
  c("XREADGROUP GROUP g a STREAMS k >");
  REQUIRE(c("XACK k g 150-0 250-0 350-0") == ":3");
  REQUIRE(c("XTRIM k MAXLEN ~ 10 ACKED") == ":0");  // gave up after a hundred
  REQUIRE(c("XTRIM k MAXLEN ~ 10 ACKED") == ":1");
  c("XADD k MAXLEN ~ 10 ACKED 900-0 f v");
  REQUIRE(c("XLEN k") == ":399");
  REQUIRE(c("XADD k MAXLEN 10 ACKED 901-0 f v") == bulk("901-0"));
  REQUIRE(c("XLEN k") == ":399");
  REQUIRE(f.digest_of_log() == f.digest());
  f.server().keyspace.check_invariants();
}
