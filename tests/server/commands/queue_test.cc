// SPDX-License-Identifier: MIT
//
// The queue verbs through the whole core: words in, replies out, and the log says the same (the fixture loads it into a
// second server, before and after a rewrite).
#include <catch2/catch.hpp>
#include <string>

#include "tests/server/commands/queue_reply.h"
#include "tests/support/server_fixture.h"

using sluice::Millis;
using sluice::test::bulk;
using sluice::test::field;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

namespace {

constexpr const char* kId = "1700000000000-";
const std::string kDeadline = ":1700000030000";

std::string handle(int number, int deliveries) {
  return kId + std::to_string(number) + ":" + std::to_string(deliveries);
}

std::string entry(const std::string& key, const std::string& given, const std::string& payload, int attempts,
                  const std::string& deadline = kDeadline) {
  return "*5 " + bulk(key) + " " + bulk(given) + " " + bulk(payload) + " :" + std::to_string(attempts) + " " +
         deadline;
}

}  // namespace

TEST_CASE("a message is added, reserved and acked", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("QADD jobs one") == bulk(std::string(kId) + "0"));
  REQUIRE(c("QADD jobs two") == bulk(std::string(kId) + "1"));
  REQUIRE(c("LLEN jobs") == ":2");
  REQUIRE(c("QRESERVE 1 jobs CONSUMER w") == "*1 " + entry("jobs", handle(0, 1), "one", 0));
  REQUIRE(c("QACK jobs " + handle(0, 1) + " " + handle(0, 1) + " 5-5:1") == "*3 :1 :-1 :-1");
  REQUIRE(c("TYPE jobs") == "+list");
  REQUIRE(c("QRESERVE 1 jobs COUNT 5") == "*1 " + entry("jobs", handle(1, 1), "two", 0));
  REQUIRE(c("QRESERVE 1 jobs") == "*-1");
}

TEST_CASE("what changes nothing is not logged", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QADD jobs one");
  c("QRESERVE 1 jobs");
  c("QPOLICY jobs LEASE 500");
  const uint64_t sequence = f.server().sequencer.sequence();
  for (const std::string& line :
       {std::string("QRESERVE 2 jobs none"), "QACK jobs " + handle(0, 9), std::string("QACK jobs 7-7:1"),
        "QNACK jobs FAIL IDS 1 " + handle(0, 2), "QEXTEND jobs 50 " + handle(0, 2),
        std::string("QDEL jobs 7-7"), std::string("QADD none XX x"), std::string("QPOLICY jobs LEASE 500"),
        std::string("QPOLICY none RESET"), std::string("QPOLICY jobs"), std::string("QINFO jobs"),
        std::string("QINFO jobs ID ") + kId + "0"}) {
    INFO(line);
    REQUIRE(c(line)[0] != '-');
    REQUIRE(f.server().sequencer.sequence() == sequence);
  }
}

TEST_CASE("a wrong handle among right ones changes nothing", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QADD jobs one");
  c("QRESERVE 1 jobs");
  const std::string before = f.digest();
  for (const char* wrong : {"x", "1700000000000-0", "1700000000000-0:", ":1", "1700000000000:1",
                            "1700000000000-0:-1", "1700000000000-0:4294967296", "1700000000000-0:1:1"}) {
    INFO(wrong);
    const std::string handles = handle(0, 1) + " " + wrong;
    REQUIRE(c("QACK jobs " + handles) == "-ERR invalid handle");
    REQUIRE(c("QEXTEND jobs 1000 " + handles) == "-ERR invalid handle");
    REQUIRE(c("QNACK jobs FAIL IDS 2 " + handles) == "-ERR invalid handle");
  }
  for (const char* wrong : {"x", "1700000000000", "1700000000000-0:1", "-"}) {
    INFO(wrong);
    REQUIRE(c(std::string("QDEL jobs ") + kId + "0 " + wrong) == "-ERR invalid message ID");
  }
  REQUIRE(f.digest() == before);
}

