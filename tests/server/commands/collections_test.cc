// SPDX-License-Identifier: MIT
//
// Hashes, sets and sorted sets: what is logged, what is announced, and in which form they lie in memory. What commands
// reply is held against Redis elsewhere.
#include <catch2/catch.hpp>

#include <random>
#include <string>

#include "tests/server/commands/log_records.h"
#include "tests/support/server_fixture.h"

using sluice::Millis;
using sluice::test::log_records;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

TEST_CASE("what chance chose is logged, not the dice", "[set][hash][sorted-set]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SADD s a");
  REQUIRE(c("SPOP s") == "$1 a");
  c("SADD s 1 2 3");
  c("SPOP s 2");
  c("HSET h f 1");
  c("HINCRBYFLOAT h f 0.25");
  c("HRANDFIELD h 2");
  c("SRANDMEMBER s 2");
  const auto records = log_records(f);
  REQUIRE(records.size() == 6);
  REQUIRE(records[1] == "DEL s");
  REQUIRE(records[3].starts_with("SREM s "));
  REQUIRE(records[5] == "HSET h f 1.25");
}

TEST_CASE("a command that changes nothing is not logged", "[set][hash][sorted-set]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SADD s a");
  c("ZADD z 1 a");
  c("HSET h f v");
  const size_t before = log_records(f).size();
  for (const char* line : {"SADD s a",
                           "SREM s b",
                           "SMOVE s s a",
                           "SMOVE s t b",
                           "SINTERSTORE d s none",
                           "SPOP none",
                           "ZADD z 1 a",
                           "ZADD z XX 5 b",
                           "ZADD z NX 7 a",
                           "ZADD z GT 0 a",
                           "ZREM z b",
                           "ZINCRBY z 0 a",
                           "ZREMRANGEBYSCORE z 5 6",
                           "ZUNIONSTORE d 1 none",
                           "ZRANGESTORE d z 5 6",
                           "ZPOPMIN none",
                           "ZMPOP 1 none MIN",
                           "HDEL h none",
                           "HSETNX h f w",
                           "HPERSIST h FIELDS 1 f",
                           "HGETDEL h FIELDS 1 none",
                           "HEXPIRE h 5 FIELDS 1 none",
                           "HGETEX h FIELDS 1 f"}) {
    INFO(line);
    REQUIRE_FALSE(c(line).starts_with("-"));
    REQUIRE(log_records(f).size() == before);
  }
}

TEST_CASE("a pop that somebody waited for is logged as the plain pop", "[sorted-set][blocking]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& one = f.connect();
  TestClient& two = f.connect();
  REQUIRE(one("BZPOPMIN y z 0") == "~");
  REQUIRE(two("BZMPOP 0 2 y z MAX COUNT 2") == "~");
  REQUIRE(c("ZADD z 1 a 2 b 3 c") == ":3");
  REQUIRE(one.reply() == "*3 $1 z $1 a $1 1");
  REQUIRE(two.reply() == "*2 $1 z *2 *2 $1 c $1 3 *2 $1 b $1 2");
  REQUIRE(log_records(f) == std::vector<std::string>{"ZADD z 1 a 2 b 3 c", "ZPOPMIN z", "ZPOPMAX z 2"});
}

TEST_CASE("what makes a sorted set come to be wakes who waits for one", "[sorted-set][blocking]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& waiter = f.connect();
  c("ZADD from 1 a");
  c("SET string v");
  for (const char* line : {"ZUNIONSTORE z 1 from", "ZINTERSTORE z 1 from", "ZDIFFSTORE z 1 from",
                           "ZRANGESTORE z from 0 -1", "COPY from z", "RENAME copied z", "ZINCRBY z 1 a"}) {
    INFO(line);
    c("COPY from copied REPLACE");
    REQUIRE(waiter("BZPOPMAX z 0") == "~");
    c("SET z string");  // another type does not wake it
    c("DEL z");
    c("LPUSH z v");
    REQUIRE(waiter.reply() == "~");
    c("DEL z");
    c(line);
    REQUIRE(waiter.reply() == "*3 $1 z $1 a $1 1");
  }
}

TEST_CASE("a waiter for a stream is told when a set takes its place", "[set][sorted-set][blocking]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& waiter = f.connect();
  c("SADD s a");
  c("ZADD y 1 a");
  for (const char* line : {"SUNIONSTORE x s", "SINTERSTORE x s", "SDIFFSTORE x s", "ZUNIONSTORE x 1 y"}) {
    INFO(line);
    c("DEL x");
    c("XGROUP CREATE x g $ MKSTREAM");
    REQUIRE(waiter("XREADGROUP GROUP g c BLOCK 0 STREAMS x >") == "~");
    c(line);
    REQUIRE(waiter.reply().starts_with("-WRONGTYPE"));
  }
}

