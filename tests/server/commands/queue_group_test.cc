// SPDX-License-Identifier: MIT
//
// Consumer groups with a policy, through the whole core: a stock loop of XREADGROUP and XACK gets leases, retries and
// dead letters, and every other command of groups knows of them. Without a policy a group is what it is in Redis. Each
// test's log is loaded again at its end, before and after a rewrite (ServerFixture).
#include <catch2/catch.hpp>
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

std::string entry(int number) {
  return "*2 " + bulk(std::to_string(number) + "-0") + " *2 $1 f " + bulk("v" + std::to_string(number));
}
std::string delivered(std::initializer_list<int> numbers) {
  std::string reply = "*1 *2 $1 s *" + std::to_string(numbers.size());
  for (const int number : numbers)
    reply += " " + entry(number);
  return reply;
}
const std::string kNothing = "*-1";
const std::string kRead = "XREADGROUP GROUP g w STREAMS s >";

// A stream s with entries 1-0 .. <count>-0, and a group g at its start, which has this policy.
void prepare(TestClient& c, int count, const std::string& policy) {
  for (int ms = 1; ms <= count; ++ms)
    c("XADD s " + std::to_string(ms) + "-0 f v" + std::to_string(ms));
  REQUIRE(c("XGROUP CREATE s g 0 MKSTREAM") == "+OK");
  REQUIRE(c("QPOLICY s GROUP g " + policy) == "+OK");
}
std::string pending(TestClient& c, const std::string& group = "g") {
  return c("XPENDING s " + group + " - + 100");
}
std::string info(TestClient& c, const std::string& name) {
  return field(c("QINFO s GROUP g"), name);
}

}  // namespace

// --- The stock loop

TEST_CASE("a stock loop gets back what it did not finish, and in the end it is a dead letter", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 2, "LEASE 1000 MAXATTEMPTS 2 BACKOFF FIXED 500 JITTER 0");
  REQUIRE(c(kRead) == delivered({1, 2}));
  REQUIRE(c("XACK s g 2-0") == ":1");
  f.advance(Millis{999});
  REQUIRE(pending(c) == "*1 *4 $3 1-0 $1 w :999 :1");
  f.advance(Millis{1});
  REQUIRE(pending(c) == "*1 *4 $3 1-0 $0 :-500 :1");
  f.advance(Millis{499});
  REQUIRE(c(kRead) == kNothing);
  f.advance(Millis{1});
  REQUIRE(pending(c) == "*1 *4 $3 1-0 $0 :-1 :1");
  REQUIRE(c("XREADGROUP GROUP g other STREAMS s >") == delivered({1}));
  f.advance(Millis{1000});
  REQUIRE(pending(c) == "*0");
  REQUIRE(c("XLEN s") == ":2");
  REQUIRE(
      c("XRANGE s:g:dead - +") ==
      "*1 *2 $15 1700000002500-0 *26 $10 dlq.source $1 s $9 dlq.group $1 g $6 dlq.id $3 1-0 $10 dlq.reason "
      "$11 maxattempts $9 dlq.error $13 lease-expired $12 dlq.attempts $1 2 $14 dlq.deliveries $1 2 "
      "$9 dlq.added $1 1 $9 dlq.first $13 1700000001000 $8 dlq.last $13 1700000002500 $12 dlq.consumer "
      "$5 other $12 dlq.redriven $1 0 $1 f $2 v1");
}

TEST_CASE("who waits is woken when an entry is due again, in the order of waiting", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& first = f.connect();
  TestClient& second = f.connect();
  prepare(c, 2, "LEASE 1000 BACKOFF FIXED 500 JITTER 0");
  REQUIRE(c(kRead) == delivered({1, 2}));
  REQUIRE(first("XREADGROUP GROUP g x COUNT 1 BLOCK 0 STREAMS s >") == "~");
  REQUIRE(second("XREADGROUP GROUP g y COUNT 1 BLOCK 0 STREAMS s >") == "~");
  REQUIRE(info(c, "waiters") == ":2");
  f.advance(Millis{1000});
  f.advance(Millis{499});
  REQUIRE(first.reply() == "~");
  f.advance(Millis{1});
  REQUIRE(first.reply() == delivered({1}));
  REQUIRE(second.reply() == delivered({2}));
  REQUIRE(first("XREADGROUP GROUP g x BLOCK 0 STREAMS s >") == "~");
  REQUIRE(c("XNACK s g FAIL IDS 1 1-0 DELAY 40") == ":1");
  REQUIRE(c("XNACK s g FAIL IDS 1 2-0 DELAY 30") == ":1");
  f.advance(Millis{29});
  REQUIRE(first.reply() == "~");
  f.advance(Millis{1});
  REQUIRE(first.reply() == delivered({2}));
}

TEST_CASE("what is due comes before what is new, the longest due first", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 5, "LEASE 10000 BACKOFF NONE");
  c("XREADGROUP GROUP g w COUNT 3 STREAMS s >");
  c("XNACK s g FAIL IDS 1 3-0 DELAY 10");
  c("XNACK s g FAIL IDS 2 1-0 2-0 DELAY 20");
  f.advance(Millis{20});
  REQUIRE(c("XREADGROUP GROUP g w COUNT 2 STREAMS s >") == delivered({3, 1}));
  REQUIRE(c(kRead) == delivered({2, 4, 5}));
  REQUIRE(pending(c) ==
          "*5 *4 $3 1-0 $1 w :0 :2 *4 $3 2-0 $1 w :0 :2 *4 $3 3-0 $1 w :0 :2 *4 $3 4-0 $1 w :0 :1 "
          "*4 $3 5-0 $1 w :0 :1");
}

TEST_CASE("with CLAIM all entries have four parts, and what is due can be claimed at once", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 4, "LEASE 10000 BACKOFF NONE");
  c("XREADGROUP GROUP g w COUNT 3 STREAMS s >");
  f.advance(Millis{50});
  c("XNACK s g FAIL IDS 1 2-0");
  c("XNACK s g FAIL IDS 1 3-0 DELAY 500");
  f.advance(Millis{10});
  REQUIRE(c("XREADGROUP GROUP g x COUNT 2 CLAIM 60 STREAMS s >") ==
          "*1 *2 $1 s *2 *4 $3 2-0 *2 $1 f $2 v2 :10 :1 *4 $3 1-0 *2 $1 f $2 v1 :60 :1");
  REQUIRE(c("XREADGROUP GROUP g x CLAIM 60 STREAMS s >") == "*1 *2 $1 s *1 *4 $3 4-0 *2 $1 f $2 v4 :0 :0");
}

TEST_CASE("NOACK gives new entries only", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 2, "BACKOFF NONE");
  c("XREADGROUP GROUP g w COUNT 1 STREAMS s >");
  c("XNACK s g FAIL IDS 1 1-0");
  REQUIRE(c("XREADGROUP GROUP g w NOACK STREAMS s >") == delivered({2}));
  REQUIRE(c("XREADGROUP GROUP g w NOACK STREAMS s >") == kNothing);
  REQUIRE(pending(c) == "*1 *4 $3 1-0 $0 :-1 :1");
}

TEST_CASE("the history of a consumer counts, and is not refused", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 1, "LEASE 1000 MAXATTEMPTS 1 BACKOFF NONE");
  REQUIRE(c(kRead) == delivered({1}));
  f.advance(Millis{900});
  REQUIRE(c("XREADGROUP GROUP g w STREAMS s 0") == delivered({1}));
  f.advance(Millis{900});
  REQUIRE(pending(c) == "*1 *4 $3 1-0 $1 w :900 :2");
  f.advance(Millis{100});
  REQUIRE(c("XLEN s:g:dead") == ":1");
}

// --- Giving back