TEST_CASE("numbers out of their bounds are refused and change nothing", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  const std::string before = f.digest();
  for (const char* line : {
           "QADD q DELAY -1 x",
           "QADD q DELAY 9223372036854775807 x",
           "QADD q AT -1 x",
           "QADD q AT 9223372036854775807 x",
           "QADD q DELAY 3162240000001 x",
           "QRESERVE 1 q LEASE 0",
           "QRESERVE 1 q LEASE 9223372036854775807",
           "QEXTEND q -1 1-1:1",
           "QEXTEND q 9223372036854775807 1-1:1",
           "QNACK q FAIL IDS 1 1-1:1 DELAY 9223372036854775807",
           "QPOLICY q LEASE 9223372036854775807",
           "QPOLICY q MAXATTEMPTS 4294967296",
           "QPOLICY q JITTER 101",
           "QPOLICY q BACKOFF FIXED -1",
       }) {
    INFO(line);
    REQUIRE(c(line) == "-ERR value is not an integer or out of range");
  }
  REQUIRE(f.digest() == before);
}

TEST_CASE("commands of the log are unknown to clients", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("TICK 1 1").rfind("-ERR unknown command 'TICK'", 0) == 0);
  REQUIRE(c("QSTART").rfind("-ERR unknown command 'QSTART'", 0) == 0);
  REQUIRE(c("QRESTORE COUNTERS 1-1 1").rfind("-ERR unknown command 'QRESTORE'", 0) == 0);
}

TEST_CASE("a failed message comes back when its delay is over, for whoever waits", "[queue]") {
  ServerFixture f;
  TestClient& worker = f.client();
  TestClient& waiting = f.connect();
  worker("QPOLICY jobs BACKOFF FIXED 1000 JITTER 0");
  worker("QADD jobs one");
  worker("QRESERVE 1 jobs");
  REQUIRE(waiting("QRESERVE 1 jobs BLOCK 0 CONSUMER second") == "~");
  REQUIRE(worker("QNACK jobs FAIL IDS 1 " + handle(0, 1) + " REASON why") == "*1 :1");
  f.advance(Millis{999});
  REQUIRE(waiting.reply() == "~");
  f.advance(Millis{1});
  REQUIRE(waiting.reply() == "*1 " + entry("jobs", handle(0, 2), "one", 1, ":1700000031000"));
  REQUIRE(worker("QACK jobs " + handle(0, 1)) == "*1 :0");
}

TEST_CASE("a lease that runs out makes room for the next worker, and a late ack still counts before",
          "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QPOLICY jobs LEASE 100 BACKOFF FIXED 50 JITTER 0");
  c("RPUSH jobs a b");
  REQUIRE(c("QRESERVE 1 jobs COUNT 2").substr(0, 2) == "*2");
  f.advance(Millis{100});
  REQUIRE(c("QACK jobs " + handle(0, 1)) == "*1 :1");
  f.advance(Millis{50});
  REQUIRE(c("LRANGE jobs 0 -1") == "*1 $1 a");
  REQUIRE(c("QRESERVE 1 jobs CONSUMER w") == "*1 " + entry("jobs", handle(1, 2), "a", 1, ":1700000000250"));
  REQUIRE(c("QACK jobs " + handle(1, 1)) == "*1 :0");
}

TEST_CASE("a blocked reserve is logged as one that does not wait, with its consumer", "[queue]") {
  ServerFixture f;
  TestClient& a = f.client();
  TestClient& b = f.connect();
  a("CLIENT SETNAME alice");
  REQUIRE(a("QRESERVE 2 first second BLOCK 0") == "~");
  b("QADD second x");
  REQUIRE(a.reply() == "*1 " + entry("second", handle(0, 1), "x", 0));
  REQUIRE(b(std::string("QINFO second ID ") + kId + "0").find("$8 consumer $5 alice") != std::string::npos);
}

TEST_CASE("the oldest waiter of a queue is served first", "[queue]") {
  ServerFixture f;
  TestClient& first = f.client();
  TestClient& second = f.connect();
  TestClient& producer = f.connect();
  REQUIRE(first("QRESERVE 1 jobs BLOCK 0") == "~");
  REQUIRE(second("QRESERVE 1 jobs BLOCK 0") == "~");
  REQUIRE(field(producer("QINFO jobs"), "waiters") == ":2");
  producer("LPUSH jobs x");
  REQUIRE(first.reply() == "*1 " + entry("jobs", handle(0, 1), "x", 0));
  REQUIRE(second.reply() == "~");
  producer("DEL jobs");
  producer("QADD jobs y");
  REQUIRE(second.reply() == "*1 " + entry("jobs", handle(1, 1), "y", 0));
}

TEST_CASE("a reserve that waits long enough is answered nothing", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("QRESERVE 1 jobs BLOCK 20") == "~");
  f.advance(Millis{20});
  REQUIRE(c.reply() == "*-1");
}

