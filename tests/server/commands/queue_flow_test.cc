// SPDX-License-Identifier: MIT
//
// What comes into a queue and goes out of it under limits: priorities, lifetimes, tokens, room, pause, rate, groups,
// ties. Each test's log is loaded again at its end, before and after a rewrite (ServerFixture).
#include <catch2/catch.hpp>
#include <sstream>
#include <string>
#include <utility>

#include "tests/server/commands/queue_reply.h"
#include "tests/support/server_fixture.h"

using sluice::Millis;
using sluice::test::bulk;
using sluice::test::field;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

namespace {

std::string id(int number, int64_t ms = 1'700'000'000'000) {
  return std::to_string(ms) + "-" + std::to_string(number);
}
std::string handle(int number, int deliveries = 1, int64_t ms = 1'700'000'000'000) {
  return id(number, ms) + ":" + std::to_string(deliveries);
}
// The payloads of a reply of QRESERVE, joined by blanks.
std::string payloads(const std::string& reply) {
  std::string found;
  std::istringstream words(reply);
  std::string word;
  while (words >> word) {
    if (word != "*5") continue;
    for (int i = 0; i < 6; ++i)
      words >> word;
    found += (found.empty() ? "" : " ") + word;
  }
  return found;
}
}  // namespace

// --- Priorities

TEST_CASE("the highest priority is served first, and lies nearest the head", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QADD q low");
  c("QADD q PRIORITY 9 high");
  c("QADD q PRIORITY 5 mid");
  c("QADD q low2");
  REQUIRE(c("LRANGE q 0 -1") == "*4 $4 low2 $3 low $3 mid $4 high");
  REQUIRE(c("LINDEX q -1") == "$4 high");
  REQUIRE(c("LINDEX q 1") == "$3 low");
  REQUIRE(payloads(c("QRESERVE 1 q COUNT 10")) == "high mid low low2");
}

TEST_CASE("with the head on the left the lanes lie the other way round", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QPOLICY q HEAD LEFT");
  c("QADD q low");
  c("QADD q PRIORITY 9 high");
  c("QADD q PRIORITY 9 high2");
  c("QADD q low2");
  REQUIRE(c("LRANGE q 0 -1") == "*4 $4 high $5 high2 $3 low $4 low2");
  REQUIRE(c("RPUSH q r") == ":5");
  REQUIRE(c("LPUSH q l") == ":6");
  REQUIRE(c("LRANGE q 0 -1") == "*6 $4 high $5 high2 $1 l $3 low $4 low2 $1 r");
  REQUIRE(c("LPOP q") == "$4 high");
  REQUIRE(c("RPOP q") == "$1 r");
  REQUIRE(payloads(c("QRESERVE 1 q COUNT 10")) == "high2 l low low2");
}

TEST_CASE("who has waited longer than AGING is served before higher priorities", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QPOLICY q AGING 100");
  c("QADD q old");
  f.advance(Millis{100});
  c("QADD q PRIORITY 9 new");
  REQUIRE(payloads(c("QRESERVE 1 q")) == "new");
  c("QADD q PRIORITY 9 new2");
  f.advance(Millis{1});
  REQUIRE(payloads(c("QRESERVE 1 q")) == "old");
  REQUIRE(payloads(c("QRESERVE 1 q")) == "new2");
}

TEST_CASE("FAIR serves the key whose next message has waited longest", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QADD a a1");
  f.advance(Millis{5});
  c("QADD b b1");
  c("QADD b b2");
  f.advance(Millis{5});
  c("QADD a a2");
  REQUIRE(payloads(c("QRESERVE 2 b a COUNT 10 FAIR")) == "a1 b1 b2 a2");
  c("SET text x");
  REQUIRE(c("QRESERVE 2 a text FAIR").rfind("-WRONGTYPE", 0) == 0);
}

// --- Lifetimes

TEST_CASE("a message whose TTL is over is dead, whether it is ready or delayed", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QADD q TTL 100 a");
  c("QADD q TTL 100 DELAY 50 b");
  c("QADD q TTL 200 c");
  f.advance(Millis{99});
  REQUIRE(c("LLEN q") == ":3");
  f.advance(Millis{1});
  REQUIRE(c("LLEN q") == ":1");
  REQUIRE(c("XLEN q:dead") == ":2");
  REQUIRE(field(c("QINFO q"), "expired") == ":2");
  REQUIRE(field(c("QINFO q"), "died") == ":2");
  REQUIRE(c("XRANGE q:dead - +").find("$7 expired") != std::string::npos);
}

TEST_CASE("a leased message whose TTL is over dies when it comes back, not before", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  for (const char* name : {"a", "b", "c", "d"})
    c(std::string("QADD q TTL 100 ") + name);
  c("QRESERVE 1 q COUNT 4 LEASE 1000");
  f.advance(Millis{200});
  REQUIRE(field(c("QINFO q"), "leased") == ":4");
  REQUIRE(c("QACK q " + handle(0)) == "*1 :1");
  REQUIRE(c("QNACK q SILENT IDS 1 " + handle(1)) == "*1 :1");
  REQUIRE(c("QNACK q FAIL IDS 1 " + handle(2)) == "*1 :1");
  REQUIRE(c("XLEN q:dead") == ":2");
  f.advance(Millis{800});
  REQUIRE(c("XLEN q:dead") == ":3");
  REQUIRE(c("EXISTS q") == ":0");
}

TEST_CASE("the policy's TTL holds for plain elements by their push times", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QPOLICY q TTL 100");
  c("RPUSH q a b");
  f.advance(Millis{50});
  c("LPUSH q c");
  c("QADD q d");
  f.advance(Millis{50});
  REQUIRE(c("LRANGE q 0 -1") == "*2 $1 d $1 c");
  REQUIRE(c("XLEN q:dead") == ":2");
  c("BGREWRITEAOF");
  f.finish_rewrite();
  f.advance(Millis{50});
  REQUIRE(c("EXISTS q") == ":0");
  REQUIRE(c("XLEN q:dead") == ":4");
}

TEST_CASE("a TTL that is over before the delay is refused", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("QADD q TTL 100 DELAY 100 x") == "-ERR TTL must be greater than the delay");
  c("QPOLICY q TTL 50");
  REQUIRE(c("QADD q DELAY 50 x") == "-ERR TTL must be greater than the delay");
  REQUIRE(c("QADD q DELAY 50 TTL 51 x")[0] == '$');
}

