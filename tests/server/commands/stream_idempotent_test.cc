// SPDX-License-Identifier: MIT
//
// Idempotent producers: XADD IDMP and IDMPAUTO, XCFGSET, XIDMPRECORD. That the log, and what a rewrite makes of it,
// give the same memory of producers again, the fixture checks at the end of each test.
#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <string>

#include "engine/base/hash.h"
#include "engine/stream.h"
#include "tests/support/resp_decoder.h"
#include "tests/support/server_fixture.h"

using sluice::Millis;
using sluice::mix;
using sluice::test::bulk;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

namespace {

// A field of XINFO STREAM, as show() prints its value.
std::string info(TestClient& c, const std::string& field) {
  const std::string all = c("XINFO STREAM s");
  const std::string name = bulk(field) + " ";
  const size_t at = all.find(name);
  REQUIRE(at != std::string::npos);
  const size_t begin = at + name.size();
  return all.substr(begin, all.find(' ', begin) - begin);
}

}  // namespace

TEST_CASE("an idempotence ID that has had its time may be used again, and a restart knows it", "[stream]") {
  ServerFixture f;
  TestClient* c = &f.client();
  const std::string first = (*c)("XADD s IDMP p 1 * f v");
  f.advance(Millis{100'000});
  REQUIRE((*c)("XADD s IDMP p 1 * f v") == first);  // the hundredth second is still part of it
  f.advance(Millis{1});
  const std::string second = (*c)("XADD s IDMP p 1 * f v");
  REQUIRE(second != first);
  REQUIRE((*c)("XLEN s") == ":2");
  f.restart();
  c = &f.connect();
  REQUIRE((*c)("XLEN s") == ":2");
  REQUIRE((*c)("XADD s IDMP p 1 * f v") == second);
  REQUIRE((*c)("XADD s IDMP q 1 * f v") != second);
  REQUIRE((*c)("XLEN s") == ":3");
}

TEST_CASE("what was sent again is counted, and adds nothing", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  const std::string id = c("XADD s IDMP p 1 * f v");
  REQUIRE(c("XADD s IDMP p 1 * g w") == id);
  REQUIRE(c("XADD s IDMP p 1 MAXLEN 0 * g w") == id);
  REQUIRE(c("XLEN s") == ":1");
  REQUIRE(info(c, "iids-duplicates") == ":2");
  REQUIRE(info(c, "iids-added") == ":1");
  REQUIRE(info(c, "pids-tracked") == ":1");
}

TEST_CASE("the counts of idempotence IDs go on after a restart, with and without a rewrite", "[stream]") {
  ServerFixture f;
  TestClient* c = &f.client();
  (*c)("XCFGSET s IDMP-MAXSIZE 2");
  for (int i = 1; i <= 5; ++i)
    (*c)("XADD s IDMP p " + std::to_string(i) + " * f v");
  (*c)("XCFGSET s IDMP-MAXSIZE 2");  // forgets them
  (*c)("XADD s IDMP p 6 * f v");
  (*c)("XADD s IDMP p 6 * f v");
  (*c)("XADD s IDMP p 6 * f v");
  const bool rewritten = GENERATE(false, true);
  if (rewritten) {
    (*c)("BGREWRITEAOF");
    f.finish_rewrite();
  }
  f.restart();
  c = &f.connect();
  REQUIRE(info(*c, "iids-added") == ":6");
  REQUIRE(info(*c, "iids-duplicates") == ":2");
  REQUIRE(info(*c, "iids-tracked") == ":1");
  (*c)("XADD s IDMP p 6 * f v");
  REQUIRE(info(*c, "iids-duplicates") == ":3");
}

TEST_CASE("idempotence IDs whose time is over go by themselves", "[stream]") {
  ServerFixture f;
  TestClient* c = &f.client();
  (*c)("XADD s 1-1 f v");
  (*c)("XCFGSET s IDMP-DURATION 2");
  (*c)("XADD s IDMP p 1 * f v");
  (*c)("XADD s IDMP p 2 * f v");
  f.advance(Millis{1'000});
  (*c)("XADD s IDMP q 1 * f v");
  f.advance(Millis{1'000});
  REQUIRE(info(*c, "iids-tracked") == ":3");  // the last of the two seconds is part of them
  const size_t bytes = f.server().keyspace.find(0, "s")->stream().bytes();
  f.advance(Millis{100});
  REQUIRE(info(*c, "iids-tracked") == ":1");
  REQUIRE(info(*c, "pids-tracked") == ":1");
  REQUIRE(f.server().keyspace.find(0, "s")->stream().bytes() < bytes);
  REQUIRE(f.digest_of_log() == f.digest());
  // Under another key, in another database, and with the server away meanwhile.
  const auto where = GENERATE("RENAME s s2", "MOVE s 1", "SWAPDB 0 1", "COPY s s2", "PING");
  REQUIRE((*c)(where).substr(0, 1) != "-");
  const bool away = GENERATE(false, true);
  if (away) {
    f.restart();
    c = &f.connect();
  }
  f.advance(Millis{1'100});
  size_t streams = 0;
  for (int db = 0; db < 2; ++db) {
    for (const char* key : {"s", "s2"}) {
      const auto* const entry = f.server().keyspace.find(db, key);
      if (entry == nullptr) continue;
      REQUIRE(entry->stream().producers()->size() == 0);
      ++streams;
    }
  }
  REQUIRE(streams >= 1);
  f.server().keyspace.check_invariants();
  REQUIRE(f.digest_of_log() == f.digest());
}

TEST_CASE("many idempotence IDs go in steps, and none if they are forgotten at once", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("XADD s 1-1 f v");
  c("XCFGSET s IDMP-DURATION 1 IDMP-MAXSIZE 10000");
  for (int i = 0; i < 3'000; ++i)
    c("XADD s IDMP p " + std::to_string(i) + " * f v");
  REQUIRE(info(c, "iids-tracked") == ":3000");
  const bool forgotten = GENERATE(false, true);
  if (forgotten) c("XCFGSET s IDMP-DURATION 2");
  f.advance(Millis{1'100});
  for (int turns = 0; turns < 300; ++turns)
    f.turn();
  REQUIRE(info(c, "iids-tracked") == ":0");
  f.server().keyspace.check_invariants();
}

TEST_CASE("IDMPAUTO knows pairs by what they say, in any order", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  const std::string id = c("XADD s IDMPAUTO p * a 1 b 2");
  REQUIRE(c("XADD s IDMPAUTO p * b 2 a 1") == id);
  REQUIRE(c("XADD s IDMPAUTO p * a 2 b 1") != id);
  REQUIRE(c("XADD s IDMPAUTO p * a 1 b 2 a 1") != id);
  REQUIRE(c("XADD s IDMPAUTO q * a 1 b 2") != id);
  REQUIRE(c("XLEN s") == ":4");
  f.restart();
  REQUIRE(f.connect()("XADD s IDMPAUTO p * b 2 a 1") == id);
}

TEST_CASE("the settings that a stream began with are logged with it", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("CONFIG SET stream-idmp-duration 7 stream-idmp-maxsize 2") == "+OK");
  const std::string first = c("XADD s IDMP p 1 * f v");
  REQUIRE(c("CONFIG SET stream-idmp-duration 100 stream-idmp-maxsize 100") == "+OK");
  REQUIRE(info(c, "idmp-duration") == ":7");
  c("XADD s IDMP p 2 * f v");
  c("XADD s IDMP p 3 * f v");  // the third of two
  REQUIRE(info(c, "iids-tracked") == ":2");
  REQUIRE(c("XADD s IDMP p 1 * f v") != first);
  f.restart();  // with the settings that the server has by default
  TestClient& again = f.connect();
  REQUIRE(info(again, "idmp-duration") == ":7");
  REQUIRE(info(again, "idmp-maxsize") == ":2");
}

TEST_CASE("other limits forget all, the same ones nothing", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  const std::string id = c("XADD s IDMP p 1 * f v");
  REQUIRE(c("XCFGSET s IDMP-DURATION 100 IDMP-MAXSIZE 100") == "+OK");
  REQUIRE(c("XADD s IDMP p 1 * f v") == id);
  REQUIRE(c("XCFGSET s IDMP-DURATION 101") == "+OK");
  REQUIRE(info(c, "iids-tracked") == ":0");
  REQUIRE(c("XADD s IDMP p 1 * f v") != id);
}

TEST_CASE("XIDMPRECORD makes a stream remember an entry that it has", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("XIDMPRECORD s p 1 1-1") == "-ERR no such key");
  c("XADD s 1700000000000-1 f v");
  c("XADD s 1700000000000-2 f v");
  REQUIRE(c("XIDMPRECORD s p 1 9-9") == "-ERR No such message in stream");
  REQUIRE(c("XIDMPRECORD s p 1 1700000000000-1") == "+OK");
  REQUIRE(c("XIDMPRECORD s p 1 1700000000000-1") == "+OK");
  REQUIRE(c("XIDMPRECORD s p 1 1700000000000-2") ==
          "-ERR IID already exists for this producer with a different stream ID");
  REQUIRE(c("XADD s IDMP p 1 * f v") == bulk("1700000000000-1"));
  REQUIRE(c("XLEN s") == ":2");
}

TEST_CASE("producers are remembered as in the naive model", "[stream][model]") {
  const uint64_t seed = GENERATE(11u, 12u, 13u, 14u, 15u, 16u, 17u, 18u);
  INFO("seed " << seed);
  ServerFixture f;
  TestClient* client = &f.client();
  const auto c = [&client](const std::string& line) { return (*client)(line); };
  uint64_t state = seed;
  const auto below = [&state](uint64_t bound) { return mix(++state) % bound; };
  // A producer's, in the order of their entries.
  struct Known {
    std::string idempotence_id;
    std::string entry;
    int64_t added;
  };
  std::map<std::string, std::deque<Known>> model;
  int64_t span_ms = 3'000;
  size_t size_max = 4;
  REQUIRE(c("XADD s 1-1 f v") == bulk("1-1"));
  REQUIRE(c("XCFGSET s IDMP-DURATION 3 IDMP-MAXSIZE 4") == "+OK");
  int64_t now = f.world().clock.time.count;
  size_t length = 1;
  for (int step = 0; step < 400; ++step) {
    if (below(4) == 0) {
      const auto span = static_cast<int64_t>(below(1'500));
      f.advance(Millis{span});
      now += span;
    } else if (below(60) == 0) {
      span_ms = static_cast<int64_t>(1 + below(5)) * 1'000;
      size_max = 1 + below(5);
      const std::string words = "XCFGSET s IDMP-DURATION " + std::to_string(span_ms / 1'000) +
                                " IDMP-MAXSIZE " + std::to_string(size_max);
      const bool same = info(*client, "idmp-duration") == ":" + std::to_string(span_ms / 1'000) &&
                        info(*client, "idmp-maxsize") == ":" + std::to_string(size_max);
      REQUIRE(c(words) == "+OK");
      if (!same) model.clear();
    } else if (below(200) == 0) {
      f.restart();
      client = &f.connect();
    } else {
      const std::string producer(1, static_cast<char>('a' + below(3)));
      const std::string idempotence_id = std::to_string(below(7));
      auto& known = model[producer];
      std::erase_if(known, [&](const Known& it) { return now - it.added > span_ms; });
      const auto before = std::find_if(known.begin(), known.end(),
                                       [&](const Known& it) { return it.idempotence_id == idempotence_id; });
      const std::string entry = c("XADD s IDMP " + producer + " " + idempotence_id + " * f v");
      INFO("step " << step);
      if (before != known.end()) {
        REQUIRE(entry == before->entry);
      } else {
        ++length;
        known.push_back({idempotence_id, entry, now});
        if (known.size() > size_max) known.pop_front();
      }
      REQUIRE(c("XLEN s") == ":" + std::to_string(length));
    }
  }
}