TEST_CASE("in a transaction a reserve does not wait", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("MULTI");
  c("QRESERVE 1 jobs BLOCK 0");
  c("QADD jobs x");
  c("QRESERVE 1 jobs BLOCK 0 CONSUMER w");
  REQUIRE(c("EXEC") ==
          "*3 *-1 " + bulk(std::string(kId) + "0") + " *1 " + entry("jobs", handle(0, 1), "x", 0));
}

TEST_CASE("the dead wake those who read their stream", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& alert = f.connect();
  c("QPOLICY jobs MAXATTEMPTS 1");
  c("QADD jobs x");
  c("QRESERVE 1 jobs CONSUMER w");
  REQUIRE(alert("XREAD BLOCK 0 STREAMS jobs:dead 0") == "~");
  REQUIRE(c("QNACK jobs FAIL IDS 1 " + handle(0, 1) + " REASON boom") == "*1 :1");
  REQUIRE(alert.reply() ==
          "*1 *2 $9 jobs:dead *1 *2 $15 1700000000000-0 *26 "
          "$10 dlq.source $4 jobs $9 dlq.group $0 $6 dlq.id $15 1700000000000-0 "
          "$10 dlq.reason $11 maxattempts $9 dlq.error $4 boom $12 dlq.attempts $1 1 $14 dlq.deliveries $1 1 "
          "$9 dlq.added $13 1700000000000 $9 dlq.first $13 1700000000000 $8 dlq.last $13 1700000000000 "
          "$12 dlq.consumer $1 w $12 dlq.redriven $1 0 $7 payload $1 x");
  REQUIRE(c("EXISTS jobs") == ":0");
  REQUIRE(field(c("QINFO jobs"), "dead") == ":1");
}

TEST_CASE("the numbers of a queue add up", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QPOLICY jobs BACKOFF NONE MAXATTEMPTS 2");
  for (int i = 0; i < 6; ++i)
    c("QADD jobs x");
  c("QADD jobs DELAY 5000 x");
  f.advance(Millis{40});
  c("QRESERVE 1 jobs COUNT 4 CONSUMER w");
  c("QACK jobs " + handle(0, 1));
  c("QNACK jobs FATAL IDS 1 " + handle(1, 1));
  c("QNACK jobs SILENT IDS 1 " + handle(2, 1));
  c("RPOP jobs");
  c(std::string("QDEL jobs ") + kId + "4");
  f.advance(Millis{10});
  const std::string info = c("QINFO jobs");
  REQUIRE(field(info, "ready") == ":1");
  REQUIRE(field(info, "delayed") == ":1");
  REQUIRE(field(info, "leased") == ":1");
  REQUIRE(field(info, "dead") == ":1");
  REQUIRE(field(info, "oldest-ready-ms") == ":50");
  REQUIRE(field(info, "oldest-leased-ms") == ":10");
  REQUIRE(field(info, "next-due-ms") == ":4950");
  REQUIRE(field(info, "consumers") == ":1");
  REQUIRE(field(info, "added") == ":7");
  REQUIRE(field(info, "reserved") == ":4");
  REQUIRE(field(info, "acked") == ":1");
  REQUIRE(field(info, "nacked") == ":1");
  REQUIRE(field(info, "silent") == ":1");
  REQUIRE(field(info, "died") == ":1");
  REQUIRE(field(info, "popped") == ":1");
  REQUIRE(field(info, "deleted") == ":1");
  REQUIRE(field(info, "wait-ms-max") == ":40");
}

TEST_CASE("a missing queue has zeros and the policy in force", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QPOLICY none LEASE 1234");
  const std::string info = c("QINFO none");
  REQUIRE(field(info, "ready") == ":0");
  REQUIRE(field(info, "next-due-ms") == ":0");
  REQUIRE(field(info, "LEASE") == ":1234");
  REQUIRE(c("QINFO none ID 1-1") == "$-1");
}

