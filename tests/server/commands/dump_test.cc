// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include <string>

#include "tests/support/server_fixture.h"

using sluice::Millis;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

namespace {

// The bytes that DUMP replies.
std::string dumped(TestClient& client, const std::string& key) {
  client.send("*2\r\n$4\r\nDUMP\r\n$" + std::to_string(key.size()) + "\r\n" + key + "\r\n");
  const std::string reply = client.take_bytes();
  REQUIRE(reply[0] == '$');
  const size_t begin = reply.find("\r\n") + 2;
  return reply.substr(begin, reply.size() - begin - 2);
}

}  // namespace

TEST_CASE("what DUMP replies, RESTORE takes", "[dump]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET s hello");
  c("SET n 123456");
  c("SET long " + std::string(10'000, 'x'));
  for (int i = 0; i < 300; ++i)
    c("RPUSH l " + std::to_string(i) + " text" + std::string(static_cast<size_t>(i), 'y'));
  for (int i = 1; i <= 250; ++i)
    c("XADD x " + std::to_string(i) + "-" + std::to_string(1000 - i) +
      (i % 7 == 0 ? " other v" : " f 5 g text"));
  c("XDEL x 3-997 250-750");
  for (const std::string key : {"s", "n", "long", "l", "x"}) {
    const std::string payload = dumped(c, key);
    REQUIRE(c.call({"RESTORE", key + "2", "0", payload}) == "+OK");
    REQUIRE(dumped(c, key + "2") == payload);
    REQUIRE(c("PTTL " + key + "2") == ":-1");
  }
  REQUIRE(c("GET n2") == "$6 123456");
  REQUIRE(c("LRANGE l2 0 -1") == c("LRANGE l 0 -1"));
  REQUIRE(c("XRANGE x2 - +") == c("XRANGE x - +"));
  REQUIRE(c("XADD x2 250-750 f v").starts_with("-ERR The ID specified in XADD is equal or smaller"));
  REQUIRE(c("DUMP none") == "$-1");
}

TEST_CASE("RESTORE sets a lifetime, from now or until a time", "[dump][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET s v");
  const std::string payload = dumped(c, "s");
  REQUIRE(c.call({"RESTORE", "a", "1000", payload}) == "+OK");
  REQUIRE(c("PTTL a") == ":1000");
  REQUIRE(c.call({"RESTORE", "b", "1800000000000", payload, "ABSTTL", "IDLETIME", "5"}) == "+OK");
  REQUIRE(c("PEXPIRETIME b") == ":1800000000000");
  REQUIRE(c.call({"RESTORE", "a", "1", payload, "ABSTTL", "REPLACE", "FREQ", "5"}) == "+OK");
  REQUIRE(c("EXISTS a") == ":0");
  REQUIRE(c.call({"RESTORE", "none", "1", payload, "ABSTTL"}) == "+OK");
  REQUIRE(c("EXISTS none") == ":0");
  f.advance(Millis{10});
}

TEST_CASE("RESTORE refuses what does not fit and changes nothing", "[dump]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET s v");
  c("RPUSH l a b");
  const std::string payload = dumped(c, "l");
  const std::string before = f.digest();
  REQUIRE(c.call({"RESTORE", "s", "0", payload}) == "-BUSYKEY Target key name already exists.");
  REQUIRE(c.call({"RESTORE", "a", "-1", payload}) == "-ERR Invalid TTL value, must be >= 0");
  REQUIRE(c.call({"RESTORE", "a", "x", payload}) == "-ERR value is not an integer or out of range");
  REQUIRE(c.call({"RESTORE", "a", "0", payload, "IDLETIME", "-1"}) ==
          "-ERR Invalid IDLETIME value, must be >= 0");
  REQUIRE(c.call({"RESTORE", "a", "0", payload, "FREQ", "256"}) ==
          "-ERR Invalid FREQ value, must be >= 0 and <= 255");
  REQUIRE(c.call({"RESTORE", "a", "0", payload, "FREQ", "1", "IDLETIME", "1"}) == "-ERR syntax error");
  REQUIRE(c.call({"RESTORE", "a", "0", "junk"}) == "-ERR DUMP payload version or checksum are wrong");
  for (size_t at = 0; at < payload.size(); ++at) {
    std::string changed = payload;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    REQUIRE(c.call({"RESTORE", "a", "0", changed}) == "-ERR DUMP payload version or checksum are wrong");
  }
  REQUIRE(f.digest() == before);
}