// --- Tokens

TEST_CASE("while a token is held the first message answers for it", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("QADD q DEDUPE t one") == bulk(id(0)));
  const uint64_t sequence = f.server().sequencer.sequence();
  REQUIRE(c("QADD q DEDUPE t two") == bulk(id(0)));
  REQUIRE(f.server().sequencer.sequence() == sequence);
  REQUIRE(c("QADD other DEDUPE t three") == bulk(id(1)));
  REQUIRE(c("LLEN q") == ":1");
  REQUIRE(field(c("QINFO q"), "deduped") == ":1");
  c("QRESERVE 1 q");
  REQUIRE(c("QADD q DEDUPE t two") == bulk(id(0)));
  c("QACK q " + handle(0));
  REQUIRE(c("QADD q DEDUPE t two") == bulk(id(2)));
}

TEST_CASE("UNTIL START frees a token at the first reserve", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QADD q DEDUPE t UNTIL START one");
  c("QRESERVE 1 q");
  REQUIRE(c("QADD q DEDUPE t UNTIL START two") == bulk(id(1)));
  c("QNACK q SILENT IDS 1 " + handle(0));
  REQUIRE(c("LLEN q") == ":2");
}

TEST_CASE("WINDOW holds a token on when its message is gone, and its queue too", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QADD q DEDUPE t WINDOW 100 one");
  REQUIRE(c("RPOP q") == "$3 one");
  REQUIRE(c("EXISTS q") == ":0");
  c("BGREWRITEAOF");
  f.finish_rewrite();
  REQUIRE(f.digest_of_log() == f.digest());
  f.advance(Millis{99});
  REQUIRE(c("QADD q DEDUPE t two") == bulk(id(0)));
  f.advance(Millis{1});
  REQUIRE(f.server().queues.tokens().size() == 0);
  REQUIRE(c("QADD q DEDUPE t two") == bulk(id(0, 1'700'000'000'100)));
}

TEST_CASE("DEL and FLUSHALL drop tokens, also those of a queue that has run empty", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  for (const char* end : {"DEL q", "FLUSHALL", "SET q x"}) {
    INFO(end);
    c("QADD q DEDUPE t WINDOW 100000 one");
    c("QADD q DEDUPE u WINDOW 100000 two");
    c("RPOP q");
    c(end);
    REQUIRE(f.server().queues.tokens().size() == 0);
    c("DEL q");
  }
  c("QADD q DEDUPE t WINDOW 100000 one");
  c("RPOP q");
  REQUIRE(c("DEL q") == ":0");
  REQUIRE(f.server().queues.tokens().size() == 0);
}