TEST_CASE("XNACK gives back without a word, as failed, or as hopeless", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 4, "MAXATTEMPTS 3 BACKOFF LINEAR 100 1000 JITTER 0");
  c(kRead);
  REQUIRE(c("XNACK s g SILENT IDS 1 1-0") == ":1");
  REQUIRE(c("XNACK s g FAIL IDS 1 2-0 REASON \"smtp 421\"") == ":1");
  REQUIRE(c("XNACK s g FATAL IDS 1 3-0 REASON hopeless") == ":1");
  REQUIRE(c("XNACK s g SILENT IDS 1 4-0 DELAY 50") == ":1");
  REQUIRE(pending(c) == "*3 *4 $3 1-0 $0 :-1 :0 *4 $3 2-0 $0 :-100 :1 *4 $3 4-0 $0 :-50 :0");
  const std::string letter = c("XRANGE s:g:dead - +");
  REQUIRE(field(letter, "dlq.reason") == "$5");
  REQUIRE(letter.find("$10 dlq.reason $5 fatal $9 dlq.error $8 hopeless $12 dlq.attempts $1 1") !=
          std::string::npos);
  // What nobody has is left alone, unless FORCE says so or it is hopeless.
  REQUIRE(c("XNACK s g FAIL IDS 2 2-0 4-0") == ":0");
  REQUIRE(c("XNACK s g SILENT IDS 1 2-0") == ":0");
  REQUIRE(c("XNACK s g FAIL IDS 1 2-0 RETRYCOUNT 2 FORCE") == ":1");
  REQUIRE(c("XNACK s g FATAL IDS 1 4-0") == ":1");
  REQUIRE(pending(c) == "*2 *4 $3 1-0 $0 :-1 :0 *4 $3 2-0 $0 :-200 :2");
  REQUIRE(c("XNACK s g FAIL IDS 1 2-0 RETRYCOUNT 3 FORCE") == ":1");
  REQUIRE(c("XLEN s:g:dead") == ":3");
  // FORCE makes pending what is not.
  REQUIRE(c("XNACK s g SILENT IDS 2 3-0 9-0 FORCE") == ":1");
  REQUIRE(pending(c) == "*2 *4 $3 1-0 $0 :-1 :0 *4 $3 3-0 $0 :-1 :0");
}

TEST_CASE("an explicit delay is taken as given, and a reason is cut", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 3, "BACKOFF FIXED 5000 JITTER 100");
  c(kRead);
  REQUIRE(c("XNACK s g FAIL IDS 1 1-0 DELAY 70") == ":1");
  REQUIRE(c("XNACK s g FAIL IDS 1 2-0 AT 1700000000900") == ":1");
  REQUIRE(c("XNACK s g FAIL IDS 1 3-0 DELAY 0 REASON " + std::string(2000, 'r')) == ":1");
  REQUIRE(pending(c) == "*3 *4 $3 1-0 $0 :-70 :1 *4 $3 2-0 $0 :-900 :1 *4 $3 3-0 $0 :-1 :1");
  REQUIRE(c("QINFO s GROUP g ID 3-0").find("$1024 " + std::string(1024, 'r') + " ") != std::string::npos);
}

TEST_CASE("jitter spreads what failed together", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 20, "LEASE 100 BACKOFF FIXED 1000 JITTER 50");
  c(kRead);
  f.advance(Millis{100});
  REQUIRE(info(c, "delayed") == ":20");
  f.advance(Millis{499});
  REQUIRE(info(c, "due") == ":0");
  f.advance(Millis{250});
  const std::string half = info(c, "due");
  REQUIRE(half != ":0");
  REQUIRE(half != ":20");
  f.advance(Millis{251});
  REQUIRE(info(c, "due") == ":20");
}

TEST_CASE("a fenced XACKDEL or XNACK does nothing to what another one has", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 4, "LEASE 1000 BACKOFF FIXED 500 JITTER 0");
  REQUIRE(c("XREADGROUP GROUP g slow STREAMS s >") == delivered({1, 2, 3, 4}));
  f.advance(Millis{1000});
  // For what nobody has, the last holder counts.
  REQUIRE(c("XACKDEL s g CONSUMER other IDS 1 1-0") == "*1 :0");
  REQUIRE(c("XACKDEL s g CONSUMER slow IDS 2 1-0 9-0") == "*2 :1 :-1");
  f.advance(Millis{500});
  REQUIRE(c("XREADGROUP GROUP g quick STREAMS s >") == delivered({2, 3, 4}));
  REQUIRE(c("XNACK s g FAIL CONSUMER slow IDS 2 2-0 3-0") == ":0");
  REQUIRE(c("XACKDEL s g CONSUMER slow KEEPREF IDS 1 2-0") == "*1 :0");
  REQUIRE(c("XACKDEL s g ACKED CONSUMER quick IDS 2 2-0 3-0") == "*2 :1 :1");
  REQUIRE(c("XNACK s g FAIL CONSUMER quick IDS 1 4-0") == ":1");
  REQUIRE(info(c, "stale-acks") == ":4");
  REQUIRE(c("XLEN s") == ":1");
}

TEST_CASE("a late ack of what nobody else has counts", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 2, "LEASE 1000 BACKOFF FIXED 500 JITTER 0");
  c(kRead);
  f.advance(Millis{1000});
  REQUIRE(c("XACK s g 1-0") == ":1");
  f.advance(Millis{500});
  REQUIRE(c("XACK s g 2-0") == ":1");
  REQUIRE(c(kRead) == kNothing);
  REQUIRE(info(c, "late-acks") == ":2");
}

TEST_CASE("ACKDEL makes XACK delete, in XACKDEL's meanings", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 2, "ACKDEL ACKED");
  c("XGROUP CREATE s h 0");
  c(kRead);
  REQUIRE(c("XACK s g 1-0") == ":1");
  REQUIRE(c("XLEN s") == ":2");
  REQUIRE(c("QPOLICY s GROUP h ACKDEL ACKED") == "+OK");
  c("XREADGROUP GROUP h w STREAMS s >");
  REQUIRE(c("XACK s h 1-0 2-0") == ":2");
  REQUIRE(c("XLEN s") == ":1");
  REQUIRE(c("QPOLICY s GROUP g ACKDEL DELREF") == "+OK");
  c("XADD s 3-0 f v3");
  c("XREADGROUP GROUP h w STREAMS s >");
  c(kRead);
  REQUIRE(c("XACK s g 2-0 3-0") == ":2");
  REQUIRE(c("XLEN s") == ":0");
  REQUIRE(pending(c, "h") == "*0");
}

// --- Changing hands

TEST_CASE("XCLAIM with JUSTID is a longer lease", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 1, "LEASE 1000 MAXATTEMPTS 1");
  c(kRead);
  f.advance(Millis{900});
  REQUIRE(c("XCLAIM s g w 0 1-0 JUSTID") == "*1 $3 1-0");
  f.advance(Millis{900});
  REQUIRE(pending(c) == "*1 *4 $3 1-0 $1 w :900 :1");
  // Who takes it from another one gets a delivery that there is not.
  REQUIRE(c("XCLAIM s g x 0 1-0 JUSTID") == "*0");
  REQUIRE(c("XLEN s:g:dead") == ":1");
}

TEST_CASE("what is delayed cannot be claimed, but by XCLAIM without an idle time", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 2, "BACKOFF FIXED 500 JITTER 0");
  c(kRead);
  c("XNACK s g FAIL IDS 2 1-0 2-0");
  REQUIRE(c("XAUTOCLAIM s g x 0 -") == "*3 $3 0-0 *0 *0");
  REQUIRE(c("XREADGROUP GROUP g x CLAIM 0 STREAMS s >") == kNothing);
  REQUIRE(c("XCLAIM s g x 1 1-0") == "*0");
  REQUIRE(c("XCLAIM s g x 0 1-0") == "*1 " + entry(1));
  f.advance(Millis{500});
  REQUIRE(c("XAUTOCLAIM s g x 100000 -") == "*3 $3 0-0 *1 " + entry(2) + " *0");
}

TEST_CASE("what has no attempt left is dead, not claimed", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 4, "MAXATTEMPTS 1 LEASE 100000");
  c(kRead);
  REQUIRE(c("XCLAIM s g x 0 1-0") == "*0");
  REQUIRE(c("XAUTOCLAIM s g x 0 - COUNT 1") == "*3 $3 0-0 *0 *0");
  REQUIRE(c("XLEN s:g:dead") == ":4");
  REQUIRE(pending(c) == "*0");
  c("XADD s 5-0 f v5");
  c("XADD s 6-0 f v6");
  c(kRead);
  REQUIRE(c("XCLAIM s g x 0 5-0 RETRYCOUNT 1") == "*1 " + entry(5));
  REQUIRE(c("XREADGROUP GROUP g x CLAIM 0 STREAMS s >") == kNothing);
  REQUIRE(c("XLEN s:g:dead") == ":6");
}

