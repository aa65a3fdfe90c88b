// SPDX-License-Identifier: MIT
//
// Fields of hashes that end by themselves. That a replay and a rewrite come to the same, the fixture checks.
#include <catch2/catch.hpp>

#include <random>
#include <string>

#include "tests/server/commands/log_records.h"
#include "tests/support/server_fixture.h"

using sluice::Millis;
using sluice::test::log_records;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

TEST_CASE("a field ends when its time has come, and is logged as HDEL", "[hash][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("HSET h a 1 b 2 c 3");
  REQUIRE(c("HPEXPIRE h 100 FIELDS 2 a b") == "*2 :1 :1");
  REQUIRE(c("HPTTL h FIELDS 4 a b c d") == "*4 :100 :100 :-1 :-2");
  f.advance(Millis{99});
  REQUIRE(c("HLEN h") == ":3");
  f.advance(Millis{1});
  REQUIRE(c("HGETALL h") == "*2 $1 c $1 3");
  REQUIRE(log_records(f) == std::vector<std::string>{"HSET h a 1 b 2 c 3",
                                                     "HPEXPIREAT h 1700000000100 FIELDS 2 a b", "HDEL h a",
                                                     "HDEL h b"});
}

TEST_CASE("a field ends by the clock, though no command names its key", "[hash][expiry]") {
  ServerFixture f({{"notify-keyspace-events", "KEA"}});
  TestClient& c = f.client();
  TestClient& listener = f.connect();
  listener("SUBSCRIBE __keyspace@0__:h");
  c("HSET h a 1 b 2");
  c("HPEXPIRE h 50 FIELDS 1 a");
  c("HPEXPIRE h 90 FIELDS 1 b");
  listener.take_bytes();
  f.advance(Millis{50});
  REQUIRE(listener.reply() == "*3 $7 message $16 __keyspace@0__:h $8 hexpired");
  REQUIRE(f.server().next_deadline() - f.server().sequencer.mono_now() == Millis{40});
  f.advance(Millis{40});
  REQUIRE(listener.reply() == "*3 $7 message $16 __keyspace@0__:h $8 hexpired");
  REQUIRE(listener.reply() == "*3 $7 message $16 __keyspace@0__:h $3 del");
  REQUIRE(c("DBSIZE") == ":0");
  REQUIRE(c("INFO stats").find("expired_subkeys:2") != std::string::npos);
  REQUIRE(f.server().next_deadline() > f.server().sequencer.mono_now());
}

TEST_CASE("SORT does not find what has expired in a hash", "[hash][expiry][sort]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("DEBUG SET-ACTIVE-EXPIRE 0");
  c("RPUSH l 1 2 3 1");
  for (const char* hash : {"h1", "h2", "h3"})
    c("HSET " + std::string(hash) + " z " + std::string(hash) + " a 9 b " + hash[1]);
  c("HPEXPIRE h1 50 FIELDS 1 a");
  c("HPEXPIRE h2 60 FIELDS 3 z a b");
  f.world().advance(Millis{55});
  REQUIRE(c("SORT l BY nosort GET h*->a GET h*->z STORE got") == ":8");
  REQUIRE(c("LRANGE got 0 -1") == "*8 $0 $2 h1 $1 9 $2 h2 $1 9 $2 h3 $0 $2 h1");
  REQUIRE(c("SORT l BY h*->a") == "*4 $1 1 $1 1 $1 2 $1 3");
  f.world().advance(Millis{10});
  REQUIRE(c("SORT l BY h*->b DESC GET # GET h*->b") == "*8 $1 3 $1 3 $1 1 $1 1 $1 1 $1 1 $1 2 $-1");
  REQUIRE(c("EXISTS h2") == ":0");
}

TEST_CASE("a watched hash has changed when a field of it has expired", "[hash][expiry][watch]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("DEBUG SET-ACTIVE-EXPIRE 0");
  c("HSET h a 1 b 2");
  c("HPEXPIRE h 50 FIELDS 1 a");
  c("WATCH h");
  c("MULTI");
  c("PING");
  f.world().advance(Millis{50});
  REQUIRE(c("EXEC") == "*-1");
  REQUIRE(c("HLEN h") == ":1");
}