TEST_CASE("a policy says what is in force and where it comes from", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(
      c("QPOLICY q") ==
      "*32 $5 LEASE :30000 $8 MAXLEASE :0 $11 MAXATTEMPTS :20 $7 BACKOFF $15 EXP 5000 900000 $6 JITTER :50 "
      "$10 DEADLETTER $6 q:dead $10 DEADMAXLEN :0 $5 PAUSE $4 NONE $9 MAXLEASED :0 $4 HEAD $5 RIGHT $6 "
      "MAXLEN :0 "
      "$8 OVERFLOW $6 REJECT $3 TTL :0 $5 AGING :0 $4 RATE $3 0 0 $6 source $7 default");
  REQUIRE(c("QPOLICY q BACKOFF LINEAR 10 20 HEAD LEFT MAXATTEMPTS 0 DEADLETTER \"\"") == "+OK");
  REQUIRE(c("QPOLICY q") ==
          "*32 $5 LEASE :30000 $8 MAXLEASE :0 $11 MAXATTEMPTS :0 $7 BACKOFF $12 LINEAR 10 20 $6 JITTER :50 "
          "$10 DEADLETTER $0 $10 DEADMAXLEN :0 $5 PAUSE $4 NONE $9 MAXLEASED :0 $4 HEAD $4 LEFT $6 MAXLEN :0 "
          "$8 OVERFLOW $6 REJECT $3 TTL :0 $5 AGING :0 $4 RATE $3 0 0 $6 source $3 set");
  REQUIRE(c("QPOLICY q RESET") == "+OK");
  REQUIRE(field(c("QPOLICY q"), "MAXATTEMPTS") == ":20");
}

TEST_CASE("leases outlive a restart of the server, and end no sooner than ten seconds after it", "[queue]") {
  ServerFixture f;
  f.client()("QPOLICY jobs LEASE 1000 BACKOFF NONE");
  f.client()("QADD jobs x");
  f.client()("QRESERVE 1 jobs CONSUMER w");
  f.world().advance(Millis{60'000});
  f.restart();
  f.turn();
  REQUIRE(f.client()("LLEN jobs") == ":0");
  f.advance(Millis{9'999});
  REQUIRE(f.client()("LLEN jobs") == ":0");
  f.advance(Millis{1});
  REQUIRE(f.client()("LLEN jobs") == ":1");
  REQUIRE(f.client()("QACK jobs " + handle(0, 1)) == "*1 :1");
}

TEST_CASE("an acked message does not come back after a restart, IDs go on", "[queue]") {
  ServerFixture f;
  f.client()("QADD jobs x");
  f.client()("QRESERVE 1 jobs CONSUMER w");
  f.client()("QACK jobs " + handle(0, 1));
  f.restart();
  REQUIRE(f.client()("EXISTS jobs") == ":0");
  REQUIRE(f.client()("QADD jobs y") == bulk(std::string(kId) + "1"));
}

TEST_CASE("a rewrite while messages are in every state keeps them, and what follows it", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QPOLICY jobs LEASE 2000 BACKOFF FIXED 500 DEADLETTER gone");
  c("RPUSH jobs plain1 plain2");
  f.advance(Millis{5});
  c("LPUSH jobs plain3");
  for (int i = 0; i < 4; ++i)
    c("QADD jobs message");
  c("QADD jobs DELAY 700 later");
  c("QRESERVE 1 jobs COUNT 3 CONSUMER w LEASE 100");
  c("QNACK jobs FAIL IDS 1 1700000000005-5:1 REASON \"first try\"");
  c("BGREWRITEAOF");
  f.finish_rewrite();
  f.advance(Millis{100});
  c("QRESERVE 1 jobs COUNT 2 CONSUMER v");
  f.advance(Millis{600});
  REQUIRE(f.digest_of_log() == f.digest());
}

TEST_CASE("old list commands work on a queue", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("QPOLICY jobs LEASE 1000");
  c("QADD jobs a");
  REQUIRE(c("LPUSH jobs b c") == ":3");
  REQUIRE(c("LRANGE jobs 0 -1") == "*3 $1 c $1 b $1 a");
  REQUIRE(c("LINDEX jobs -1") == "$1 a");
  REQUIRE(c("LMOVE jobs other RIGHT LEFT") == "$1 a");
  REQUIRE(c("BRPOP jobs 0") == "*2 $4 jobs $1 b");
  REQUIRE(c("RPOP jobs") == "$1 c");
  REQUIRE(c("EXISTS jobs") == ":0");
}

TEST_CASE("in RESP3 a policy and the numbers are maps", "[queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("HELLO 3");
  REQUIRE(c("QPOLICY q").substr(0, 3) == "%16");
  REQUIRE(c("QINFO q")[0] == '%');
  REQUIRE(c("QRESERVE 1 q") == "_");
  REQUIRE(c("QADD q XX x") == "_");
}
