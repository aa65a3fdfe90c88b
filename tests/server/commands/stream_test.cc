// SPDX-License-Identifier: MIT
//
// The stream commands without consumer groups. Texts and corner cases are what redis-server 7.0.15 answers.
// That what is logged gives the same state again, the fixture checks at the end of each test.
#include <catch2/catch.hpp>
#include <string>

#include "tests/support/server_fixture.h"

using sluice::Millis;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

namespace {

// The log as text, with the line ends that separate words made visible as blanks.
std::string log_of(ServerFixture& f) {
  f.turn();
  std::string words;
  const auto files = f.world().files.list("appendonlydir");
  for (const std::string& name : files.value()) {
    if (!name.ends_with(".incr.aof")) continue;
    for (const char c : f.world().files.content("appendonlydir/" + name)) {
      if (c == '\n') continue;
      words.push_back(c == '\r' ? ' ' : c);
    }
  }
  return words;
}

bool logs(ServerFixture& f, std::string_view words) {
  return log_of(f).find(words) != std::string::npos;
}

// Entries <ms>-1 .. <ms>-count, each with the field f.
void fill(TestClient& c, const std::string& key, int ms, int count) {
  for (int seq = 1; seq <= count; ++seq) {
    const std::string id = std::to_string(ms) + "-" + std::to_string(seq);
    REQUIRE(c("XADD " + key + " " + id + " f v") == "$" + std::to_string(id.size()) + " " + id);
  }
}

}  // namespace

TEST_CASE("XADD takes the time as the ID, or counts on within the millisecond", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("XADD k * f v") == "$15 1700000000000-0");
  REQUIRE(c("XADD k * f v") == "$15 1700000000000-1");
  f.advance(Millis{1});
  REQUIRE(c("XADD k * f v") == "$15 1700000000001-0");
  REQUIRE(c("XADD k 1700000000005-3 f v") == "$15 1700000000005-3");
  REQUIRE(c("XADD k * f v") == "$15 1700000000005-4");
  REQUIRE(c("XADD k 1700000000005-* f v") == "$15 1700000000005-5");
  REQUIRE(c("XADD k 1700000000006-* f v") == "$15 1700000000006-0");
  REQUIRE(c("XADD k 1700000000007 f v") == "$15 1700000000007-0");
  REQUIRE(c("XLEN k") == ":8");
  REQUIRE(c("TYPE k") == "+stream");
}

TEST_CASE("XADD is logged with the ID that it gave", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("XADD k * f v");
  c("XADD k 1700000000000-* f w");
  REQUIRE(logs(f, "$4 XADD $1 k $15 1700000000000-0 $1 f $1 v "));
  REQUIRE(logs(f, "$4 XADD $1 k $15 1700000000000-1 $1 f $1 w "));
  REQUIRE_FALSE(logs(f, "-*"));
}

TEST_CASE("XADD with more words than usual is logged whole", "[stream]") {
  ServerFixture f;
  std::string line = "XADD k *";
  for (int i = 0; i < 100; ++i)
    line += " field" + std::to_string(i) + " value" + std::to_string(i);
  f.client()(line);
  REQUIRE(logs(f, "$7 field99 $7 value99 "));
}

TEST_CASE("XADD refuses IDs that are no IDs, or not above the last one", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  const std::string invalid = "-ERR Invalid stream ID specified as stream command argument";
  const std::string too_small =
      "-ERR The ID specified in XADD is equal or smaller than the target stream top item";
  for (const char* id : {"-", "+", "$", "x", "5-", "-5", "*x", "5-*x", "5-6-*", "-*", "(5", "\"\""}) {
    INFO(id);
    REQUIRE(c("XADD k " + std::string(id) + " f v") == invalid);
  }
  REQUIRE(c("XADD k 0-0 f v") == "-ERR The ID specified in XADD must be greater than 0-0");
  REQUIRE(c("EXISTS k") == ":0");
  REQUIRE(c("XADD k 0-* f v") == "$3 0-1");
  REQUIRE(c("XADD k 007-9 f v") == "$3 7-9");
  REQUIRE(c("XADD k 7-9 f v") == too_small);
  REQUIRE(c("XADD k 6-* f v") == too_small);
  REQUIRE(c("XADD k 18446744073709551615-18446744073709551615 f v") ==
          "$41 18446744073709551615-18446744073709551615");
  const std::string exhausted =
      "-ERR The stream has exhausted the last possible ID, unable to add more items";
  for (const char* id : {"*", "5", "5-*"})
    REQUIRE(c("XADD k " + std::string(id) + " f v") == exhausted);
}