TEST_CASE("XGROUP DELCONSUMER gives back what the consumer had", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 3, "LEASE 1000");
  c(kRead);
  c("XDEL s 2-0");
  REQUIRE(c("XGROUP DELCONSUMER s g w") == ":3");
  REQUIRE(pending(c) == "*2 *4 $3 1-0 $0 :-1 :1 *4 $3 3-0 $0 :-1 :1");
  REQUIRE(c("XACKDEL s g CONSUMER w IDS 1 1-0") == "*1 :1");
  REQUIRE(c("XREADGROUP GROUP g x STREAMS s >") == delivered({3}));
}

TEST_CASE("a deleted entry does not come due; held, it goes when it comes back", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 6, "LEASE 1000 BACKOFF FIXED 500 JITTER 0");
  c(kRead);
  c("XNACK s g FAIL IDS 2 1-0 4-0");
  REQUIRE(c("XDEL s 4-0 5-0 6-0") == ":3");
  REQUIRE(pending(c) ==
          "*5 *4 $3 1-0 $0 :-500 :1 *4 $3 2-0 $1 w :0 :1 *4 $3 3-0 $1 w :0 :1 *4 $3 5-0 $1 w :0 :1 "
          "*4 $3 6-0 $1 w :0 :1");
  REQUIRE(c("XTRIM s MINID 3") == ":2");
  REQUIRE(c("XNACK s g FAIL IDS 1 5-0") == ":1");
  REQUIRE(pending(c) == "*3 *4 $3 2-0 $1 w :0 :1 *4 $3 3-0 $1 w :0 :1 *4 $3 6-0 $1 w :0 :1");
  f.advance(Millis{1000});
  REQUIRE(pending(c) == "*1 *4 $3 3-0 $0 :-500 :1");
  c("XADD s MAXLEN 1 7-0 f v7");
  REQUIRE(pending(c) == "*0");
  REQUIRE(c("EXISTS s:g:dead") == ":0");
}

// --- Limits

TEST_CASE("PAUSE OUT makes a group answer as if it were empty, leases go on ending", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& waiting = f.connect();
  prepare(c, 2, "LEASE 1000 BACKOFF NONE");
  c("XREADGROUP GROUP g w COUNT 1 STREAMS s >");
  c("QPOLICY s GROUP g PAUSE OUT");
  REQUIRE(c(kRead) == kNothing);
  REQUIRE(waiting("XREADGROUP GROUP g x BLOCK 0 STREAMS s >") == "~");
  REQUIRE(c("XREADGROUP GROUP g w STREAMS s 0") == delivered({1}));
  f.advance(Millis{1000});
  REQUIRE(pending(c) == "*1 *4 $3 1-0 $0 :-1 :2");
  REQUIRE(waiting.reply() == "~");
  c("QPOLICY s GROUP g PAUSE NONE");
  REQUIRE(waiting.reply() == delivered({1, 2}));
}

TEST_CASE("MAXLEASED limits what a group has in its hands, and room wakes who waits", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& waiting = f.connect();
  const std::string wait = "XREADGROUP GROUP g x BLOCK 0 STREAMS s >";
  prepare(c, 9, "MAXLEASED 2 LEASE 1000 BACKOFF FIXED 5000 JITTER 0");
  REQUIRE(c(kRead) == delivered({1, 2}));
  REQUIRE(c(kRead) == kNothing);
  const std::pair<const char*, int> makes_room[] = {{"XACK s g 1-0", 3},
                                                    {"XNACK s g FAIL IDS 1 2-0", 4},
                                                    {"XACKDEL s g IDS 1 3-0", 5},
                                                    {"XTRIM s MINID 5 DELREF", 6}};
  for (const auto& [line, next] : makes_room) {
    INFO(line);
    REQUIRE(waiting(wait) == "~");
    REQUIRE(c(line) != ":0");
    REQUIRE(waiting.reply() == delivered({next}));
  }
  REQUIRE(waiting(wait) == "~");
  f.advance(Millis{1000});
  REQUIRE(waiting.reply() == delivered({7, 8}));
}

TEST_CASE("a rate limits the deliveries of a group in any window", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& waiting = f.connect();
  prepare(c, 5, "RATE 2 100");
  REQUIRE(c("XREADGROUP GROUP g w COUNT 1 STREAMS s >") == delivered({1}));
  f.advance(Millis{60});
  REQUIRE(c(kRead) == delivered({2}));
  REQUIRE(waiting("XREADGROUP GROUP g x BLOCK 0 STREAMS s >") == "~");
  c("BGREWRITEAOF");
  f.finish_rewrite();
  REQUIRE(f.digest_of_log() == f.digest());
  f.advance(Millis{39});
  REQUIRE(waiting.reply() == "~");
  f.advance(Millis{1});
  REQUIRE(waiting.reply() == delivered({3}));
}

// --- Policies

TEST_CASE("a group without a policy is what it is in Redis", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 2, "LEASE 10");
  c("QPOLICY s GROUP g RESET");
  c(kRead);
  f.advance(Millis{100'000});
  REQUIRE(pending(c) == "*2 *4 $3 1-0 $1 w :100000 :1 *4 $3 2-0 $1 w :100000 :1");
  REQUIRE(c("XNACK s g FAIL IDS 1 1-0 DELAY 5") == "-ERR Unrecognized XNACK option 'DELAY'");
  REQUIRE(c("XNACK s g FAIL IDS 1 1-0 REASON x") == "-ERR Unrecognized XNACK option 'REASON'");
  REQUIRE(c("XNACK s g FAIL CONSUMER w IDS 1 1-0") == "-ERR syntax error, expected IDS keyword");
  REQUIRE(c("XACKDEL s g CONSUMER w IDS 1 1-0") == "-ERR syntax error");
  REQUIRE(c("XNACK s g FAIL IDS 1 1-0") == ":1");
  REQUIRE(c(kRead) == kNothing);
  REQUIRE(c("XINFO GROUPS s").substr(0, 6) == "*1 *12");
  REQUIRE(c("XGROUP DELCONSUMER s g w") == ":1");
  REQUIRE(pending(c) == "*1 *4 $3 1-0 $0 :-1 :1");
}

TEST_CASE("RESET makes what was delayed claimable at once, in the order of its times", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& waiting = f.connect();
  prepare(c, 3, "BACKOFF NONE");
  c(kRead);
  c("XNACK s g FAIL IDS 1 1-0 DELAY 500");
  c("XNACK s g FAIL IDS 2 2-0 3-0 DELAY 300");
  REQUIRE(waiting("XREADGROUP GROUP g x BLOCK 0 CLAIM 50000 STREAMS s >") == "~");
  REQUIRE(c("QPOLICY s GROUP g RESET") == "+OK");
  REQUIRE(waiting.reply() ==
          "*1 *2 $1 s *3 *4 $3 2-0 *2 $1 f $2 v2 :1700000000000 :1 *4 $3 3-0 *2 $1 f $2 v3 :1700000000000 :1 "
          "*4 $3 1-0 *2 $1 f $2 v1 :1700000000000 :1");
}

TEST_CASE("a policy is there before its group, and outlives it and its stream", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("QPOLICY s GROUP g LEASE 1000 BACKOFF NONE") == "+OK");
  for (const char* end : {"XGROUP DESTROY s g", "DEL s", "FLUSHALL", "SET s x"}) {
    INFO(end);
    c("DEL s");
    c("XADD s 1-0 f v1");
    REQUIRE(c("XGROUP CREATE s g 0") == "+OK");
    REQUIRE(c(kRead) == delivered({1}));
    f.advance(Millis{1000});
    REQUIRE(c(kRead) == delivered({1}));
    c("XNACK s g FAIL IDS 1 1-0 DELAY 1000000");
    c(end);
    REQUIRE(f.server().queues.managed().list().empty());
    f.advance(Millis{1000});
  }
  REQUIRE(c("QPOLICY s GROUP g").substr(0, 10) == "-WRONGTYPE");
  c("DEL s");
  REQUIRE(field(c("QPOLICY s GROUP g"), "LEASE") == ":1000");
}