TEST_CASE("a small hash with expiry times stays small, and no longer has them when they are taken away",
          "[hash][expiry]") {
  ServerFixture f({{"hash-max-listpack-entries", "3"}});
  TestClient& c = f.client();
  c("HSET h a 1 b 2");
  const std::string without = c("MEMORY USAGE h");
  c("HPEXPIRE h 50 FIELDS 2 b a");
  REQUIRE(c("OBJECT ENCODING h") == "$10 listpackex");
  const auto bytes = [](const std::string& reply) { return std::stoi(reply.substr(1)); };
  REQUIRE(bytes(c("MEMORY USAGE h")) - bytes(without) < 200);
  REQUIRE(c("HPERSIST h FIELDS 2 a b") == "*2 :1 :1");
  REQUIRE(c("OBJECT ENCODING h") == "$8 listpack");
  REQUIRE(c("MEMORY USAGE h") == without);
  c("HPEXPIRE h 50 FIELDS 1 b");
  c("HSET h c 3 d 4");
  REQUIRE(c("OBJECT ENCODING h") == "$9 hashtable");
  REQUIRE(c("HPTTL h FIELDS 2 a b") == "*2 :-1 :50");
  f.advance(Millis{50});
  REQUIRE(c("HLEN h") == ":3");
}

TEST_CASE("a hash ends with its last field", "[hash][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("HSET h a 1");
  c("HPEXPIRE h 50 FIELDS 1 a");
  TestClient& watcher = f.connect();
  watcher("WATCH h");
  watcher("MULTI");
  watcher("PING");
  f.advance(Millis{50});
  REQUIRE(c("EXISTS h") == ":0");
  REQUIRE(watcher("EXEC") == "*-1");
}

TEST_CASE("a field ends by itself when no command names its hash, and no key expires", "[hash][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("HSET h a 1");
  c("HSET other a 1");
  REQUIRE(c("HPEXPIRE h 100 FIELDS 1 a") == "*1 :1");
  f.advance(Millis{99});
  REQUIRE(c("DBSIZE") == ":2");
  f.advance(Millis{1});
  REQUIRE(c("DBSIZE") == ":1");
}

TEST_CASE("a field whose time has passed is not seen by the command that comes first", "[hash][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("DEBUG SET-ACTIVE-EXPIRE 0");
  c("HSET h a 1 b 2");
  c("HPEXPIRE h 50 FIELDS 1 a");
  f.world().advance(Millis{50});
  REQUIRE(c("HGET h a") == "$-1");
  REQUIRE(c("HLEN h") == ":1");
}

TEST_CASE("what sets a field anew takes its time away, what adds to it does not", "[hash][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("HSET h a 1 b 2 c 3 d 4");
  c("HEXPIRE h 100 FIELDS 4 a b c d");
  c("HSET h a 5");
  c("HINCRBY h b 1");
  c("HINCRBYFLOAT h c 0.5");
  REQUIRE(c("HPERSIST h FIELDS 2 d a") == "*2 :1 :-1");
  REQUIRE(c("HTTL h FIELDS 4 a b c d") == "*4 :-1 :100 :100 :-1");
  REQUIRE(c("HEXPIRETIME h FIELDS 1 b") == "*1 :1700000100");
  REQUIRE(c("HPEXPIRETIME h FIELDS 1 b") == "*1 :1700000100000");
}

TEST_CASE("conditions of HEXPIRE compare with the time that a field has", "[hash][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("HSET h timed 1 free 2");
  c("HEXPIRE h 100 FIELDS 1 timed");
  REQUIRE(c("HEXPIRE h 50 NX FIELDS 2 timed free") == "*2 :0 :1");
  c("HPERSIST h FIELDS 1 free");
  REQUIRE(c("HEXPIRE h 60 XX FIELDS 2 timed free") == "*2 :1 :0");
  REQUIRE(c("HEXPIRE h 59 GT FIELDS 2 timed free") == "*2 :0 :0");
  REQUIRE(c("HEXPIRE h 61 LT FIELDS 2 timed free") == "*2 :0 :1");
  REQUIRE(c("HTTL h FIELDS 2 timed free") == "*2 :60 :61");
  // A field that is named twice.
  REQUIRE(c("HEXPIRE h 0 FIELDS 3 free free none") == "*3 :2 :-2 :-2");
  c("HSET h free 1");
  REQUIRE(c("HEXPIRE h 5 NX FIELDS 2 free free") == "*2 :1 :0");
}