TEST_CASE("XADD without pairs of fields and values is refused", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  const std::string arity = "-ERR wrong number of arguments for 'xadd' command";
  for (const char* line :
       {"XADD k *", "XADD k 1-1 a", "XADD k 1-1 a b c", "XADD k MAXLEN 5 *", "XADD k MAXLEN 5 1-1 a",
        "XADD k NOMKSTREAM NOMKSTREAM NOMKSTREAM", "XADD k MAXLEN ~ 5 1-1 a b c"}) {
    INFO(line);
    REQUIRE(c(line) == arity);
  }
}

TEST_CASE("XADD checks its options as Redis does", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  const std::string twice = "-ERR syntax error, MAXLEN and MINID options at the same time are not compatible";
  REQUIRE(c("XADD k MAXLEN 5 MINID 3 * a b") == twice);
  REQUIRE(c("XADD k MAXLEN 5 MAXLEN 3 * a b") == twice);
  REQUIRE(c("XADD k MAXLEN ~ x * a b") == "-ERR value is not an integer or out of range");
  REQUIRE(c("XADD k MAXLEN = * a b") == "-ERR value is not an integer or out of range");
  REQUIRE(c("XADD k MAXLEN -1 * a b") == "-ERR The MAXLEN argument must be >= 0.");
  REQUIRE(c("XADD k MINID (5 * a b") == "-ERR Invalid stream ID specified as stream command argument");
  REQUIRE(c("XADD k MAXLEN = 3 LIMIT 5 * a b") ==
          "-ERR syntax error, LIMIT cannot be used without the special ~ option");
  REQUIRE(c("XADD k LIMIT 5 * a b") ==
          "-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
  REQUIRE(c("XADD k LIMIT 5 zz a b") == "-ERR Invalid stream ID specified as stream command argument");
  REQUIRE(c("XADD k MAXLEN ~ 3 LIMIT -1 * a b") == "-ERR The LIMIT argument must be >= 0.");
  REQUIRE(c("XADD k MAXLEN ~ 3 LIMIT x * a b") == "-ERR value is not an integer or out of range");
  REQUIRE(c("XADD k KEEPREF DELREF 1-1 a b") ==
          "-ERR Invalid stream ID specified as stream command argument");
  REQUIRE(c("EXISTS k") == ":0");
  REQUIRE(c("XADD k LIMIT 3 MAXLEN ~ 3 nomkstream * a b") == "$-1");
  REQUIRE(c("XADD k limit 3 maxlen ~ 3 1-1 a b") == "$3 1-1");
  REQUIRE(c("XADD k DELREF 1-2 a b") == "$3 1-2");
  REQUIRE(c("XADD k acked MAXLEN 1 1-3 a b") == "$3 1-3");
  REQUIRE(c("XLEN k") == ":1");
}

TEST_CASE("a word of the wrong type is told before any change, and after the words are read", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET s 1");
  const std::string wrong = "-WRONGTYPE Operation against a key holding the wrong kind of value";
  for (const char* line :
       {"XADD s * a b", "XLEN s", "XRANGE s - +", "XREVRANGE s + -", "XDEL s x", "XTRIM s MAXLEN 1",
        "XSETID s 1", "XREAD STREAMS s >", "XREAD STREAMS none s 0 0"}) {
    INFO(line);
    REQUIRE(c(line) == wrong);
  }
  REQUIRE(c("XADD s 0-0 a b") == "-ERR The ID specified in XADD must be greater than 0-0");
  REQUIRE(c("XTRIM s MAXLEN x") == "-ERR value is not an integer or out of range");
  REQUIRE(c("XRANGE s - + COUNT x") == "-ERR value is not an integer or out of range");
}

TEST_CASE("XADD with MAXLEN 0 keeps the empty stream", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("XADD k MAXLEN 0 5-1 f v") == "$3 5-1");
  REQUIRE(c("XLEN k") == ":0");
  REQUIRE(c("EXISTS k") == ":1");
  REQUIRE(c("XADD k 5-1 f v") ==
          "-ERR The ID specified in XADD is equal or smaller than the target stream top item");
}