TEST_CASE("many tokens are found again", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  for (int i = 0; i < 2'000; ++i)
    REQUIRE(c("QADD q DEDUPE t" + std::to_string(i) + " WINDOW 50 x") == bulk(id(i)));
  for (int i = 0; i < 2'000; i += 7)
    REQUIRE(c("QADD q DEDUPE t" + std::to_string(i) + " x") == bulk(id(i)));
  f.server().queues.check_invariants();
  c("LPOP q 1500");
  f.server().queues.check_invariants();
  f.advance(Millis{50});
  f.advance(Millis{0});
  REQUIRE(f.server().queues.tokens().size() == 500);
  f.server().queues.check_invariants();
}

// --- Room

TEST_CASE("a full queue refuses every kind of push, whole, and changes nothing", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QPOLICY q MAXLEN 3");
  c("RPUSH q a");
  c("QADD q DELAY 1000 b");
  c("RPUSH source s");
  const std::string before = f.digest();
  REQUIRE(c("RPUSH q c d") == "-QFULL queue is full (2 of 3)");
  REQUIRE(f.digest() == before);
  REQUIRE(c("LPUSH q c") == ":2");
  for (const char* line : {"LPUSH q x", "RPUSH q x", "QADD q x", "LMOVE source q LEFT LEFT"}) {
    INFO(line);
    REQUIRE(c(line) == "-QFULL queue is full (3 of 3)");
  }
  REQUIRE(c("LLEN source") == ":1");
  REQUIRE(c("LMOVE q q LEFT RIGHT") == "$1 c");
  REQUIRE(field(c("QINFO q"), "rejected") == ":5");
  c("QRESERVE 1 q");
  REQUIRE(c("LPUSH q x") == "-QFULL queue is full (3 of 3)");
}

TEST_CASE("a queue that drops makes room with the oldest of its lowest lane", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QPOLICY q MAXLEN 3 OVERFLOW DROP");
  c("QADD q PRIORITY 5 high");
  c("LPUSH q a b");
  REQUIRE(c("LPUSH q c") == ":3");
  REQUIRE(c("LRANGE q 0 -1") == "*3 $1 c $1 b $4 high");
  REQUIRE(c("XRANGE q:dead - +").find("$8 overflow") != std::string::npos);
  REQUIRE(c("LPUSH q d e f") == ":3");
  REQUIRE(c("LRANGE q 0 -1") == "*3 $1 f $1 e $1 d");
  REQUIRE(c("LPUSH q 1 2 3 4") == "-QFULL queue is full (3 of 3)");
  c("QRESERVE 1 q COUNT 3");
  REQUIRE(c("LPUSH q x") == "-QFULL queue is full (3 of 3)");
  c("QPOLICY q DEADLETTER text");
  c("SET text x");
  c("QNACK q SILENT IDS 1 " + c("QPENDING q - + 1").substr(10, 15) + ":1");
  REQUIRE(c("LPUSH q x") == "-QFULL queue is full (3 of 3)");
}

// --- Pause and limits

TEST_CASE("PAUSE IN refuses pushes, PAUSE OUT makes QRESERVE wait", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& worker = f.connect();
  c("QADD q a");
  c("QPOLICY q PAUSE IN");
  REQUIRE(c("LPUSH q x") == "-QPAUSED queue is paused for input");
  REQUIRE(c("QADD q x") == "-QPAUSED queue is paused for input");
  REQUIRE(payloads(c("QRESERVE 1 q")) == "a");
  c("QPOLICY q PAUSE OUT");
  REQUIRE(c("LPUSH q b") == ":1");
  REQUIRE(worker("QRESERVE 1 q BLOCK 0") == "~");
  REQUIRE(c("LPUSH q c") == ":2");
  REQUIRE(worker.reply() == "~");
  REQUIRE(c("RPOP q") == "$1 b");
  REQUIRE(c("QACK q " + handle(0)) == "*1 :1");
  c("QPOLICY q PAUSE NONE");
  REQUIRE(payloads(worker.reply()) == "c");
}

TEST_CASE("MAXLEASED limits what is leased, and whoever waits is woken when there is room", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& worker = f.connect();
  c("QPOLICY q MAXLEASED 2 LEASE 100 BACKOFF FIXED 1000");
  c("LPUSH q a b c d");
  REQUIRE(payloads(c("QRESERVE 1 q COUNT 10")) == "a b");
  REQUIRE(worker("QRESERVE 1 q BLOCK 0") == "~");
  c("QACK q " + handle(0));
  REQUIRE(payloads(worker.reply()) == "c");
  REQUIRE(worker("QRESERVE 1 q BLOCK 0") == "~");
  f.advance(Millis{100});
  REQUIRE(payloads(worker.reply()) == "d");
}

TEST_CASE("a rate limit holds in any window, and wakes waiters in their order", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& first = f.connect();
  TestClient& second = f.connect();
  c("QPOLICY q RATE 2 100");
  c("LPUSH q a b c d e");
  REQUIRE(payloads(c("QRESERVE 1 q")) == "a");
  f.advance(Millis{60});
  REQUIRE(payloads(c("QRESERVE 1 q COUNT 5")) == "b");
  REQUIRE(first("QRESERVE 1 q BLOCK 0") == "~");
  REQUIRE(second("QRESERVE 1 q BLOCK 0") == "~");
  c("BGREWRITEAOF");
  f.finish_rewrite();
  REQUIRE(f.digest_of_log() == f.digest());
  f.advance(Millis{39});
  REQUIRE(first.reply() == "~");
  f.advance(Millis{1});
  REQUIRE(payloads(first.reply()) == "c");
  REQUIRE(second.reply() == "~");
  f.advance(Millis{59});
  REQUIRE(second.reply() == "~");
  f.advance(Millis{1});
  REQUIRE(payloads(second.reply()) == "d");
}

// --- Ordered groups

TEST_CASE("messages of one group are delivered one after the other, others go on", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& worker = f.connect();
  c("QPOLICY q BACKOFF FIXED 50 JITTER 0");
  c("QADD q GROUP g g1");
  c("QADD q GROUP g PRIORITY 9 g2");
  c("QADD q GROUP g g3");
  c("QADD q GROUP h h1");
  c("QADD q free");
  REQUIRE(c("LLEN q") == ":3");
  REQUIRE(field(c("QINFO q"), "parked") == ":2");
  REQUIRE(field(c("QINFO q"), "groups") == ":2");
  REQUIRE(field(c("QINFO q ID " + id(1)), "state") == "$6");
  REQUIRE(payloads(c("QRESERVE 1 q COUNT 9")) == "g1 h1 free");
  REQUIRE(worker("QRESERVE 1 q BLOCK 0") == "~");
  c("QNACK q FAIL IDS 1 " + handle(0));
  REQUIRE(worker.reply() == "~");
  f.advance(Millis{50});
  REQUIRE(payloads(worker.reply()) == "g1");
  REQUIRE(worker("QRESERVE 1 q BLOCK 0") == "~");
  c("QACK q " + handle(0, 2));
  REQUIRE(payloads(worker.reply()) == "g2");
  c("BGREWRITEAOF");
  f.finish_rewrite();
  REQUIRE(f.digest_of_log() == f.digest());
  c("QDEL q " + id(1));
  REQUIRE(c("LRANGE q 0 -1") == "*1 $2 g3");
  c("QADD q GROUP g DELAY 100 g4");
  REQUIRE(c("LPOP q") == "$2 g3");
  REQUIRE(c("LLEN q") == ":0");
  f.advance(Millis{100});
  REQUIRE(c("LRANGE q 0 -1") == "*1 $2 g4");
}

TEST_CASE("parked messages die, are deleted, and follow one that died", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QADD q GROUP g g1");
  c("QADD q GROUP g TTL 10 g2");
  c("QADD q GROUP g g3");
  c("QADD q GROUP g g4");
  f.advance(Millis{10});
  REQUIRE(c("XLEN q:dead") == ":1");
  REQUIRE(c("QDEL q " + id(2)) == "*1 :1");
  REQUIRE(field(c("QINFO q"), "parked") == ":1");
  c("QRESERVE 1 q");
  c("QNACK q FATAL IDS 1 " + handle(0));
  REQUIRE(c("LRANGE q 0 -1") == "*1 $2 g4");
}

// --- Ties

TEST_CASE("a tied lease ends with its connection, as a failed attempt", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& worker = f.connect();
  c("QPOLICY q BACKOFF FIXED 100 JITTER 0");
  c("LPUSH q a b c");
  REQUIRE(payloads(worker("QRESERVE 1 q COUNT 2 TIED")) == "a b");
  REQUIRE(payloads(worker("QRESERVE 1 q")) == "c");
  worker("QACK q " + handle(0));
  f.disconnect(worker);
  f.turn();
  REQUIRE(field(c("QINFO q"), "leased") == ":1");
  REQUIRE(field(c("QINFO q"), "delayed") == ":1");
  const std::string pending = c("QPENDING q DELAYED - + 10");
  REQUIRE(pending == "*1 *6 " + bulk(id(1)) + " $0 :-100 :1 :1 $17 connection-closed");
  REQUIRE(c("QACK q " + handle(1)) == "*1 :1");
}

TEST_CASE("a start unties leases and leaves them ten seconds", "[queue]") {
  ServerFixture f;
  f.client()("LPUSH q a");
  f.client()("QRESERVE 1 q TIED LEASE 600000");
  f.restart();
  TestClient& c = f.connect();
  f.advance(Millis{9'999});
  REQUIRE(field(c("QINFO q"), "leased") == ":1");
  REQUIRE(field(c("QINFO q ID " + id(0)), "tied") == ":0");
  f.advance(Millis{1});
  REQUIRE(field(c("QINFO q"), "leased") == ":0");
}

// --- Redrive

TEST_CASE("dead letters go back, some or all, and count how often", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  for (int i = 0; i < 4; ++i)
    c("QADD q m" + std::to_string(i));
  c("QRESERVE 1 q COUNT 4");
  for (int i = 0; i < 4; ++i)
    c("QNACK q FATAL IDS 1 " + handle(i) + " REASON " + (i % 2 == 0 ? "even" : "odd"));
  REQUIRE(c("QREDRIVE q:dead MATCH dlq.error ev* COUNT 3") == "*3 :2 :3 " + bulk(id(3)));
  REQUIRE(c("LRANGE q 0 -1") == "*2 $2 m2 $2 m0");
  REQUIRE(c("QREDRIVE q:dead TO other") == "*3 :2 :2 $3 0-0");
  REQUIRE(c("LRANGE other 0 -1") == "*2 $2 m3 $2 m1");
  REQUIRE(c("XLEN q:dead") == ":0");
  REQUIRE(field(c("QINFO q"), "redriven") == ":2");
  c("QRESERVE 1 q");
  c("QNACK q FATAL IDS 1 " + handle(4));
  REQUIRE(c("XRANGE q:dead - +").find("$12 dlq.redriven $1 1 ") != std::string::npos);
  REQUIRE(c("QREDRIVE q:dead IDS 1 " + id(4) + " SPREAD 1000") == "*3 :1 :1 $3 0-0");
  REQUIRE(field(c("QINFO q"), "delayed") == ":1");
  REQUIRE(c("QREDRIVE none") == "*3 :0 :0 $3 0-0");
}

TEST_CASE("a redrive stops at a full queue and says where", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("LPUSH q a b c");
  c("QRESERVE 1 q COUNT 3");
  for (int i = 0; i < 3; ++i)
    c("QNACK q FATAL IDS 1 " + handle(i));
  c("QPOLICY q MAXLEN 2");
  REQUIRE(c("QREDRIVE q:dead") == "*3 :2 :2 " + bulk(id(2)));
  REQUIRE(c("QREDRIVE q:dead TO q:dead") == "-ERR TO must not be the dead-letter stream itself");
  c("SET text x");
  REQUIRE(c("QREDRIVE text").rfind("-WRONGTYPE", 0) == 0);
  REQUIRE(c("QREDRIVE q:dead TO text") == "*3 :0 :1 $3 0-0");
  c("XADD mixed 1-1 some thing");
  REQUIRE(c("QREDRIVE mixed") == "*3 :0 :1 $3 0-0");
}

TEST_CASE("a dead letter that cannot be written is kept, blocked and told of", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET q:dead text");
  c("QADD q a");
  c("QRESERVE 1 q");
  REQUIRE(c("QNACK q FATAL IDS 1 " + handle(0)) == "*1 :1");
  REQUIRE(field(c("QINFO q ID " + id(0)), "state") == "$5");
  REQUIRE(c("QRESERVE 1 q") == "*-1");
  f.turn();
  REQUIRE(f.world().notices.lines.back().find("dead-letter key of queue 'q'") != std::string::npos);
  const size_t told = f.world().notices.lines.size();
  f.advance(Millis{59'999});
  f.turn();
  REQUIRE(f.world().notices.lines.size() == told);
  c("DEL q:dead");
  f.advance(Millis{1});
  REQUIRE(c("XLEN q:dead") == ":1");
  REQUIRE(c("EXISTS q") == ":0");
}

// --- Looking

TEST_CASE("QPENDING lists what is leased and delayed", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("LPUSH q a b");
  c("QADD q DELAY 500 c");
  c("QRESERVE 1 q CONSUMER w1");
  c("QRESERVE 1 q CONSUMER w2");
  f.advance(Millis{10});
  const std::string one = "*6 " + bulk(id(0)) + " $0 :-490 :0 :0 $0 ";
  const std::string two = "*6 " + bulk(id(1)) + " $2 w1 :10 :1 :0 $0 ";
  const std::string three = "*6 " + bulk(id(2)) + " $2 w2 :10 :1 :0 $0 ";
  REQUIRE(c("QPENDING q - + 10") + " " == "*3 " + one + two + three);
  REQUIRE(c("QPENDING q ALL - + 2") + " " == "*2 " + one + two);
  REQUIRE(c("QPENDING q LEASED - + 10 w2") + " " == "*1 " + three);
  REQUIRE(c("QPENDING q DELAYED - + 10") + " " == "*1 " + one);
  REQUIRE(c("QPENDING q (" + id(0) + " " + id(1) + " 10") + " " == "*1 " + two);
  REQUIRE(c("QPENDING none - + 10") == "*0");
  REQUIRE(c("QPENDING q x + 10") == "-ERR invalid start ID for the interval");
  REQUIRE(c("QPENDING q - x 10") == "-ERR invalid end ID for the interval");
}

TEST_CASE("consumers are told one by one", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("LPUSH q a b c");
  c("QRESERVE 1 q COUNT 2 CONSUMER w");
  c("QRESERVE 1 q CONSUMER v");
  c("QACK q " + handle(0));
  c("QNACK q FAIL IDS 1 " + handle(1));
  f.advance(Millis{20});
  REQUIRE(c("QINFO q CONSUMERS") ==
          "*2 *14 $4 name $1 v $6 leased :1 $15 oldest-lease-ms :20 $5 acked :0 $6 failed :0 $7 expired :0 "
          "$11 seen-ms-ago :20 *14 $4 name $1 w $6 leased :0 $15 oldest-lease-ms :0 $5 acked :1 $6 failed :1 "
          "$7 expired :0 $11 seen-ms-ago :20");
  f.advance(Millis{3'600'000});
  REQUIRE(c("QINFO q CONSUMERS").find("$1 w ") == std::string::npos);
}

TEST_CASE("policies are listed by a cursor", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("QPOLICY") == "*2 $1 0 *0");
  c("QPOLICY a LEASE 5");
  c("QPOLICY b LEASE 5");
  c("QPOLICY a LEASE 6");
  c("SELECT 3");
  c("QPOLICY c LEASE 5");
  REQUIRE(c("QPOLICY") == "*2 $1 0 *3 *3 :0 $1 a $0 *3 :0 $1 b $0 *3 :3 $1 c $0");
  REQUIRE(c("QPOLICY CURSOR 0 COUNT 2") == "*2 $1 2 *2 *3 :0 $1 a $0 *3 :0 $1 b $0");
  REQUIRE(c("QPOLICY CURSOR 2") == "*2 $1 0 *1 *3 :3 $1 c $0");
  REQUIRE(c("QPOLICY CURSOR LEASE 5") == "+OK");
}

TEST_CASE("more policies than the configuration allows are not set", "[queue]") {
  ServerFixture f({{"queue-policies-max", "2"}});
  TestClient& c = f.client();
  REQUIRE(c("QPOLICY a LEASE 5") == "+OK");
  REQUIRE(c("QPOLICY s GROUP g LEASE 5") == "+OK");
  const std::string before = f.digest();
  REQUIRE(c("QPOLICY b LEASE 5") == "-ERR too many queue policies");
  REQUIRE(c("QPOLICY s GROUP h RESET LEASE 5") == "-ERR too many queue policies");
  REQUIRE(f.digest() == before);
  REQUIRE(c("QPOLICY a LEASE 6") == "+OK");
  REQUIRE(c("CONFIG SET queue-policies-max 3") == "+OK");
  REQUIRE(c("QPOLICY b LEASE 5") == "+OK");
  REQUIRE(c("CONFIG SET queue-policies-max 0") == "+OK");
  REQUIRE(c("QPOLICY a RESET") == "+OK");
  REQUIRE(c("QPOLICY a LEASE 5") == "-ERR too many queue policies");
  // What the log holds is taken whatever the bound is now: the fixture loads it at the end.
}

TEST_CASE("PREVIEW shows the waits of a policy and their sums", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QPOLICY q BACKOFF EXP 1000 4000 JITTER 50 MAXATTEMPTS 5");
  REQUIRE(
      c("QPOLICY q PREVIEW 9") ==
      "*4 *7 :1 :500 :750 :1000 :500 :750 :1000 *7 :2 :1000 :1500 :2000 :1500 :2250 :3000 *7 :3 :2000 :3000 "
      ":4000 :3500 :5250 :7000 *7 :4 :2000 :3000 :4000 :5500 :8250 :11000");
  REQUIRE(c("QPOLICY q PREVIEW 1") == "*1 *7 :1 :500 :750 :1000 :500 :750 :1000");
  REQUIRE(c("QPOLICY q PREVIEW 0") == "-ERR value is not an integer or out of range");
}

// --- Where else verbs are used

TEST_CASE("every verb works in a transaction", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QPOLICY q MAXATTEMPTS 1");
  c("MULTI");
  for (const std::string& line :
       {std::string("QADD q one"), std::string("QADD q two"), std::string("QRESERVE 1 q COUNT 2 CONSUMER w"),
        "QEXTEND q 60000 " + handle(0), "QACK q " + handle(0), std::string("QPENDING q - + 9"),
        "QNACK q FAIL IDS 1 " + handle(1), std::string("QREDRIVE q:dead"), std::string("QPOLICY q PREVIEW 3"),
        std::string("QDEL q 1700000000000-2"), std::string("QINFO q CONSUMERS"),
        std::string("QPOLICY q RESET")}) {
    INFO(line);
    REQUIRE(c(line) == "+QUEUED");
  }
  REQUIRE(
      c("EXEC") ==
      "*12 $15 1700000000000-0 $15 1700000000000-1 *2 *5 $1 q $17 1700000000000-0:1 $3 one :0 :1700000030000 "
      "*5 $1 q $17 1700000000000-1:1 $3 two :0 :1700000030000 *1 :1 *1 :1 "
      "*1 *6 $15 1700000000000-1 $1 w :0 :1 :0 $0 *1 :1 *3 :1 :1 $3 0-0 *0 *1 :1 *0 +OK");
  REQUIRE(c("EXISTS q") == ":0");
  REQUIRE(c("XLEN q:dead") == ":0");
}

TEST_CASE("a transaction is not run when a queue that it watched has changed", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& other = f.connect();
  c("QADD q one");
  for (const std::string& line :
       {std::string("QRESERVE 1 q"), "QEXTEND q 5 " + handle(0), "QACK q " + handle(0),
        std::string("QADD q two"), std::string("QDEL q 1700000000000-1")}) {
    INFO(line);
    c("WATCH q");
    other(line);
    c("MULTI");
    c("PING");
    REQUIRE(c("EXEC") == "*-1");
  }
  c("WATCH q");
  other("QINFO q");
  other("QRESERVE 1 q");
  other("QACK q 1-1:1");
  c("MULTI");
  c("PING");
  REQUIRE(c("EXEC") == "*1 +PONG");
}

TEST_CASE("every verb works in a script, and none of them waits", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QPOLICY q MAXATTEMPTS 1");
  REQUIRE(c("EVAL \"return redis.call('QRESERVE', 1, KEYS[1], 'BLOCK', 0)\" 1 q") == "$-1");
  REQUIRE(c("EVAL \"redis.call('QADD', KEYS[1], 'one') redis.call('QADD', KEYS[1], 'two') "
            "local found = redis.call('QRESERVE', 1, KEYS[1], 'COUNT', 2, 'CONSUMER', 'w') "
            "return {redis.call('QEXTEND', KEYS[1], 60000, found[1][2]), redis.call('QACK', KEYS[1], "
            "found[1][2]), "
            "redis.call('QPENDING', KEYS[1], '-', '+', 9), "
            "redis.call('QNACK', KEYS[1], 'FAIL', 'IDS', 1, found[2][2]), redis.call('QREDRIVE', KEYS[2]), "
            "redis.call('QDEL', KEYS[1], '1700000000000-2'), redis.call('QPOLICY', KEYS[1], 'RESET'), "
            "redis.call('QINFO', KEYS[1])[2]}\" 2 q q:dead") ==
          "*8 *1 :1 *1 :1 *1 *6 $15 1700000000000-1 $1 w :0 :1 :0 $0 *1 :1 *3 :1 :1 $3 0-0 *1 :1 +OK :0");
  REQUIRE(c("EXISTS q") == ":0");
  REQUIRE(c("EVAL \"return redis.pcall('QACK', KEYS[1], 'x')\" 1 q") == "-ERR invalid handle");
  REQUIRE(c("EVAL \"redis.setresp(3) return redis.call('QPOLICY', KEYS[1])['map']['LEASE']\" 1 q") ==
          ":30000");
}

TEST_CASE("a lease that a script has tied ends with the connection that ran it", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& worker = f.connect();
  c("QPOLICY q BACKOFF NONE");
  c("QADD q x");
  REQUIRE(worker("EVAL \"return redis.call('QRESERVE', 1, KEYS[1], 'TIED')[1][4]\" 1 q") == ":0");
  f.disconnect(worker);
  f.turn();
  REQUIRE(c("LLEN q") == ":1");
}

TEST_CASE("what waits to be moved into a queue that is full then is refused, and stays", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& waiter = f.connect();
  TestClient& other = f.connect();
  c("QPOLICY q MAXLEN 1");
  c("QADD q x");
  REQUIRE(waiter("BLMOVE source q LEFT LEFT 0") == "~");
  REQUIRE(other("BRPOPLPUSH source q 0") == "~");
  c("RPUSH source y");
  REQUIRE(waiter.reply() == "-QFULL queue is full (1 of 1)");
  REQUIRE(other.reply() == "-QFULL queue is full (1 of 1)");
  REQUIRE(c("LRANGE source 0 -1") == "*1 $1 y");
  REQUIRE(c("LRANGE q 0 -1") == "*1 $1 x");
}

TEST_CASE("MOVE carries messages and their tokens, not the policy", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QPOLICY q LEASE 1000 BACKOFF NONE");
  c("QADD q DEDUPE t one");
  c("QADD q DELAY 500 two");
  c("QRESERVE 1 q");
  REQUIRE(c("MOVE q 3") == ":1");
  REQUIRE(field(c("QINFO q"), "LEASE") == ":1000");
  c("SELECT 3");
  REQUIRE(field(c("QINFO q"), "leased") == ":1");
  REQUIRE(field(c("QINFO q"), "delayed") == ":1");
  REQUIRE(c("QPOLICY q").find("$6 source $7 default") != std::string::npos);
  REQUIRE(c("QADD q DEDUPE t three") == bulk(id(0)));
  f.advance(Millis{1000});  // the lease that began elsewhere ends, and now waits as the default says
  REQUIRE(c("LRANGE q 0 -1") == "*1 $3 two");
  REQUIRE(c("QPENDING q DELAYED - + 9").find("lease-expired") != std::string::npos);
  f.server().queues.check_invariants();
}

// --- Refusals

TEST_CASE("every wrong option and combination is refused and changes nothing", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QADD q one");
  c("QRESERVE 1 q");
  c("XADD stream 1-1 f v");
  c("SET text x");
  c("RPUSH list x");
  const std::string before = f.digest();
  const std::string out_of_range = "-ERR value is not an integer or out of range";
  const std::string syntax = "-ERR syntax error";
  const std::string wrong_type = "-WRONGTYPE Operation against a key holding the wrong kind of value";
  const std::string h = handle(0);
  const std::pair<std::string, std::string> table[] = {
      {"QADD q PRIORITY 10 x", out_of_range},
      {"QADD q PRIORITY -1 x", out_of_range},
      {"QADD q PRIORITY 1 PRIORITY 2 x", syntax},
      {"QADD q XX XX x", syntax},
      {"QADD q DELAY 1 AT 5 x", syntax},
      {"QADD q DELAY 1 DELAY 2 x", syntax},
      {"QADD q TTL 0 x", out_of_range},
      {"QADD q TTL 1 TTL 2 x", syntax},
      {"QADD q DEDUPE \"\" x", "-ERR DEDUPE must not be empty"},
      {"QADD q DEDUPE " + std::string(513, 't') + " x", "-ERR DEDUPE is too long"},
      {"QADD q DEDUPE t DEDUPE u x", syntax},
      {"QADD q UNTIL START x", syntax},
      {"QADD q WINDOW 5 x", syntax},
      {"QADD q DEDUPE t UNTIL NEVER x", syntax},
      {"QADD q DEDUPE t UNTIL START UNTIL DONE x", syntax},
      {"QADD q DEDUPE t WINDOW -1 x", out_of_range},
      {"QADD q GROUP \"\" x", "-ERR GROUP must not be empty"},
      {"QADD q GROUP " + std::string(513, 'g') + " x", "-ERR GROUP is too long"},
      {"QADD q GROUP a GROUP b x", syntax},
      {"QADD q NOSUCH x", syntax},
      {"QADD q DELAY 5", syntax},
      {"QADD q PRIORITY x y", out_of_range},
      {"QADD q TTL x y", out_of_range},
      {"QADD q AT x y", out_of_range},
      {"QADD q DEDUPE t WINDOW 5 WINDOW 6 x", syntax},
      {"QADD q", "-ERR wrong number of arguments for 'qadd' command"},
      {"QADD text x", wrong_type},
      {"QADD stream x", wrong_type},
      {"QRESERVE 0 q", "-ERR numkeys should be greater than 0"},
      {"QRESERVE x q", out_of_range},
      {"QRESERVE 2 q", syntax},
      {"QRESERVE 1 q COUNT 0", "-ERR count should be greater than 0"},
      {"QRESERVE 1 q BLOCK -1", "-ERR timeout is negative"},
      {"QRESERVE 1 q BLOCK x", "-ERR timeout is not an integer or out of range"},
      {"QRESERVE -1 q", "-ERR numkeys should be greater than 0"},
      {"QRESERVE 9223372036854775807 q", syntax},
      {"QRESERVE 1", "-ERR wrong number of arguments for 'qreserve' command"},
      {"QRESERVE 1 q COUNT x", out_of_range},
      {"QRESERVE 1 q COUNT", syntax},
      {"QRESERVE 1 q BLOCK 9223372036854775807", "-ERR timeout is out of range"},
      {"QRESERVE 1 q BLOCK", syntax},
      {"QRESERVE 1 q LEASE 0", out_of_range},
      {"QRESERVE 1 q LEASE -5", out_of_range},
      {"QRESERVE 1 q LEASE", syntax},
      {"QRESERVE 1 q CONSUMER", syntax},
      {"QRESERVE 1 q CONSUMER " + std::string(1025, 'c'), "-ERR CONSUMER is too long"},
      {"QRESERVE 1 q NOSUCH", syntax},
      {"QRESERVE 1 text", wrong_type},
      {"QRESERVE 1 stream", wrong_type},
      {"QACK q", "-ERR wrong number of arguments for 'qack' command"},
      {"QACK text 1-1:1", wrong_type},
      {"QACK stream 1-1:1", wrong_type},
      {"QACK q 1-1", "-ERR invalid handle"},
      {"QACK q " + h + " x", "-ERR invalid handle"},
      {"QEXTEND q 5", "-ERR wrong number of arguments for 'qextend' command"},
      {"QEXTEND q 0 " + h, out_of_range},
      {"QEXTEND q x " + h, out_of_range},
      {"QEXTEND q 5 x", "-ERR invalid handle"},
      {"QEXTEND text 5 1-1:1", wrong_type},
      {"QNACK q FAIL IDS 1", "-ERR wrong number of arguments for 'qnack' command"},
      {"QNACK text FAIL IDS 1 1-1:1", wrong_type},
      {"QNACK stream FAIL IDS 1 1-1:1", wrong_type},
      {"QNACK q FAIL IDS x " + h, "-ERR numids must be a positive integer"},
      {"QNACK q FAIL IDS 1 x", "-ERR invalid handle"},
      {"QNACK q FAIL IDS 1 " + h + " DELAY", syntax},
      {"QNACK q FAIL IDS 1 " + h + " DELAY -1", out_of_range},
      {"QNACK q FAIL IDS 1 " + h + " AT x", out_of_range},
      {"QNACK q FAIL IDS 1 " + h + " REASON", syntax},
      {"QNACK q FAIL IDS 1 " + h + " " + h, "-ERR Unrecognized QNACK option '" + h + "'"},
      {"QNACK q FAIL IDS 1 " + h + " FORCE", "-ERR Unrecognized QNACK option 'FORCE'"},
      {"QNACK q MAYBE IDS 1 " + h, "-ERR mode must be SILENT, FAIL, or FATAL"},
      {"QNACK q FAIL ID 1 " + h, "-ERR syntax error, expected IDS keyword"},
      {"QNACK q FAIL IDS 0 " + h, "-ERR numids must be a positive integer"},
      {"QNACK q FAIL IDS 2 " + h, "-ERR number of IDs doesn't match numids"},
      {"QNACK q FAIL IDS 1 " + h + " DELAY 1 AT 2", "-ERR Unrecognized QNACK option 'AT'"},
      {"QNACK q FAIL IDS 1 " + h + " REASON a REASON b", "-ERR Unrecognized QNACK option 'REASON'"},
      {"QNACK q FATAL IDS 1 " + h + " DELAY 1", syntax},
      {"QNACK q FATAL IDS 1 " + h + " AT 1", syntax},
      {"QDEL q", "-ERR wrong number of arguments for 'qdel' command"},
      {"QDEL q x", "-ERR invalid message ID"},
      {"QDEL q " + h, "-ERR invalid message ID"},
      {"QDEL text 1-1", wrong_type},
      {"QDEL stream 1-1", wrong_type},
      {"QPENDING q SOME - + 1", out_of_range},
      {"QPENDING q - + x", out_of_range},
      {"QPENDING q - +", "-ERR wrong number of arguments for 'qpending' command"},
      {"QPENDING q - + 1 w more", syntax},
      {"QPENDING q LEASED DELAYED - + 1", out_of_range},
      {"QPENDING q LEASED - +", syntax},
      {"QPENDING q x + 1", "-ERR invalid start ID for the interval"},
      {"QPENDING q - x 1", "-ERR invalid end ID for the interval"},
      {"QPENDING text - + 1", wrong_type},
      {"QPENDING stream - + 1", wrong_type},
      {"QINFO text", wrong_type},
      {"QINFO stream", "-ERR GROUP is required for a stream"},
      {"QINFO list GROUP g", "-ERR GROUP is for streams"},
      {"QINFO", "-ERR wrong number of arguments for 'qinfo' command"},
      {"QINFO q NOSUCH", syntax},
      {"QINFO q ID", syntax},
      {"QINFO q ID 1-1 more", syntax},
      {"QINFO q CONSUMERS ID 1-1", syntax},
      {"QINFO q ID x", "-ERR invalid message ID"},
      {"QREDRIVE", "-ERR wrong number of arguments for 'qredrive' command"},
      {"QREDRIVE text", wrong_type},
      {"QREDRIVE stream NOSUCH", syntax},
      {"QREDRIVE stream TO stream", "-ERR TO must not be the dead-letter stream itself"},
      {"QREDRIVE stream TO", syntax},
      {"QREDRIVE stream IDS 1 1-1 IDS 1 1-1", syntax},
      {"QREDRIVE stream COUNT 5 COUNT 6", syntax},
      {"QREDRIVE stream COUNT x", out_of_range},
      {"QREDRIVE stream START 1-1 START 1-1", syntax},
      {"QREDRIVE stream MATCH a b MATCH c d", syntax},
      {"QREDRIVE stream SPREAD 5 SPREAD 6", syntax},
      {"QREDRIVE list", wrong_type},
      {"QREDRIVE stream IDS 0", "-ERR numids must be a positive integer"},
      {"QREDRIVE stream IDS 2 1-1", "-ERR number of IDs doesn't match numids"},
      {"QREDRIVE stream IDS 1 x", "-ERR Invalid stream ID specified as stream command argument"},
      {"QREDRIVE stream IDS 1 1-1 COUNT 5", syntax},
      {"QREDRIVE stream IDS 1 1-1 START 1-1", syntax},
      {"QREDRIVE stream IDS 1 1-1 MATCH a b", syntax},
      {"QREDRIVE stream COUNT 0", out_of_range},
      {"QREDRIVE stream MATCH a", syntax},
      {"QREDRIVE stream SPREAD -1", out_of_range},
      {"QREDRIVE stream START x", "-ERR Invalid stream ID specified as stream command argument"},
      {"QREDRIVE stream TO a TO b", syntax},
      {"QPOLICY q LEASE 0", out_of_range},
      {"QPOLICY q LEASE", syntax},
      {"QPOLICY q MAXLEASE -1", out_of_range},
      {"QPOLICY q MAXATTEMPTS -1", out_of_range},
      {"QPOLICY q BACKOFF", syntax},
      {"QPOLICY q BACKOFF SOME", syntax},
      {"QPOLICY q BACKOFF FIXED", syntax},
      {"QPOLICY q BACKOFF EXP 5", syntax},
      {"QPOLICY q BACKOFF EXP 6 5", "-ERR BACKOFF base must not be greater than its cap"},
      {"QPOLICY q BACKOFF LINEAR 6 5", "-ERR BACKOFF base must not be greater than its cap"},
      {"QPOLICY q JITTER -1", out_of_range},
      {"QPOLICY q DEADLETTER", syntax},
      {"QPOLICY q DEADLETTER q", "-ERR DEADLETTER must not be the queue itself"},
      {"QPOLICY q DEADMAXLEN -1", out_of_range},
      {"QPOLICY q HEAD MIDDLE", syntax},
      {"QPOLICY q NOSUCH 5", "-ERR unknown policy option"},
      {"QPOLICY q LEASE 5 NOSUCH", "-ERR unknown policy option"},
      {"QPOLICY q LEASE 5 RESET", "-ERR unknown policy option"},
      {"QPOLICY stream RESET", "-ERR GROUP is required for a stream"},
      {"QPOLICY text RESET", wrong_type},
      {"QPOLICY text", wrong_type},
      {"QPOLICY q PAUSE MAYBE", syntax},
      {"QPOLICY q MAXLEASED -1", out_of_range},
      {"QPOLICY q MAXLEN -1", out_of_range},
      {"QPOLICY q OVERFLOW MAYBE", syntax},
      {"QPOLICY q TTL -1", out_of_range},
      {"QPOLICY q AGING -1", out_of_range},
      {"QPOLICY q RATE 5 0", out_of_range},
      {"QPOLICY q RATE 0 5", out_of_range},
      {"QPOLICY q RATE 100001 5", out_of_range},
      {"QPOLICY q RATE 5", syntax},
      {"QPOLICY q PREVIEW 1001", out_of_range},
      {"QPOLICY q PREVIEW 5 LEASE 6", syntax},
      {"QPOLICY q ACKDEL ACKED", "-ERR unknown policy option"},
      {"QPOLICY stream LEASE 5", "-ERR GROUP is required for a stream"},
      {"QPOLICY text LEASE 5", wrong_type},
      {"QPOLICY CURSOR 0 COUNT 0", out_of_range},
      {"QPOLICY CURSOR 0 COUNT", syntax},
  };
  for (const auto& [line, error] : table) {
    INFO(line);
    REQUIRE(c(line) == error);
    REQUIRE(f.digest() == before);
  }
}

TEST_CASE("no option takes a value that is none, or comes without one", "[queue][group]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QADD q one");
  c("QRESERVE 1 q");
  c("XADD s 1-1 f v");
  c("XGROUP CREATE s g 0");
  c("QPOLICY s GROUP g LEASE 5000");
  c("XREADGROUP GROUP g w STREAMS s >");
  const std::string nack = "QNACK q FAIL IDS 1 " + handle(0);
  struct Option {
    std::string before;
    const char* name;
    const char* behind = "";
  };
  const std::string group = "QPOLICY s GROUP g";
  const Option numbers[] = {
      {"QADD q", "DELAY", " payload"},
      {"QADD q", "AT", " payload"},
      {"QADD q", "PRIORITY", " payload"},
      {"QADD q", "TTL", " payload"},
      {"QADD q DEDUPE t", "WINDOW", " payload"},
      {"QRESERVE 1 q", "COUNT"},
      {"QRESERVE 1 q", "BLOCK"},
      {"QRESERVE 1 q", "LEASE"},
      {nack, "DELAY"},
      {nack, "AT"},
      {"QREDRIVE s", "COUNT"},
      {"QREDRIVE s", "SPREAD"},
      {"QREDRIVE s", "START"},
      {"QREDRIVE s", "IDS", " 1-1"},
      {"QINFO q", "ID"},
      {group, "LEASE"},
      {group, "MAXATTEMPTS"},
      {group, "BACKOFF FIXED"},
      {group, "BACKOFF EXP 1"},
      {group, "JITTER"},
      {group, "DEADMAXLEN"},
      {group, "MAXLEASED"},
      {group, "RATE 5"},
      {group, "RATE", " 5"},
      {group, "PREVIEW"},
      {"XNACK s g FAIL IDS 1 1-1", "DELAY"},
      {"XNACK s g FAIL IDS 1 1-1", "AT"},
      {"QPOLICY q", "LEASE"},
      {"QPOLICY q", "MAXLEASE"},
      {"QPOLICY q", "MAXATTEMPTS"},
      {"QPOLICY q", "BACKOFF FIXED"},
      {"QPOLICY q", "BACKOFF LINEAR 1"},
      {"QPOLICY q", "BACKOFF LINEAR", " 5"},
      {"QPOLICY q", "BACKOFF EXP 1"},
      {"QPOLICY q", "BACKOFF EXP", " 5"},
      {"QPOLICY q", "JITTER"},
      {"QPOLICY q", "DEADMAXLEN"},
      {"QPOLICY q", "MAXLEASED"},
      {"QPOLICY q", "MAXLEN"},
      {"QPOLICY q", "TTL"},
      {"QPOLICY q", "AGING"},
      {"QPOLICY q", "RATE 5"},
      {"QPOLICY q", "RATE", " 5"},
      {"QPOLICY q", "PREVIEW"},
      {"QPOLICY CURSOR 0", "COUNT"},
  };
  const Option words[] = {
      {"QADD q DEDUPE t", "UNTIL", " payload"},
      {"QPOLICY q", "BACKOFF"},
      {"QPOLICY q", "PAUSE"},
      {"QPOLICY q", "HEAD"},
      {"QPOLICY q", "OVERFLOW"},
      {group, "BACKOFF"},
      {group, "PAUSE"},
      {group, "ACKDEL"},
  };
  const std::string before = f.digest();
  const auto refuse = [&](const Option& option, const std::string& value) {
    const std::string line = option.before + " " + option.name + value + option.behind;
    INFO(line);
    REQUIRE(c(line)[0] == '-');
    REQUIRE(f.digest() == before);
  };
  for (const Option& option : numbers) {
    for (const char* value : {"", " x", " \"\"", " 1.5", " -1", " 0x10", " 99999999999999999999", " \" 1\""})
      refuse(option, value);
  }
  for (const Option& option : words) {
    for (const char* value : {"", " x", " \"\"", " 0"})
      refuse(option, value);
  }
}