TEST_CASE("HEXPIRE says what is wrong with its words", "[hash][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("HSET h a 1");
  c("SET s v");
  REQUIRE(c("HEXPIRE h x FIELDS 1 a") == "-ERR value is not an integer or out of range");
  REQUIRE(c("HEXPIRE h -1 FIELDS 1 a") == "-ERR invalid expire time, must be >= 0");
  REQUIRE(c("HEXPIRE h 9223372036854775807 FIELDS 1 a") == "-ERR invalid expire time in 'hexpire' command");
  REQUIRE(c("HEXPIRE h 1 FIELD 1 a") == "-ERR unknown argument: FIELD");
  REQUIRE(c("HEXPIRE h 1 FIELDS 0 a") == "-ERR Parameter `numFields` should be greater than 0");
  REQUIRE(c("HEXPIRE h 1 FIELDS 2147483648 a") == "-ERR Parameter `numFields` should be greater than 0");
  REQUIRE(c("HEXPIRE h 1 FIELDS 2 a") == "-ERR wrong number of arguments");
  REQUIRE(c("HEXPIRE h 1 FIELDS 1 a b") == "-ERR unknown argument: b");
  REQUIRE(c("HEXPIRE h 1 NX FIELDS 1") == "-ERR FIELDS requires at least numfields and one field argument");
  REQUIRE(c("HEXPIRE h 1 NX NX FIELDS") == "-ERR FIELDS requires at least numfields and one field argument");
  REQUIRE(c("HEXPIRE h 1 NX NX NX") == "-ERR missing FIELDS argument");
  REQUIRE(c("HEXPIRE h 1 FIELDS 1 a FIELDS 1 a") == "-ERR FIELDS keyword specified multiple times");
  REQUIRE(c("HEXPIRE h 1 GT FIELDS 1 a LT") == "-ERR Multiple condition flags specified");
  REQUIRE(c("HEXPIRE s x FIELDS 1 a").starts_with("-WRONGTYPE"));
  REQUIRE(c("HEXPIRE none 1 FIELDS 1 a") == "*1 :-2");
  REQUIRE(c("HTTL h FIELD 1 a") == "-ERR Mandatory argument FIELDS is missing or not at the right position");
  REQUIRE(c("HTTL h FIELDS 0 a") == "-ERR Number of fields must be a positive integer");
  REQUIRE(c("HPERSIST h FIELDS x a") == "-ERR Number of fields must be a positive integer");
  REQUIRE(c("HTTL h FIELDS 2 a") == "-ERR The `numfields` parameter must match the number of arguments");
  REQUIRE(c("HTTL s FIELDS 0 a").starts_with("-WRONGTYPE"));
  REQUIRE(c("HTTL none FIELDS 1 a") == "*1 :-2");
  REQUIRE(c("HTTL h FIELDS 1 a") == "*1 :-1");
}

TEST_CASE("the condition of HEXPIRE may stand behind the fields", "[hash][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("HSET h a 1 NX 2");
  REQUIRE(c("HEXPIRE h 100 FIELDS 1 a NX") == "*1 :1");
  REQUIRE(c("HEXPIRE h 200 FIELDS 1 a nx") == "*1 :0");
  REQUIRE(c("HEXPIRE h 300 XX XX FIELDS 2 a NX") == "*2 :1 :0");
}