TEST_CASE("RESTORE wakes those who wait, and under a policy it makes a queue", "[dump][queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& waiter = f.connect();
  c("RPUSH l a b");
  const std::string payload = dumped(c, "l");
  REQUIRE(waiter("BLPOP k 0") == "~");
  REQUIRE(c.call({"RESTORE", "k", "0", payload}) == "+OK");
  REQUIRE(waiter.reply() == "*2 $1 k $1 a");
  c("QPOLICY jobs LEASE 1000");
  REQUIRE(c.call({"RESTORE", "jobs", "0", payload}) == "+OK");
  REQUIRE(c("OBJECT ENCODING jobs") == "$5 queue");
  c("QRESERVE 1 jobs");
  REQUIRE(c.call({"RESTORE", "plain", "0", dumped(c, "jobs")}) == "+OK");
  REQUIRE(c("LLEN plain") == ":1");
  c("QRESERVE 1 jobs");
  REQUIRE(c("DUMP jobs") == "$-1");
}

TEST_CASE("a stream is dumped with its groups, and what is nobody's is nobody's again", "[dump][stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  for (int i = 1; i <= 5; ++i)
    c("XADD x " + std::to_string(i) + "-1 f v");
  c("XGROUP CREATE x g 0");
  c("XGROUP CREATE x empty 3-1 ENTRIESREAD 3");
  c("XREADGROUP GROUP g ann COUNT 2 STREAMS x >");
  c("XREADGROUP GROUP g bob COUNT 2 STREAMS x >");
  c("XACK x g 1-1");
  c("XNACK x g SILENT IDS 1 3-1");
  REQUIRE(c.call({"RESTORE", "y", "0", dumped(c, "x")}) == "+OK");
  REQUIRE(c("XPENDING y g") == "*4 :3 $3 2-1 $3 4-1 *2 *2 $3 ann $1 1 *2 $3 bob $1 1");
  REQUIRE(c("XPENDING y g 3-1 3-1 1") == "*1 *4 $3 3-1 $0 :-1 :0");
  REQUIRE(c("XPENDING y empty") == "*4 :0 $-1 $-1 *-1");
  REQUIRE(c("XREADGROUP GROUP g ann STREAMS y >") == "*1 *2 $1 y *1 *2 $3 5-1 *2 $1 f $1 v");
  REQUIRE(c("XREADGROUP GROUP empty ann COUNT 1 STREAMS y >") == "*1 *2 $1 y *1 *2 $3 4-1 *2 $1 f $1 v");
  REQUIRE(c("COPY x z") == ":1");
  REQUIRE(c("XPENDING z g") == c("XPENDING x g"));
}