TEST_CASE("without memory the commands that grow a stream are refused, and the others are not", "[stream]") {
  ServerFixture f({{"maxmemory", "1000"}});
  TestClient& c = f.client();
  fill(c, "k", 1, 5);
  c("XGROUP CREATE k g 0");
  f.world().memory_used = 1'001;
  f.turn();
  const std::string oom = "-OOM command not allowed when used memory > 'maxmemory'.";
  for (const char* line : {"XADD k * f v", "XADD k IDMP p 1 * f v", "XADD k MAXLEN 1 * f v", "XSETID k 9-9",
                           "XGROUP CREATE k h 0", "XGROUP CREATECONSUMER k g c", "XIDMPRECORD k p 1 1-1"}) {
    INFO(line);
    REQUIRE(c(line) == oom);
  }
  for (const char* line :
       {"XREADGROUP GROUP g c COUNT 3 STREAMS k >", "XACK k g 1-1", "XACKDEL k g IDS 1 1-2",
        "XNACK k g FAIL IDS 1 1-3", "XREADGROUP GROUP g c CLAIM 0 COUNT 1 STREAMS k >", "XCLAIM k g c 0 1-3",
        "XAUTOCLAIM k g c 0 0", "XDEL k 1-1", "XDELEX k IDS 1 1-4", "XTRIM k MAXLEN 1 ACKED",
        "XGROUP SETID k g 0", "XGROUP DELCONSUMER k g c", "XCFGSET k IDMP-DURATION 7",
        "XGROUP DESTROY k g"}) {
    INFO(line);
    REQUIRE(c(line).substr(0, 1) != "-");
  }
}

TEST_CASE("how coarsely ~ trims is a setting, for pages that are filled from then on", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  fill(c, "k", 1, 100);
  REQUIRE(c("XTRIM k MAXLEN ~ 50") == ":0");  // one page
  REQUIRE(c("CONFIG SET stream-node-max-entries 10") == "+OK");
  fill(c, "k", 2, 100);
  REQUIRE(c("XTRIM k MAXLEN ~ 95") == ":100");
  REQUIRE(c("XTRIM k MAXLEN ~ 75") == ":20");
  REQUIRE(c("CONFIG SET stream-node-max-entries 0 stream-node-max-bytes 128") == "+OK");
  fill(c, "k", 3, 100);
  REQUIRE(c("XTRIM k MINID ~ 3-0") == ":70");  // the last page had room for newer ones
  const std::string trimmed = c("XTRIM k MAXLEN ~ 50");
  REQUIRE(trimmed != ":0");
  REQUIRE(f.digest_of_log() == f.digest());
  REQUIRE(c("CONFIG SET stream-node-max-bytes 0") == "+OK");
  // How much goes at once without LIMIT depends on the setting as well.
  REQUIRE(c("CONFIG SET stream-node-max-entries 1") == "+OK");
  fill(c, "l", 1, 300);
  REQUIRE(c("XTRIM l MAXLEN ~ 10") == ":100");
  REQUIRE(c("XTRIM l MAXLEN ~ 10 LIMIT 0") == ":190");
}