TEST_CASE("HSETEX and HGETEX say what is wrong with their words", "[hash][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("HSET h a 1");
  c("SET s v");
  const std::string one_of = "-ERR Only one of EX, PX, EXAT, PXAT or ";
  REQUIRE(c("HSETEX h FXX FNX FIELDS 1 a 2") == "-ERR Only one of FXX or FNX arguments can be specified");
  REQUIRE(c("HSETEX h FNX FIELDS 1 b 2 FNX") == "-ERR Only one of FXX or FNX arguments can be specified");
  REQUIRE(c("HSETEX h EX 10 KEEPTTL FIELDS 1 a 2") == one_of + "KEEPTTL arguments can be specified");
  REQUIRE(c("HSETEX h EX 10 EX 10 FIELDS 1 a 2") == one_of + "KEEPTTL arguments can be specified");
  REQUIRE(c("HGETEX h PERSIST PERSIST FIELDS 1 a") == one_of + "PERSIST arguments can be specified");
  REQUIRE(c("HGETEX h PX 10 FIELDS 1 a PXAT") == one_of + "PERSIST arguments can be specified");
  REQUIRE(c("HGETEX h FIELDS 1 a EX") == "-ERR missing expire time");
  REQUIRE(c("HSETEX h PX -1 FIELDS 1 a 2") == "-ERR invalid expire time, must be >= 0");
  REQUIRE(c("HSETEX h PXAT 70368744177664 FIELDS 1 a 2") == "-ERR invalid expire time in 'hsetex' command");
  REQUIRE(c("HGETEX h EX FIELDS 1 a") == "-ERR value is not an integer or out of range");
  for (const char* count : {"0", "-1", "x", "2147483648"}) {
    REQUIRE(c("HSETEX h FIELDS " + std::string(count) + " a 2") == "-ERR invalid number of fields");
    REQUIRE(c("HGETEX h FIELDS " + std::string(count) + " a") == "-ERR invalid number of fields");
  }
  REQUIRE(c("HSETEX h FIELDS 2 a 2") == "-ERR wrong number of arguments");
  REQUIRE(c("HGETEX h FIELDS 2147483647 a") == "-ERR wrong number of arguments");
  REQUIRE(c("HSETEX h EX 10 FNX FIELDS") == "-ERR wrong number of arguments for 'hsetex' command");
  REQUIRE(c("HSETEX h FIELDS 1 a 2 b") == "-ERR unknown argument: b");
  REQUIRE(c("HSETEX h PERSIST FIELDS 1 a 2") == "-ERR unknown argument: PERSIST");
  REQUIRE(c("HGETEX h KEEPTTL FIELDS 1 a") == "-ERR unknown argument: KEEPTTL");
  REQUIRE(c("HGETEX h FNX FIELDS 1 a") == "-ERR unknown argument: FNX");
  REQUIRE(c("HGETEX h FIELDS 1 a FIELDS 1 a") == "-ERR FIELDS keyword specified multiple times");
  REQUIRE(c("HGETEX h EX 10 PERSIST") == one_of + "PERSIST arguments can be specified");
  REQUIRE(c("HSETEX h FXX KEEPTTL KEEPTTL x") == one_of + "KEEPTTL arguments can be specified");
  REQUIRE(c("HGETDEL h FIELDS 0 a") == "-ERR Number of fields must be a positive integer");
  REQUIRE(c("HGETDEL h FIELDS 2 a") == "-ERR The `numfields` parameter must match the number of arguments");
  REQUIRE(c("HGETEX s FIELDS 0 a").starts_with("-WRONGTYPE"));
  REQUIRE(c("HSETEX s FIELDS 1 a 1").starts_with("-WRONGTYPE"));
  REQUIRE(c("HGETALL h") == "*2 $1 a $1 1");
  REQUIRE(c("HTTL h FIELDS 1 a") == "*1 :-1");
}

TEST_CASE("options of HSETEX and HGETEX may stand behind the fields, and fields be named like options",
          "[hash][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("HSETEX h FIELDS 2 EX 1 FIELDS 2 FNX PX 500") == ":1");
  REQUIRE(c("HPTTL h FIELDS 2 EX FIELDS") == "*2 :500 :500");
  REQUIRE(c("HGETEX h FIELDS 2 EX FIELDS PERSIST") == "*2 $1 1 $1 2");
  REQUIRE(c("HPTTL h FIELDS 2 EX FIELDS") == "*2 :-1 :-1");
}

TEST_CASE("no time at all ends a field at once", "[hash][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("HSET h a 1 b 2 c 3");
  REQUIRE(c("HGETEX h EX 0 FIELDS 2 a a") == "*2 $1 1 $-1");
  REQUIRE(c("HSETEX h PX 0 FIELDS 2 b 5 d 6") == ":1");
  REQUIRE(c("HSETEX h FNX EXAT 0 FIELDS 1 c 5") == ":0");
  REQUIRE(c("HGETALL h") == "*2 $1 c $1 3");
  REQUIRE(log_records(f) == std::vector<std::string>{"HSET h a 1 b 2 c 3", "HDEL h a", "HDEL h b"});
}

TEST_CASE("a field that HGETDEL names twice is there once", "[hash][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("HSET h a 1 b 2");
  REQUIRE(c("HGETDEL h FIELDS 3 a a b") == "*3 $1 1 $-1 $1 2");
  REQUIRE(c("EXISTS h") == ":0");
  REQUIRE(log_records(f) == std::vector<std::string>{"HSET h a 1 b 2", "HDEL h a b"});
}