TEST_CASE("settings decide until when a collection is packed", "[set][hash][sorted-set]") {
  ServerFixture f({{"hash-max-ziplist-entries", "2"}, {"set-max-intset-entries", "2"}});
  TestClient& c = f.client();
  const auto encoding = [&c](const std::string& key) {
    const std::string reply = c("OBJECT ENCODING " + key);
    return reply.substr(reply.find(' ') + 1);
  };
  c("HSET h a 1 b 2");
  REQUIRE(encoding("h") == "listpack");
  c("HSET h c 3");
  REQUIRE(encoding("h") == "hashtable");
  c("HDEL h a b");
  REQUIRE(encoding("h") == "hashtable");
  c("SADD numbers 1 2");
  REQUIRE(encoding("numbers") == "intset");
  c("SADD numbers 3");
  REQUIRE(encoding("numbers") == "hashtable");
  c("SADD texts 1 a");
  REQUIRE(encoding("texts") == "listpack");

  c("CONFIG SET zset-max-listpack-value 300 set-max-listpack-value 300 hash-max-listpack-value 300");
  const std::string name(300, 'n');
  c("ZADD z 1 " + name);
  REQUIRE(encoding("z") == "listpack");
  c("ZADD z 2 " + name + "n");
  REQUIRE(encoding("z") == "skiplist");
  c("SADD t " + name + " a");
  REQUIRE(encoding("t") == "listpack");
  REQUIRE(c("SISMEMBER t " + name) == ":1");
  REQUIRE(c("SREM t a " + name) == ":2");
  c("HSET long " + name + " " + name);
  c("HSET long " + name + " " + name.substr(1));
  REQUIRE(c("HGET long " + name) == "$299 " + name.substr(1));
  REQUIRE(encoding("long") == "listpack");
  c("HSET timed a 1");
  c("HEXPIRE timed 100 FIELDS 1 a");
  REQUIRE(encoding("timed") == "listpackex");
}

TEST_CASE("any mixture of commands replays, whatever the forms", "[set][hash][sorted-set]") {
  const unsigned seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  ServerFixture f({{"set-max-intset-entries", "4"},
                   {"set-max-listpack-entries", "6"},
                   {"hash-max-listpack-entries", "5"},
                   {"zset-max-listpack-entries", "5"}});
  TestClient& c = f.client();
  const auto member = [&random] {
    const unsigned number = random() % 30;
    return number < 20 ? std::to_string(number) : "m" + std::to_string(number);
  };
  const auto key = [&random](const char* kind) { return kind + std::to_string(random() % 3); };
  for (int step = 0; step < 4000; ++step) {
    const std::string s = key("s");
    const std::string t = key("s");
    const std::string z = key("z");
    const std::string y = key("z");
    const std::string number = std::to_string(random() % 5);
    const std::string lines[] = {
        "SADD " + s + " " + member() + " " + member(),
        "SREM " + s + " " + member(),
        "SPOP " + s + " " + number,
        "SMOVE " + s + " " + t + " " + member(),
        "SINTERSTORE " + key("s") + " " + s + " " + t,
        "SUNIONSTORE " + key("s") + " " + s + " " + t,
        "SDIFFSTORE " + key("s") + " " + s + " " + t,
        "SORT " + s + " BY nosort GET # STORE sorted",
        "SORT " + s + " ALPHA DESC LIMIT 0 5 STORE sorted",
        "ZADD " + z + " " + number + " " + member() + " 2.5 " + member(),
        "ZINCRBY " + z + " 0.1 " + member(),
        "ZPOPMIN " + z + " " + number,
        "ZUNIONSTORE " + key("z") + " 3 " + z + " " + y + " " + s + " WEIGHTS 1 -0.5 3",
        "ZINTERSTORE " + key("z") + " 2 " + z + " " + y + " AGGREGATE MAX",
        "ZRANGESTORE " + key("z") + " " + z + " 0 " + number + " REV",
        "ZREMRANGEBYRANK " + z + " 0 0",
        "SORT " + z + " BY nosort DESC STORE sorted",
        "HSET " + key("h") + " " + member() + " " + std::to_string(step),
        "HDEL " + key("h") + " " + member(),
        "COPY " + s + " " + t + " REPLACE",
        "COPY " + z + " " + y + " REPLACE",
        "EXPIRE " + z + " 1000",
    };
    const std::string& line = lines[random() % std::size(lines)];
    INFO(line);
    c(line);
    if (step % 100 == 0) f.server().keyspace.check_invariants();
  }
}

TEST_CASE("no command draws for ever", "[set][hash][sorted-set]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SADD s a");
  c("HSET h f v");
  c("ZADD z 1 a");
  const auto refused = [](const std::string& draws) {
    return "-ERR value is out of range: " + draws + " draws, and at most 10000000 are made at a time";
  };
  REQUIRE(c("SRANDMEMBER s -10000001") == refused("10000001"));
  REQUIRE(c("HRANDFIELD h -9223372036854775807") == refused("9223372036854775807"));
  REQUIRE(c("ZRANDMEMBER z -99999999999") == refused("99999999999"));
  REQUIRE(c("SRANDMEMBER none -99999999999") == "*0");
  REQUIRE(c("SRANDMEMBER s -3") == "*3 $1 a $1 a $1 a");
}