TEST_CASE("a policy set on a group takes what is pending as it is", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("XGROUP CREATE s g 0 MKSTREAM");
  for (int i = 1; i <= 4; ++i)
    c("XADD s " + std::to_string(i) + "-0 f v" + std::to_string(i));
  c(kRead);
  c("XNACK s g FAIL IDS 2 3-0 2-0");
  c("XDEL s 3-0");
  f.advance(Millis{700});
  c("XCLAIM s g w 0 4-0 JUSTID");
  REQUIRE(c("QPOLICY s GROUP g LEASE 500 BACKOFF FIXED 100 JITTER 0") == "+OK");
  // Released before it is due; its deleted neighbour is gone; a lease that is over ends.
  REQUIRE(pending(c) == "*3 *4 $3 1-0 $0 :-100 :1 *4 $3 2-0 $0 :-1 :1 *4 $3 4-0 $1 w :0 :1");
  REQUIRE(c(kRead) == delivered({2}));
}

TEST_CASE("SWAPDB takes the groups along, but not their policies", "[group][swapdb]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& other = f.connect();
  other("SELECT 1");
  const auto fill = [](TestClient& client, int count) {
    for (int ms = 1; ms <= count; ++ms)
      client("XADD s " + std::to_string(ms) + "-0 f v" + std::to_string(ms));
    client("XGROUP CREATE s g 0");
    client(kRead);
    client("XNACK s g FAIL IDS 1 1-0 REASON why");
  };
  const std::string kPolicy = "LEASE 1000 BACKOFF FIXED 500 JITTER 0 MAXATTEMPTS 3";
  SECTION("to where a policy is, from where none is") {
    c("QPOLICY s GROUP g " + kPolicy);
    fill(c, 2);
    fill(other, 3);
    c("BGREWRITEAOF");
    REQUIRE(c("SWAPDB 0 1") == "+OK");
    f.finish_rewrite();
    f.server().queues.check_invariants();
    REQUIRE(f.server().queues.managed().list().size() == 1);
    // That of the other database comes under the policy; what was delayed here is released there.
    REQUIRE(pending(other) == "*2 *4 $3 1-0 $0 :-1 :1 *4 $3 2-0 $1 w :0 :1");
    f.advance(Millis{1000});
    REQUIRE(pending(c).find("$3 3-0 $0 ") != std::string::npos);
    REQUIRE(pending(other).find("$3 2-0 $1 w ") != std::string::npos);
  }
  SECTION("both have one") {
    c("QPOLICY s GROUP g " + kPolicy);
    other("QPOLICY s GROUP g LEASE 3000 BACKOFF FIXED 700 JITTER 0");
    fill(c, 2);
    fill(other, 3);
    REQUIRE(pending(c).starts_with("*2 *4 $3 1-0 $0 :-500 :1"));
    REQUIRE(pending(other).starts_with("*3 *4 $3 1-0 $0 :-700 :1"));
    c("BGREWRITEAOF");
    REQUIRE(other("SWAPDB 0 1") == "+OK");
    f.finish_rewrite();
    REQUIRE(f.server().queues.managed().list().size() == 2);
    // What was known stays known; when leases end is by the policy that holds now.
    REQUIRE(pending(c).starts_with("*3 *4 $3 1-0 $0 :-700 :1"));
    REQUIRE(pending(other).starts_with("*2 *4 $3 1-0 $0 :-500 :1"));
    REQUIRE(c("QINFO s GROUP g ID 1-0").find("$3 why") != std::string::npos);
    f.advance(Millis{1000});
    REQUIRE(pending(c).find("$3 3-0 $0 ") != std::string::npos);
    REQUIRE(pending(other).find("$3 2-0 $1 w ") != std::string::npos);
    f.advance(Millis{2000});
    REQUIRE(pending(other).find("$3 2-0 $0 ") != std::string::npos);
    f.server().queues.check_invariants();
  }
  SECTION("who waits for an entry to come due waits for that of the other stream") {
    TestClient& waiting = f.connect();
    c("QPOLICY s GROUP g " + kPolicy);
    fill(c, 1);
    other("QPOLICY s GROUP g " + kPolicy);
    fill(other, 1);
    f.advance(Millis{200});
    other("XADD s 2-0 f v2");
    other(kRead);
    other("XNACK s g FAIL IDS 1 2-0 DELAY 100");
    REQUIRE(waiting("XREADGROUP GROUP g x BLOCK 0 STREAMS s >") == "~");
    c("SWAPDB 0 1");
    f.advance(Millis{99});
    REQUIRE(waiting.reply() == "~");
    f.advance(Millis{1});
    REQUIRE(waiting.reply() == delivered({2}));
  }
  SECTION("to where there is nothing but the policy, and back") {
    c("QPOLICY s GROUP g " + kPolicy);
    fill(c, 2);
    c("SWAPDB 0 1");
    REQUIRE(f.server().queues.managed().list().empty());
    c("SWAPDB 1 0");
    REQUIRE(f.server().queues.managed().list().size() == 1);
    f.advance(Millis{1000});
    REQUIRE(pending(c).find("$3 2-0 $0 ") != std::string::npos);
  }
  REQUIRE(f.digest_of_log() == f.digest());
}