TEST_CASE("HSETEX, HGETEX and HGETDEL do two things at once", "[hash][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("HSETEX h EX 100 FIELDS 2 a 1 b 2") == ":1");
  REQUIRE(c("HTTL h FIELDS 2 a b") == "*2 :100 :100");
  REQUIRE(c("HSETEX h FNX FIELDS 1 a 9") == ":0");
  REQUIRE(c("HSETEX h FXX KEEPTTL FIELDS 1 a 9") == ":1");
  REQUIRE(c("HSETEX h FXX FIELDS 2 a 9 c 9") == ":0");
  REQUIRE(c("HSETEX h FIELDS 1 b 7") == ":1");
  REQUIRE(c("HTTL h FIELDS 2 a b") == "*2 :100 :-1");
  REQUIRE(c("HGETEX h PX 500 FIELDS 3 a b none") == "*3 $1 9 $1 7 $-1");
  REQUIRE(c("HPTTL h FIELDS 2 a b") == "*2 :500 :500");
  REQUIRE(c("HGETEX h PERSIST FIELDS 1 a") == "*1 $1 9");
  REQUIRE(c("HGETEX h FIELDS 1 b") == "*1 $1 7");
  REQUIRE(c("HPTTL h FIELDS 2 a b") == "*2 :-1 :500");
  REQUIRE(c("HGETDEL h FIELDS 3 a none b") == "*3 $1 9 $-1 $1 7");
  REQUIRE(c("EXISTS h") == ":0");
  REQUIRE(c("HSETEX h PXAT 1 FIELDS 1 a 1") == ":1");
  REQUIRE(c("EXISTS h") == ":0");
}

TEST_CASE("fields keep their times under another name, in a copy and in a payload", "[hash][expiry]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("HSET h a 1 b 2");
  c("HPEXPIRE h 100 FIELDS 1 a");
  c("RENAME h r");
  c("COPY r k");
  c("MOVE r 1");
  REQUIRE(c("HPTTL k FIELDS 2 a b") == "*2 :100 :-1");
  f.advance(Millis{100});
  REQUIRE(c("HLEN k") == ":1");
  c("SELECT 1");
  REQUIRE(c("HLEN r") == ":1");
  c("HPEXPIRE r 100 FIELDS 1 b");
  c("DEL r");
  f.advance(Millis{100});
}

TEST_CASE("times of fields hold through any mixture of commands", "[hash][expiry]") {
  const unsigned seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  ServerFixture f({{"hash-max-listpack-entries", "6"}});
  TestClient& c = f.client();
  const auto pick = [&random](std::initializer_list<const char*> words) {
    return std::string(words.begin()[random() % words.size()]);
  };
  for (int step = 0; step < 3000; ++step) {
    const std::string key = pick({"h", "g", "k"});
    const std::string field = "f" + std::to_string(random() % 12);
    switch (random() % 12) {
      case 0:
      case 1:
      case 2:
        c("HSET " + key + " " + field + " " + std::to_string(step));
        break;
      case 3:
        c("HPEXPIRE " + key + " " + std::to_string(random() % 40) + " " + pick({"", "NX ", "GT ", "LT "}) +
          "FIELDS 2 " + field + " f1");
        break;
      case 4:
        c("HSETEX " + key + " PX " + std::to_string(1 + random() % 40) + " FIELDS 1 " + field + " v");
        break;
      case 5:
        c("HGETEX " + key + " PX " + std::to_string(1 + random() % 40) + " FIELDS 1 " + field);
        break;
      case 6:
        c("HDEL " + key + " " + field);
        break;
      case 7:
        c("RENAME " + key + " " + pick({"h", "g", "k"}));
        break;
      case 8:
        c("COPY " + key + " " + pick({"h", "g", "k"}) + " REPLACE");
        break;
      case 9:
        c("HINCRBYFLOAT " + key + " " + field + " 1");
        break;
      case 10:
        c(pick({"HPERSIST ", "HGETDEL "}) + key + " FIELDS 1 " + field);
        break;
      default:
        f.advance(Millis{static_cast<int64_t>(random() % 8)});
    }
    if (step % 100 == 0) f.server().keyspace.check_invariants();
  }
}