TEST_CASE("what a group has pending without an entry comes along, and a policy ends it",
          "[dump][stream][group]") {
  ServerFixture f;
  TestClient& c = f.client();
  for (int i = 1; i <= 4; ++i)
    c("XADD x " + std::to_string(i) + "-1 f v");
  c("XGROUP CREATE x g 0");
  c("XREADGROUP GROUP g ann COUNT 3 STREAMS x >");
  c("XNACK x g SILENT IDS 1 2-1");
  c("XDEL x 1-1 2-1");
  const std::string kPending = "*3 *4 $3 1-1 $3 ann :0 :1 *4 $3 2-1 ";
  REQUIRE(c("XPENDING x g - + 10") == kPending + "$0 :-1 :0 *4 $3 3-1 $3 ann :0 :1");
  const std::string payload = dumped(c, "x");

  REQUIRE(c.call({"RESTORE", "plain", "0", payload}) == "+OK");
  REQUIRE(c("XPENDING plain g") == "*4 :3 $3 1-1 $3 3-1 *1 *2 $3 ann $1 2");
  REQUIRE(c("XAUTOCLAIM plain g bob 0 -") == "*3 $3 0-0 *1 *2 $3 3-1 *2 $1 f $1 v *2 $3 1-1 $3 2-1");

  c("QPOLICY kept GROUP g LEASE 1000 BACKOFF NONE MAXATTEMPTS 3");
  REQUIRE(c.call({"RESTORE", "kept", "0", payload}) == "+OK");
  f.server().queues.check_invariants();
  // The second one is nobody's, and has no entry.
  REQUIRE(c("XPENDING kept g - + 10") == "*2 *4 $3 1-1 $3 ann :0 :1 *4 $3 3-1 $3 ann :0 :1");
  f.advance(Millis{1000});
  REQUIRE(c("XPENDING kept g - + 10") == "*1 *4 $3 3-1 $0 :-1 :1");
  REQUIRE(c("XREADGROUP GROUP g bob STREAMS kept >") ==
          "*1 *2 $4 kept *2 *2 $3 3-1 *2 $1 f $1 v *2 $3 4-1 *2 $1 f $1 v");
  f.server().queues.check_invariants();
}

TEST_CASE("a consumer without a name that is one keeps what it holds", "[dump][stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  for (int i = 1; i <= 3; ++i)
    c("XADD x " + std::to_string(i) + "-1 f v");
  c("XGROUP CREATE x g 0");
  c.call({"XREADGROUP", "GROUP", "g", "", "COUNT", "2", "STREAMS", "x", ">"});
  REQUIRE(c("XPENDING x g") == "*4 :2 $3 1-1 $3 2-1 *1 *2 $0 $1 2");
  REQUIRE(c.call({"RESTORE", "y", "0", dumped(c, "x")}) == "+OK");
  REQUIRE(c("XPENDING y g") == c("XPENDING x g"));
  REQUIRE(c("XPENDING y g - + 1") == "*1 *4 $3 1-1 $0 :0 :1");
}

TEST_CASE("what was delayed by a policy is due once it is restored, and has not failed again",
          "[dump][group]") {
  ServerFixture f;
  TestClient& c = f.client();
  const std::string policy = " GROUP g LEASE 1000 MAXATTEMPTS 2 BACKOFF FIXED 60000 JITTER 0";
  for (int i = 1; i <= 3; ++i)
    c("XADD x " + std::to_string(i) + "-1 f v");
  c("XGROUP CREATE x g 0");
  REQUIRE(c("QPOLICY x" + policy) == "+OK");
  REQUIRE(c("QPOLICY y" + policy) == "+OK");
  c("XREADGROUP GROUP g w COUNT 2 STREAMS x >");
  REQUIRE(c("XNACK x g FAIL IDS 1 1-1") == ":1");
  REQUIRE(c("XDEL x 2-1") == ":1");  // held, and gone: no entry is left of it
  REQUIRE(c("XNACK x g FAIL IDS 1 2-1") == ":1");
  REQUIRE(c.call({"RESTORE", "y", "0", dumped(c, "x")}) == "+OK");
  REQUIRE(c("XPENDING y g - + 10") == "*1 *4 $3 1-1 $0 :-1 :1");
  f.advance(Millis{5'000});
  REQUIRE(c("XPENDING y g - + 10") == "*1 *4 $3 1-1 $0 :-1 :1");
  REQUIRE(c("EXISTS y:g:dead") == ":0");
  REQUIRE(c("XREADGROUP GROUP g v COUNT 1 STREAMS y >") == "*1 *2 $1 y *1 *2 $3 1-1 *2 $1 f $1 v");
  REQUIRE(c("XPENDING y g - + 10") == "*1 *4 $3 1-1 $1 v :0 :2");
  f.server().keyspace.check_invariants();
}