TEST_CASE("XTRIM replies how many went, and checks its options as Redis does", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  fill(c, "k", 1, 10);
  REQUIRE(c("XTRIM k MAXLEN 8") == ":2");
  REQUIRE(c("XTRIM k MAXLEN = 8") == ":0");
  REQUIRE(c("XTRIM k MINID 1-5") == ":2");
  REQUIRE(c("XTRIM k DELREF MINID = 1-6") == ":1");
  REQUIRE(c("XTRIM k MAXLEN 4 ACKED") == ":1");
  REQUIRE(c("XTRIM none MAXLEN 4") == ":0");
  const std::string syntax = "-ERR syntax error";
  for (const char* line : {"XTRIM k FOO 3", "XTRIM k MAXLEN 3 4", "XTRIM k NOMKSTREAM MAXLEN 3",
                           "XTRIM k KEEPREF DELREF MAXLEN 3", "XTRIM k MAXLEN 3 *"}) {
    INFO(line);
    REQUIRE(c(line) == syntax);
  }
  REQUIRE(c("XTRIM k LIMIT 0 KEEPREF") == "-ERR syntax error, XTRIM must be called with a trimming strategy");
  REQUIRE(c("XTRIM k MAXLEN 3 MINID 4") ==
          "-ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
  REQUIRE(c("XTRIM none MAXLEN -3") == "-ERR The MAXLEN argument must be >= 0.");
  REQUIRE(c("XTRIM k LIMIT 3 MAXLEN 3") ==
          "-ERR syntax error, LIMIT cannot be used without the special ~ option");
  REQUIRE(c("XLEN k") == ":4");
}

TEST_CASE("an approximate trim takes whole pages, and is logged as the exact one", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  fill(c, "k", 1, 350);
  REQUIRE(c("XTRIM k MAXLEN ~ 120 LIMIT 99") == ":0");
  REQUIRE(c("XTRIM k MAXLEN ~ 120 LIMIT 100") == ":100");
  REQUIRE(c("XTRIM k MINID ~ 1-250") == ":100");
  REQUIRE(logs(f, "$5 XTRIM $1 k $6 MAXLEN $1 = $3 250 "));
  REQUIRE(logs(f, "$5 XTRIM $1 k $6 MAXLEN $1 = $3 150 "));
  REQUIRE(c("XADD k MAXLEN ~ 10 2-1 f v") == "$3 2-1");
  REQUIRE(c("XLEN k") == ":51");
  REQUIRE(logs(f, "$4 XADD $1 k $6 MAXLEN $1 = $2 51 $3 2-1 $1 f $1 v "));
  REQUIRE_FALSE(logs(f, "~"));
}

TEST_CASE("an approximate trim takes at most ten thousand unless it is told otherwise", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  fill(c, "k", 1, 10'300);
  REQUIRE(c("XTRIM k MAXLEN ~ 0") == ":10000");
  REQUIRE(c("XTRIM k MAXLEN ~ 0 LIMIT 0") == ":300");
}

TEST_CASE("a stream command that changes nothing is not logged", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  fill(c, "k", 1, 3);
  const uint64_t sequence = f.server().sequencer.sequence();
  for (const char* line :
       {"XTRIM k MAXLEN 3", "XTRIM k MAXLEN ~ 0 LIMIT 1", "XDEL k 9-9", "XDEL none 1-1", "XSETID k 1-3",
        "XADD none NOMKSTREAM * a b", "XADD k 1-1 a b", "XLEN k", "XREAD STREAMS k 0"}) {
    INFO(line);
    c(line);
    REQUIRE(f.server().sequencer.sequence() == sequence);
  }
}

TEST_CASE("XDEL removes entries and keeps the stream", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  fill(c, "k", 5, 2);
  REQUIRE(c("XDEL k 5-1 x") == "-ERR Invalid stream ID specified as stream command argument");
  REQUIRE(c("XLEN k") == ":2");
  REQUIRE(c("XDEL k 5-1 5-1 7") == ":1");
  REQUIRE(c("XDEL k 5-2") == ":1");
  REQUIRE(c("XDEL none x") == ":0");
  REQUIRE(c("XLEN k") == ":0");
  REQUIRE(c("EXISTS k") == ":1");
}

TEST_CASE("XSETID sets what a rewritten log needs, and refuses contradictions", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  fill(c, "k", 5, 2);
  REQUIRE(c("XSETID none 9") == "-ERR no such key");
  REQUIRE(c("XSETID k 4") == "-ERR The ID specified in XSETID is smaller than the target stream top item");
  REQUIRE(c("XSETID k *") == "-ERR Invalid stream ID specified as stream command argument");
  REQUIRE(c("XSETID k 9 FOO") == "-ERR syntax error");
  REQUIRE(c("XSETID k 9 ENTRIESADDED") == "-ERR syntax error");
  REQUIRE(c("XSETID k 9 ENTRIESADDED x") == "-ERR value is not an integer or out of range");
  REQUIRE(c("XSETID k 9 ENTRIESADDED -1") == "-ERR entries_added must be positive");
  REQUIRE(c("XSETID k 9 ENTRIESADDED 1") ==
          "-ERR The entries_added specified in XSETID is smaller than the target stream length");
  REQUIRE(c("XSETID none 9 MAXDELETEDID 10") ==
          "-ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
  REQUIRE(c("XSETID k 9 MAXDELETEDID 3 ENTRIESADDED 7 MAXDELETEDID 4") == "+OK");
  REQUIRE(c("XADD k 9-0 f v") ==
          "-ERR The ID specified in XADD is equal or smaller than the target stream top item");
  c("XDEL k 5-1 5-2");
  REQUIRE(c("XSETID k 5-1") ==
          "-ERR The ID specified in XSETID is smaller than current max_deleted_entry_id");
  REQUIRE(c("XSETID k 5-2") == "+OK");
}

TEST_CASE("XRANGE and XREVRANGE reply what lies between two IDs", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("XADD k 5-1 a 1");
  c("XADD k 5-2 b 2 c 3");
  c("XADD k 6-0 a 1");
  const std::string first = "*2 $3 5-1 *2 $1 a $1 1";
  const std::string second = "*2 $3 5-2 *4 $1 b $1 2 $1 c $1 3";
  const std::string third = "*2 $3 6-0 *2 $1 a $1 1";
  REQUIRE(c("XRANGE k - +") == "*3 " + first + " " + second + " " + third);
  REQUIRE(c("XREVRANGE k + -") == "*3 " + third + " " + second + " " + first);
  REQUIRE(c("XRANGE k 5 5") == "*2 " + first + " " + second);
  REQUIRE(c("XRANGE k (5-1 6") == "*2 " + second + " " + third);
  REQUIRE(c("XRANGE k (5 (5") == "*2 " + first + " " + second);
  REQUIRE(c("XREVRANGE k (5-2 -") == "*1 " + first);
  REQUIRE(c("XREVRANGE k + (5-2 COUNT 1") == "*1 " + third);
  REQUIRE(c("XRANGE k - + COUNT 2 COUNT 1") == "*1 " + first);
  REQUIRE(c("XRANGE k + -") == "*0");
  REQUIRE(c("XREVRANGE k - +") == "*0");
  REQUIRE(c("XRANGE none - +") == "*0");
}

TEST_CASE("a range count of zero or less gives null where there is a stream", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  fill(c, "k", 1, 3);
  REQUIRE(c("XRANGE k - + COUNT 0") == "*-1");
  REQUIRE(c("XREVRANGE k + - COUNT -1") == "*-1");
  REQUIRE(c("XRANGE none - + COUNT 0") == "*0");
}

TEST_CASE("the bounds of a range are read before the key is looked at", "[stream]") {
  ServerFixture f;
  TestClient& c = f.client();
  const std::string invalid = "-ERR Invalid stream ID specified as stream command argument";
  for (const char* bound : {"x", "(-", "(+", "(", "\"\"", "((5"}) {
    INFO(bound);
    REQUIRE(c("XRANGE none " + std::string(bound) + " +") == invalid);
    REQUIRE(c("XREVRANGE none + " + std::string(bound)) == invalid);
  }
  REQUIRE(c("XRANGE none (18446744073709551615-18446744073709551615 +") ==
          "-ERR invalid start ID for the interval");
  REQUIRE(c("XREVRANGE none + (18446744073709551615-18446744073709551615") ==
          "-ERR invalid start ID for the interval");
  REQUIRE(c("XRANGE none - (0-0") == "-ERR invalid end ID for the interval");
  REQUIRE(c("XRANGE none - (0") == "*0");
  REQUIRE(c("XRANGE none - + FOO") == "-ERR syntax error");
  REQUIRE(c("XRANGE none - + COUNT") == "-ERR syntax error");
}