TEST_CASE("a large stream whose group has a policy ends at once, and is freed in steps",
          "[group][graveyard]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 2'000, "LEASE 1000 BACKOFF FIXED 500 JITTER 0 DEADLETTER graves");
  c("SET graves x");
  c(kRead);
  std::string ids;
  for (int ms = 1; ms <= 1'000; ++ms)
    ids += " " + std::to_string(ms) + "-0";
  REQUIRE(c("XNACK s g FAIL IDS 1000" + ids) == ":1000");
  c("XNACK s g FATAL IDS 1 2000-0");
  const std::string policy = c("QPOLICY s GROUP g");
  SECTION("DEL") {
    REQUIRE(c("DEL s") == ":1");
    REQUIRE(f.server().keyspace.graveyard().waiting() == 4'001);
  }
  SECTION("FLUSHALL") {
    REQUIRE(c("FLUSHALL") == "+OK");
  }
  SECTION("FLUSHDB of the database that it is in after a SWAPDB") {
    c("SWAPDB 0 1");
    c("SELECT 1");
    REQUIRE(c("FLUSHDB") == "+OK");
    c("SELECT 0");
  }
  SECTION("XGROUP DESTROY") {
    REQUIRE(c("XGROUP DESTROY s g") == ":1");
    REQUIRE(f.server().keyspace.graveyard().waiting() == 2'001);
  }
  SECTION("SET") {
    REQUIRE(c("SET s x") == "+OK");
    REQUIRE(f.server().keyspace.graveyard().waiting() == 4'001);
    c("DEL s");
  }
  SECTION("its time comes") {
    c("PEXPIRE s 10");
    f.advance(Millis{10});
    REQUIRE(c("EXISTS s") == ":0");
  }
  REQUIRE(f.server().queues.managed().list().empty());
  REQUIRE(f.server().queues.managed().held() + f.server().queues.managed().unowned() == 0);
  // The policy waits for the next one of the name, whatever is still to be freed.
  REQUIRE(c("QPOLICY s GROUP g") == policy);
  if (c("TYPE s") == "+none") prepare(c, 1, "LEASE 1000");
  f.advance(Millis{5'000});
  f.server().queues.check_invariants();
  while (f.server().keyspace.free_pending())
    f.turn();
  REQUIRE(f.server().keyspace.graveyard().waiting() == 0);
  f.server().queues.check_invariants();
}

TEST_CASE("a stream takes its groups along under another name, but not their policies", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 4, "LEASE 1000 BACKOFF NONE MAXATTEMPTS 3 DEADLETTER graves");
  c("SET graves x");
  c("QPOLICY t GROUP g LEASE 3000 BACKOFF NONE");
  c("XREADGROUP GROUP g w COUNT 3 STREAMS s >");
  c("XNACK s g FAIL IDS 1 1-0 DELAY 500 REASON why");
  c("XNACK s g FATAL IDS 1 2-0");
  const std::string kHeld = "*4 $3 3-0 $1 w :0 :1";
  SECTION("RENAME to where a policy is") {
    REQUIRE(c("RENAME s t") == "+OK");
    REQUIRE(c("XPENDING t g - + 10") == "*3 *4 $3 1-0 $0 :-500 :1 *4 $3 2-0 $0 :-60000 :1 " + kHeld);
    REQUIRE(c("QINFO t GROUP g ID 1-0").find("$3 why") != std::string::npos);
    f.advance(Millis{2000});
    REQUIRE(c("XPENDING t g - + 10").find("$3 3-0 $1 w ") != std::string::npos);
    f.advance(Millis{1000});
    REQUIRE(c("XPENDING t g - + 10").find("$3 3-0 $0 ") != std::string::npos);
  }
  SECTION("RENAME to where none is, and back") {
    REQUIRE(c("RENAME s u") == "+OK");
    REQUIRE(c("XPENDING u g - + 10") == "*3 *4 $3 1-0 $0 :-1 :1 *4 $3 2-0 $0 :-1 :1 " + kHeld);
    f.advance(Millis{100'000});
    REQUIRE(c("XPENDING u g - + 10").find("$3 3-0 $1 w ") != std::string::npos);
    REQUIRE(c("RENAME u s") == "+OK");
    f.turn();
    REQUIRE(pending(c).find("$3 3-0 $0 ") != std::string::npos);
  }
  SECTION("MOVE") {
    REQUIRE(c("MOVE s 5") == ":1");
    c("SELECT 5");
    REQUIRE(pending(c) == "*3 *4 $3 1-0 $0 :-1 :1 *4 $3 2-0 $0 :-1 :1 " + kHeld);
  }
  SECTION("COPY to where a policy is, and where none is") {
    REQUIRE(c("COPY s t") == ":1");
    REQUIRE(c("COPY s u") == ":1");
    REQUIRE(c("XPENDING t g - + 10") == "*3 *4 $3 1-0 $0 :-500 :1 *4 $3 2-0 $0 :-60000 :1 " + kHeld);
    REQUIRE(c("XPENDING u g - + 10") == "*3 *4 $3 1-0 $0 :-1 :1 *4 $3 2-0 $0 :-1 :1 " + kHeld);
    REQUIRE(c("QINFO t GROUP g ID 1-0").find("$3 why") != std::string::npos);
    REQUIRE(c("XAUTOCLAIM u g x 0 - JUSTID") == "*3 $3 0-0 *3 $3 1-0 $3 2-0 $3 3-0 *0");
  }
  SECTION("COPY from where none is, with a released entry that is gone") {
    c("QPOLICY s GROUP g RESET");
    c("XDEL s 1-0");
    REQUIRE(c("COPY s t") == ":1");
    REQUIRE(c("XPENDING t g - + 10") == "*2 *4 $3 2-0 $0 :-1 :1 " + kHeld);
    REQUIRE(c("XREADGROUP GROUP g x STREAMS t >") == "*1 *2 $1 t *2 " + entry(2) + " " + entry(4));
  }
  f.server().queues.check_invariants();
}

TEST_CASE("policies of groups are shown, listed and previewed", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(
      c("QPOLICY s GROUP g") ==
      "*22 $5 LEASE :30000 $11 MAXATTEMPTS :20 $7 BACKOFF $15 EXP 5000 900000 $6 JITTER :50 $10 DEADLETTER "
      "$8 s:g:dead $10 DEADMAXLEN :0 $5 PAUSE $4 NONE $9 MAXLEASED :0 $4 RATE $3 0 0 $6 ACKDEL $4 NONE "
      "$6 source $7 default");
  c("QPOLICY a LEASE 5");
  c("QPOLICY s GROUP g LEASE 60000 MAXATTEMPTS 8 ACKDEL DELREF RATE 5 100 DEADLETTER \"\"");
  c("QPOLICY s GROUP b LEASE 6");
  REQUIRE(
      c("QPOLICY s GROUP g") ==
      "*22 $5 LEASE :60000 $11 MAXATTEMPTS :8 $7 BACKOFF $15 EXP 5000 900000 $6 JITTER :50 $10 DEADLETTER "
      "$0 $10 DEADMAXLEN :0 $5 PAUSE $4 NONE $9 MAXLEASED :0 $4 RATE $5 5 100 $6 ACKDEL $6 DELREF $6 source "
      "$3 set");
  REQUIRE(c("QPOLICY") == "*2 $1 0 *3 *3 :0 $1 a $0 *3 :0 $1 s $1 g *3 :0 $1 s $1 b");
  REQUIRE(c("QPOLICY CURSOR 0 COUNT 1") == "*2 $1 1 *1 *3 :0 $1 a $0");
  REQUIRE(c("QPOLICY s GROUP g RESET LEASE 7") == "+OK");
  REQUIRE(field(c("QPOLICY s GROUP g"), "MAXATTEMPTS") == ":20");
  c("QPOLICY s GROUP g BACKOFF FIXED 1000 MAXATTEMPTS 2");
  REQUIRE(c("QPOLICY s GROUP g PREVIEW 5") == "*1 *7 :1 :500 :750 :1000 :500 :750 :1000");
}

TEST_CASE("what changes nothing of a group is not logged", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 1, "LEASE 5000");
  c(kRead);
  const uint64_t sequence = f.server().sequencer.sequence();
  for (const char* line :
       {"QPOLICY s GROUP g LEASE 5000", "QPOLICY s GROUP h RESET", "QPOLICY s GROUP g", "QINFO s GROUP g",
        "QINFO s GROUP g CONSUMERS", "QINFO s GROUP g ID 1-0", "XNACK s g FAIL CONSUMER x IDS 1 1-0",
        "XACKDEL s g CONSUMER x IDS 1 1-0", "XNACK s g FAIL IDS 1 9-0", "XREADGROUP GROUP g w STREAMS s >"}) {
    INFO(line);
    REQUIRE(c(line)[0] != '-');
    REQUIRE(f.server().sequencer.sequence() == sequence);
  }
}

// --- The dead

TEST_CASE("a dead-letter key that is in the way loses nothing", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& waiting = f.connect();
  prepare(c, 3, "LEASE 1000 MAXATTEMPTS 1 DEADLETTER graves");
  c("SET graves x");
  c(kRead);
  REQUIRE(c("XNACK s g FAIL IDS 1 1-0 REASON why") == ":1");
  REQUIRE(pending(c).substr(0, 25) == "*3 *4 $3 1-0 $0 :-60000 :");
  REQUIRE(c("QINFO s GROUP g ID 1-0").find("$5 state $5 dying") != std::string::npos);
  REQUIRE(info(c, "dead-blocked") == ":1");
  // Never handed out, by whatever name.
  REQUIRE(waiting("XREADGROUP GROUP g x BLOCK 0 STREAMS s >") == "~");
  REQUIRE(c("XCLAIM s g x 0 1-0 FORCE") == "*0");
  REQUIRE(c("XCLAIM s g x 0 1-0 JUSTID RETRYCOUNT 0") == "*0");
  REQUIRE(c("XNACK s g SILENT IDS 1 1-0 FORCE") == ":0");
  c("XNACK s g FATAL IDS 1 2-0");
  REQUIRE(c("XACK s g 2-0") == ":1");
  c("BGREWRITEAOF");
  f.finish_rewrite();
  REQUIRE(f.digest_of_log() == f.digest());
  f.advance(Millis{60'000});
  REQUIRE(info(c, "dead-blocked") == ":4");
  c("DEL graves");
  f.advance(Millis{59'999});
  REQUIRE(c("EXISTS graves") == ":0");
  f.advance(Millis{1});
  REQUIRE(c("XLEN graves") == ":2");
  REQUIRE(c("XRANGE graves - + COUNT 1").find("$9 dlq.error $3 why") != std::string::npos);
  REQUIRE(waiting.reply() == "~");
}

TEST_CASE("without a dead-letter key the dead are counted, and the newest letters are kept", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 4, "DEADLETTER \"\"");
  c(kRead);
  c("XNACK s g FATAL IDS 1 1-0");
  REQUIRE(info(c, "discarded") == ":1");
  REQUIRE(info(c, "died") == ":0");
  c("QPOLICY s GROUP g RESET DEADMAXLEN 2");
  c("XNACK s g FATAL IDS 3 2-0 3-0 4-0");
  REQUIRE(c("XLEN s:g:dead") == ":2");
  REQUIRE(info(c, "died") == ":3");
}

TEST_CASE("lowering MAXATTEMPTS lets die what was delivered as often, when it is to be handed out",
          "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 3, "BACKOFF NONE");
  for (int i = 0; i < 3; ++i) {
    REQUIRE(c("XREADGROUP GROUP g w COUNT 2 STREAMS s >") == delivered({1, 2}));
    c("XNACK s g FAIL IDS 2 1-0 2-0");
  }
  c("QPOLICY s GROUP g MAXATTEMPTS 3");
  REQUIRE(c(kRead) == delivered({3}));
  REQUIRE(c("XLEN s:g:dead") == ":2");
  REQUIRE(pending(c) == "*1 *4 $3 3-0 $1 w :0 :1");
}

TEST_CASE("a letter goes back into its group, and to nobody else", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& waiting = f.connect();
  prepare(c, 3, "LEASE 10000 MAXATTEMPTS 1");
  c("XGROUP CREATE s h 0");
  c("XREADGROUP GROUP h w STREAMS s >");
  c(kRead);
  c("XNACK s g FAIL IDS 3 1-0 2-0 3-0 REASON first");
  REQUIRE(c("XLEN s:g:dead") == ":3");
  REQUIRE(waiting("XREADGROUP GROUP g x BLOCK 0 STREAMS s >") == "~");
  REQUIRE(c("QREDRIVE s:g:dead COUNT 1") == "*3 :1 :1 $15 1700000000000-1");
  REQUIRE(waiting.reply() == delivered({1}));
  REQUIRE(pending(c) == "*1 *4 $3 1-0 $1 x :0 :1");
  REQUIRE(c("XREADGROUP GROUP h w STREAMS s >") == kNothing);
  c("XNACK s g FAIL IDS 1 1-0");
  REQUIRE(c("XREVRANGE s:g:dead + - COUNT 1").find("$9 dlq.error $0 ") != std::string::npos);
  REQUIRE(c("XREVRANGE s:g:dead + - COUNT 1").find("$12 dlq.redriven $1 1") != std::string::npos);
  // Spread: some time later, each its own.
  REQUIRE(c("QREDRIVE s:g:dead SPREAD 1000").substr(0, 9) == "*3 :3 :3 ");
  REQUIRE(c("EXISTS s:g:dead") == ":1");
  REQUIRE(info(c, "redriven") == ":4");
  f.advance(Millis{1000});
  REQUIRE(info(c, "due") == ":3");
}

TEST_CASE("a letter stays when its entry is gone, alive, or has no group with a policy", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 3, "MAXATTEMPTS 1");
  c(kRead);
  c("XNACK s g FATAL IDS 3 1-0 2-0 3-0");
  c("XDEL s 1-0");
  REQUIRE(c("QREDRIVE s:g:dead IDS 1 1700000000000-0") == "*3 :0 :1 $3 0-0");
  c("XGROUP SETID s g 2-0");
  REQUIRE(c("QREDRIVE s:g:dead") == "*3 :1 :3 $3 0-0");  // 2-0; 3-0 is new again
  REQUIRE(c(kRead) == delivered({2, 3}));
  REQUIRE(c("QREDRIVE s:g:dead") == "*3 :0 :2 $3 0-0");
  c("XACK s g 3-0");
  c("QPOLICY s GROUP g RESET");
  REQUIRE(c("QREDRIVE s:g:dead") == "*3 :0 :2 $3 0-0");
  c("XGROUP DESTROY s g");
  REQUIRE(c("QREDRIVE s:g:dead") == "*3 :0 :2 $3 0-0");
  // Elsewhere it goes whatever has become of it.
  c("RPUSH list v0");
  REQUIRE(c("QREDRIVE s:g:dead TO list COUNT 1") == "*3 :1 :1 $15 1700000000000-2");
  REQUIRE(c("LRANGE list 0 -1") == "*2 $2 v1 $2 v0");
  REQUIRE(c("QREDRIVE s:g:dead TO other") == "*3 :1 :1 $3 0-0");
  REQUIRE(c("XRANGE other - +") == "*1 *2 $15 1700000000000-0 *2 $1 f $2 v3");
}

// --- Numbers

TEST_CASE("XINFO has more fields for a group with a policy, behind those of Redis", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 4, "LEASE 1000 MAXATTEMPTS 2 BACKOFF FIXED 500 JITTER 0 DEADLETTER \"\"");
  c("XREADGROUP GROUP g w COUNT 3 STREAMS s >");
  c("XNACK s g SILENT IDS 1 1-0");
  f.advance(Millis{1000});
  const std::string more =
      "$7 delayed :2 $3 due :1 $4 dead :0 $13 lease-expired :2 $6 policy $122 LEASE 1000 MAXATTEMPTS 2 "
      "BACKOFF FIXED "
      "500 JITTER 0 DEADLETTER \"\" DEADMAXLEN 0 PAUSE NONE MAXLEASED 0 RATE 0 0 ACKDEL NONE";
  REQUIRE(
      c("XINFO GROUPS s") ==
      "*1 *22 $4 name $1 g $9 consumers :1 $7 pending :3 $17 last-delivered-id $3 3-0 $12 entries-read :3 $3 "
      "lag :1 " +
          more);
  const std::string full = c("XINFO STREAM s FULL");
  REQUIRE(full.find("*26 $4 name $1 g") != std::string::npos);
  REQUIRE(full.find("*4 $3 2-0 $0 :1700000001500 :1") != std::string::npos);
  REQUIRE(full.ends_with(more));
}

TEST_CASE("the numbers of a group add up", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 0, "LEASE 1000 MAXATTEMPTS 2 BACKOFF FIXED 300 JITTER 0");
  for (int i = 0; i < 8; ++i)
    c("XADD s * f v");
  f.advance(Millis{40});
  c("XREADGROUP GROUP g w COUNT 6 STREAMS s >");
  f.advance(Millis{10});
  const auto id = [](int i) { return "1700000000000-" + std::to_string(i); };
  c("XACK s g " + id(0));
  c("XNACK s g FATAL IDS 1 " + id(1));
  c("XNACK s g SILENT IDS 1 " + id(2));
  c("XNACK s g FAIL IDS 1 " + id(3));
  c("XNACK s g FAIL IDS 1 " + id(4));
  c("XDEL s " + id(4));
  const std::string numbers = c("QINFO s GROUP g");
  const std::pair<const char*, const char*> expected[] = {{"lag", ":2"},
                                                          {"pending", ":3"},
                                                          {"leased", ":1"},
                                                          {"delayed", ":1"},
                                                          {"due", ":1"},
                                                          {"dead", ":1"},
                                                          {"oldest-ready-ms", ":50"},
                                                          {"oldest-leased-ms", ":10"},
                                                          {"next-due-ms", ":300"},
                                                          {"waiters", ":0"},
                                                          {"consumers", ":1"},
                                                          {"added", ":8"},
                                                          {"reserved", ":6"},
                                                          {"acked", ":1"},
                                                          {"nacked", ":3"},
                                                          {"silent", ":1"},
                                                          {"lease-expired", ":0"},
                                                          {"retried", ":2"},
                                                          {"died", ":1"},
                                                          {"discarded", ":0"},
                                                          {"deleted", ":1"},
                                                          {"redriven", ":0"},
                                                          {"late-acks", ":0"},
                                                          {"stale-acks", ":0"},
                                                          {"dead-blocked", ":0"},
                                                          {"wait-ms-max", ":40"},
                                                          {"hold-ms-avg", ":10"},
                                                          {"LEASE", ":1000"}};
  for (const auto& [name, value] : expected) {
    INFO(name);
    REQUIRE(field(numbers, name) == value);
  }
  REQUIRE(
      c("QINFO s GROUP g CONSUMERS") ==
      "*1 *14 $4 name $1 w $6 leased :1 $15 oldest-lease-ms :10 $5 acked :1 $6 failed :3 $7 expired :0 $11 "
      "seen-ms-ago :10");
  f.advance(Millis{990});
  REQUIRE(c("QINFO s GROUP g CONSUMERS").find("$7 expired :1") != std::string::npos);
}

TEST_CASE("one entry of a group is told in full", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 2, "LEASE 1000 BACKOFF FIXED 500 JITTER 0");
  REQUIRE(c("QINFO s GROUP g ID 1-0") ==
          "*22 $5 state $3 new $10 deliveries :0 $5 added :1 $14 eligible-since :1 $5 until :-1 $8 consumer "
          "$0 $6 "
          "reason $0 $13 first-failure :0 $12 last-failure :0 $8 redriven :0 $7 payload *2 $1 f $2 v1");
  c("XREADGROUP GROUP g w COUNT 1 STREAMS s >");
  REQUIRE(
      c("QINFO s GROUP g ID 1-0") ==
      "*22 $5 state $6 leased $10 deliveries :1 $5 added :1 $14 eligible-since :-1 $5 until :1700000001000 "
      "$8 "
      "consumer $1 w $6 reason $0 $13 first-failure :0 $12 last-failure :0 $8 redriven :0 $7 payload *2 $1 f "
      "$2 v1");
  c("XNACK s g FAIL IDS 1 1-0 REASON why");
  REQUIRE(
      c("QINFO s GROUP g ID 1-0") ==
      "*22 $5 state $7 delayed $10 deliveries :1 $5 added :1 $14 eligible-since :-1 $5 until :1700000000500 "
      "$8 "
      "consumer $1 w $6 reason $3 why $13 first-failure :1700000000000 $12 last-failure :1700000000000 $8 "
      "redriven :0 $7 payload *2 $1 f $2 v1");
  f.advance(Millis{600});
  REQUIRE(c("QINFO s GROUP g ID 1-0").substr(0, 65) ==
          "*22 $5 state $3 due $10 deliveries :1 $5 added :1 $14 eligible-si");
  c("XACK s g 1-0");
  REQUIRE(c("QINFO s GROUP g ID 1-0") == "$-1");
  REQUIRE(c("QINFO none GROUP g ID 1-0") == "$-1");
  REQUIRE(c("QINFO none GROUP g CONSUMERS") == "*0");
  REQUIRE(field(c("QINFO none GROUP g"), "pending") == ":0");
}

TEST_CASE("INFO counts groups, and names the deepest", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 3, "BACKOFF FIXED 500 JITTER 0");
  c("XGROUP CREATE s h 0");
  c("QPOLICY s GROUP h LEASE 5");
  c(kRead);
  c("XNACK s g FAIL IDS 1 1-0");
  c("XACK s g 2-0");
  const std::string text = c("INFO queues");
  for (const char* line :
       {"queues_policies:2", "queues_groups:2", "queues_groups_leased:1", "queues_groups_unowned:1",
        "group_0:name=s,group=h,backlog=3,leased=0,delayed=0,due=0,dead=0,oldest_ms=1699999999999,db=0",
        "group_1:name=s,group=g,backlog=2,leased=1,delayed=1,due=0,dead=0,oldest_ms=0,db=0"}) {
    INFO(line << " in " << text);
    REQUIRE(text.find(line) != std::string::npos);
  }
}

// --- The server

TEST_CASE("after a start no lease of a group ends within ten seconds", "[group]") {
  ServerFixture f;
  prepare(f.client(), 1, "LEASE 1000 BACKOFF NONE");
  f.client()(kRead);
  f.world().advance(Millis{60'000});
  f.restart();
  f.turn();
  REQUIRE(pending(f.client()) == "*1 *4 $3 1-0 $1 w :60000 :1");
  f.advance(Millis{9'999});
  REQUIRE(pending(f.client()) == "*1 *4 $3 1-0 $1 w :69999 :1");
  // The log of the second start knows of the first one.
  f.restart();
  f.advance(Millis{9'999});
  REQUIRE(pending(f.client()).find(" $1 w ") != std::string::npos);
  f.advance(Millis{1});
  REQUIRE(pending(f.client()) == "*1 *4 $3 1-0 $0 :-1 :1");
}

TEST_CASE("of leases that end together the order does not depend on what was acked before", "[group]") {
  // Two groups write to one stream of letters. The timer of g is early, for its first entry was acked.
  for (const bool acked : {false, true}) {
    ServerFixture f;
    TestClient& c = f.client();
    const std::string policy = "LEASE 1000 MAXATTEMPTS 1 DEADLETTER graves";
    c("QPOLICY s GROUP h " + policy);
    prepare(c, 2, policy);
    c("XGROUP CREATE s h 0");
    if (acked) c("XREADGROUP GROUP g w COUNT 1 STREAMS s >");
    if (acked) c("XACK s g 1-0");
    f.advance(Millis{100});
    c("XREADGROUP GROUP h w COUNT 1 STREAMS s >");
    f.advance(Millis{100});
    c("XGROUP SETID s g 1-0");
    c(kRead);
    f.advance(Millis{5000});
    const std::string letters = c("XRANGE graves - +");
    REQUIRE(letters.find("$9 dlq.group $1 h") < letters.find("$9 dlq.group $1 g"));
  }
}

TEST_CASE("a rewrite keeps entries in every state and what is known of them", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 8, "LEASE 2000 MAXATTEMPTS 3 BACKOFF FIXED 500 DEADLETTER graves");
  c("XGROUP CREATE s plain 0");
  c("XREADGROUP GROUP plain w COUNT 2 STREAMS s >");
  c("XNACK s plain FAIL IDS 1 1-0");
  c("SET graves x");
  c("XREADGROUP GROUP g w COUNT 7 STREAMS s >");
  c("XNACK s g FAIL IDS 2 1-0 2-0 REASON \"a reason\"");
  c("XNACK s g SILENT IDS 1 3-0");
  c("XNACK s g FATAL IDS 1 4-0 REASON dead");
  c("XDEL s 5-0");
  c("BGREWRITEAOF");
  // What comes while it goes on is in the log behind it.
  c("XNACK s g FAIL IDS 1 6-0 DELAY 100");
  f.finish_rewrite();
  REQUIRE(f.digest_of_log() == f.digest());
  const std::string before = pending(c);
  f.restart();
  REQUIRE(pending(f.client()) == before);
  REQUIRE(f.client()("QINFO s GROUP g ID 1-0").find("$8 a reason") != std::string::npos);
  f.advance(Millis{10'000});
  f.client()(kRead);
  f.advance(Millis{100});
}

TEST_CASE("DEBUG RELOAD gives the same state", "[group]") {
  ServerFixture f({{"enable-debug-command", "yes"}});
  TestClient& c = f.client();
  prepare(c, 4, "LEASE 2000 RATE 50 10000 BACKOFF FIXED 500");
  c("XREADGROUP GROUP g w COUNT 3 STREAMS s >");
  c("XNACK s g FAIL IDS 1 1-0 REASON why");
  c("QPOLICY q RATE 5 1000");
  c("QADD q x");
  c("QRESERVE 1 q");
  f.advance(Millis{20});
  REQUIRE(c("DEBUG RELOAD") == "+OK");
  REQUIRE(c("QINFO s GROUP g ID 1-0").find("$3 why") != std::string::npos);
}

TEST_CASE("ends of leases are announced, and touch nobody who watches the stream", "[group]") {
  ServerFixture f({{"notify-keyspace-events", "Kt"}});
  TestClient& c = f.client();
  TestClient& listener = f.connect();
  prepare(c, 1, "LEASE 1000 MAXATTEMPTS 1");
  listener("PSUBSCRIBE __keyspace@0__:*");
  c(kRead);
  listener.take_bytes();
  c("WATCH s");
  f.advance(Millis{1000});
  REQUIRE(listener.reply().find("$12 s:g:dead") == std::string::npos);
  const std::string rest = listener.take_bytes();
  REQUIRE(rest.find("xgroup-lapsed") != std::string::npos);
  c("MULTI");
  c("PING");
  REQUIRE(c("EXEC") == "*1 +PONG");
  c("QREDRIVE s:g:dead");
  REQUIRE(listener.take_bytes().find("xgroup-redriven") != std::string::npos);
}

TEST_CASE("in a transaction a group with a policy does what it does outside", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 2, "BACKOFF FIXED 500 JITTER 0");
  c("MULTI");
  c("XREADGROUP GROUP g w COUNT 1 BLOCK 0 STREAMS s >");
  c("XNACK s g FAIL IDS 1 1-0");
  c("XREADGROUP GROUP g w BLOCK 0 STREAMS s >");
  c("XREADGROUP GROUP g w BLOCK 0 STREAMS s >");
  c("QPOLICY s GROUP g PAUSE OUT");
  REQUIRE(c("EXEC") == "*5 " + delivered({1}) + " :1 " + delivered({2}) + " *-1 +OK");
}

// --- Refusals

TEST_CASE("every wrong option and combination of a group is refused and changes nothing", "[group]") {
  ServerFixture f;
  TestClient& c = f.client();
  prepare(c, 2, "LEASE 5000");
  c(kRead);
  c("SET text x");
  c("RPUSH list x");
  const std::string before = f.digest();
  const std::string out_of_range = "-ERR value is not an integer or out of range";
  const std::string syntax = "-ERR syntax error";
  const std::string unknown = "-ERR unknown policy option";
  const std::string wrong_type = "-WRONGTYPE Operation against a key holding the wrong kind of value";
  const std::pair<std::string, std::string> table[] = {
      // What only lists have.
      {"QPOLICY s GROUP g MAXLEASE 5", unknown},
      {"QPOLICY s GROUP g HEAD LEFT", unknown},
      {"QPOLICY s GROUP g MAXLEN 5", unknown},
      {"QPOLICY s GROUP g OVERFLOW DROP", unknown},
      {"QPOLICY s GROUP g TTL 5", unknown},
      {"QPOLICY s GROUP g AGING 5", unknown},
      {"QPOLICY s GROUP g PAUSE IN", syntax},
      {"QPOLICY s GROUP g PAUSE ALL", syntax},
      {"QPOLICY s GROUP g NOSUCH 5", unknown},
      {"QPOLICY s GROUP g LEASE 5 NOSUCH", unknown},
      // Values.
      {"QPOLICY s GROUP g LEASE 0", out_of_range},
      {"QPOLICY s GROUP g LEASE x", out_of_range},
      {"QPOLICY s GROUP g LEASE", syntax},
      {"QPOLICY s GROUP g LEASE 9223372036854775807", out_of_range},
      {"QPOLICY s GROUP g MAXATTEMPTS -1", out_of_range},
      {"QPOLICY s GROUP g MAXATTEMPTS 4294967296", out_of_range},
      {"QPOLICY s GROUP g BACKOFF", syntax},
      {"QPOLICY s GROUP g BACKOFF SOME 5", syntax},
      {"QPOLICY s GROUP g BACKOFF FIXED", syntax},
      {"QPOLICY s GROUP g BACKOFF EXP 5", syntax},
      {"QPOLICY s GROUP g BACKOFF EXP 6 5", "-ERR BACKOFF base must not be greater than its cap"},
      {"QPOLICY s GROUP g BACKOFF LINEAR 6 5", "-ERR BACKOFF base must not be greater than its cap"},
      {"QPOLICY s GROUP g JITTER 101", out_of_range},
      {"QPOLICY s GROUP g DEADMAXLEN -1", out_of_range},
      {"QPOLICY s GROUP g MAXLEASED -1", out_of_range},
      {"QPOLICY s GROUP g RATE 5 0", out_of_range},
      {"QPOLICY s GROUP g RATE 100001 5", out_of_range},
      {"QPOLICY s GROUP g ACKDEL", syntax},
      {"QPOLICY s GROUP g ACKDEL KEEPREF", syntax},
      {"QPOLICY s GROUP g DEADLETTER s", "-ERR DEADLETTER must not be the queue itself"},
      {"QPOLICY s GROUP g DEADLETTER", syntax},
      {"QPOLICY s GROUP g PREVIEW 0", out_of_range},
      {"QPOLICY s GROUP g PREVIEW 5 LEASE 6", syntax},
      {"QPOLICY s GROUP g RESET RESET", unknown},
      {"QPOLICY s GROUP g LEASE 5 RESET", unknown},
      {"QPOLICY s GROUP g LEASE 5 GROUP h", unknown},
      // Where it may lie.
      {"QPOLICY s GROUP", syntax},
      {"QPOLICY s GROUP \"\" LEASE 5", "-ERR GROUP must not be empty"},
      {"QPOLICY s LEASE 5", "-ERR GROUP is required for a stream"},
      {"QPOLICY s", "-ERR GROUP is required for a stream"},
      {"QPOLICY s RESET", "-ERR GROUP is required for a stream"},
      {"QPOLICY list GROUP g LEASE 5", "-ERR GROUP is for streams"},
      {"QPOLICY list GROUP g RESET", "-ERR GROUP is for streams"},
      {"QPOLICY text GROUP g LEASE 5", wrong_type},
      {"QPOLICY text GROUP g", wrong_type},
      // QINFO.
      {"QINFO s", "-ERR GROUP is required for a stream"},
      {"QINFO s CONSUMERS", "-ERR GROUP is required for a stream"},
      {"QINFO s GROUP", syntax},
      {"QINFO s GROUP \"\"", "-ERR GROUP must not be empty"},
      {"QINFO list GROUP g", "-ERR GROUP is for streams"},
      {"QINFO text GROUP g", wrong_type},
      {"QINFO s GROUP g NOSUCH", syntax},
      {"QINFO s GROUP g ID", syntax},
      {"QINFO s GROUP g ID x", "-ERR invalid message ID"},
      {"QINFO s GROUP g ID 1-0 CONSUMERS", syntax},
      {"QINFO s GROUP g CONSUMERS ID 1-0", syntax},
      {"QINFO s CONSUMERS GROUP g", syntax},
      // XNACK.
      {"XNACK s g MAYBE IDS 1 1-0", "-ERR mode must be SILENT, FAIL, or FATAL"},
      {"XNACK s g FAIL CONSUMER IDS 1 1-0", "-ERR syntax error, expected IDS keyword"},
      {"XNACK s g FAIL CONSUMER w CONSUMER x IDS 1 1-0", "-ERR syntax error, expected IDS keyword"},
      {"XNACK s g FAIL IDS 1 1-0 CONSUMER w", "-ERR Unrecognized XNACK option 'CONSUMER'"},
      {"XNACK s g FAIL IDS 0 1-0", "-ERR numids must be a positive integer"},
      {"XNACK s g FAIL IDS 2 1-0", "-ERR number of IDs doesn't match numids"},
      {"XNACK s g FAIL IDS 1 x", "-ERR Invalid stream ID specified as stream command argument"},
      {"XNACK s g FAIL IDS 1 1-0 DELAY", "-ERR Unrecognized XNACK option 'DELAY'"},
      {"XNACK s g FAIL IDS 1 1-0 DELAY -1", out_of_range},
      {"XNACK s g FAIL IDS 1 1-0 DELAY x", out_of_range},
      {"XNACK s g FAIL IDS 1 1-0 AT -1", out_of_range},
      {"XNACK s g FAIL IDS 1 1-0 AT 9223372036854775807", out_of_range},
      {"XNACK s g FAIL IDS 1 1-0 DELAY 1 AT 2", "-ERR Unrecognized XNACK option 'AT'"},
      {"XNACK s g FAIL IDS 1 1-0 DELAY 1 DELAY 2", "-ERR Unrecognized XNACK option 'DELAY'"},
      {"XNACK s g FATAL IDS 1 1-0 DELAY 1", syntax},
      {"XNACK s g FAIL IDS 1 1-0 REASON", "-ERR Unrecognized XNACK option 'REASON'"},
      {"XNACK s g FAIL IDS 1 1-0 REASON a REASON b", "-ERR Unrecognized XNACK option 'REASON'"},
      {"XNACK s g FAIL IDS 1 1-0 RETRYCOUNT -1", "-ERR Invalid RETRYCOUNT value, must be >= 0"},
      {"XNACK s g FAIL IDS 1 1-0 NOSUCH", "-ERR Unrecognized XNACK option 'NOSUCH'"},
      {"XNACK s h FAIL IDS 1 1-0", "-NOGROUP No such key 's' or consumer group 'h'"},
      {"XNACK list g FAIL IDS 1 1-0", wrong_type},
      // XACKDEL.
      {"XACKDEL s g CONSUMER IDS 1 1-0", syntax},
      {"XACKDEL s g CONSUMER w CONSUMER x IDS 1 1-0", syntax},
      {"XACKDEL s g IDS 1 1-0 CONSUMER w", syntax},
      {"XACKDEL s g CONSUMER w DELREF ACKED IDS 1 1-0", syntax},
      {"XACKDEL s g CONSUMER w IDS 2 1-0", "-ERR The `numids` parameter must match the number of arguments"},
      {"XACKDEL s g CONSUMER w IDS 1 x", "-ERR Invalid stream ID specified as stream command argument"},
      {"XDELEX s CONSUMER w IDS 1 1-0", syntax},
  };
  for (const auto& [line, error] : table) {
    INFO(line);
    REQUIRE(c(line) == error);
    REQUIRE(f.digest() == before);
  }
}
