// SPDX-License-Identifier: MIT
//
// Scripts on a whole server: what they do to it is logged, and what they may do is checked.
#include <catch2/catch.hpp>

#include "server/core/scripts.h"
#include "tests/support/server_fixture.h"

using sluice::test::ServerFixture;
using sluice::test::TestClient;

namespace {

std::string eval(TestClient& client, std::string_view script) {
  return client.call({"EVAL", script, "0"});
}

// What FUNCTION DUMP gives.
std::string payload_of(TestClient& client) {
  client.send("FUNCTION DUMP\r\n");
  const std::string bytes = client.take_bytes();
  return bytes.substr(bytes.find("\r\n") + 2, std::stoul(bytes.substr(1)));
}

}  // namespace

TEST_CASE("what a script changes is logged, as one group", "[scripting]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c.call({"EVAL", "redis.call('set', KEYS[1], ARGV[1]) return redis.call('incr', KEYS[1])", "1", "k",
                  "41"}) == ":42");
  REQUIRE(eval(c, "redis.call('lpush', 'l', 'a') error('half')").starts_with("-ERR user_script:1: half"));
  REQUIRE(c("LLEN l") == ":1");
  REQUIRE(eval(c, "redis.call('qadd', 'q', 'job') return redis.call('qreserve', 1, 'q')[1][3]") == "$3 job");
}

TEST_CASE("the caller's database and protocol outlive what a script chooses", "[scripting]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(eval(c, "redis.call('select', 3) redis.setresp(3) return redis.call('set', 'k', 'v')") == "+OK");
  REQUIRE(c("EXISTS k") == ":0");
  c("SELECT 3");
  REQUIRE(c("GET k") == "$1 v");
}

TEST_CASE("scripts run in transactions, and wake who waits when all is done", "[scripting]") {
  ServerFixture f;
  TestClient& waiter = f.connect();
  REQUIRE(waiter("BLPOP l 0") == "~");
  TestClient& c = f.client();
  c("MULTI");
  REQUIRE(
      c.call({"EVAL",
              "redis.call('rpush', 'l', 'a') redis.call('rpush', 'l', 'b') return redis.call('llen', 'l')",
              "0"}) == "+QUEUED");
  REQUIRE(c("EXEC") == "*1 :2");
  REQUIRE(waiter.reply() == "*2 $1 l $1 a");
  REQUIRE(eval(c, "return redis.call('blpop', 'none', 0)") == "$-1");
}

TEST_CASE("EVALSHA needs the script, which SCRIPT LOAD or EVAL brings", "[scripting]") {
  ServerFixture f;
  TestClient& c = f.client();
  const std::string sha = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db";
  REQUIRE(c("EVALSHA " + sha + " 0") == "-NOSCRIPT No matching script. Please use EVAL.");
  REQUIRE(c.call({"SCRIPT", "LOAD", "return 1"}) == "$40 " + sha);
  REQUIRE(c("EVALSHA E0E1F9FABFC9D4800C877A703B823AC0578FF8DB 0") == ":1");
  REQUIRE(c("SCRIPT EXISTS " + sha + " x") == "*2 :1 :0");
  REQUIRE(c("SCRIPT FLUSH") == "+OK");
  REQUIRE(c("SCRIPT EXISTS " + sha) == "*1 :0");
}

TEST_CASE("of evaluated scripts the last ones are kept, of loaded ones all", "[scripting]") {
  ServerFixture f;
  TestClient& c = f.client();
  c.call({"SCRIPT", "LOAD", "return 'kept'"});
  for (size_t i = 0; i <= sluice::core::kEvaluatedScriptsMax; ++i)
    eval(c, "return " + std::to_string(i));
  REQUIRE(f.server().scripts.size() == sluice::core::kEvaluatedScriptsMax + 1);
  REQUIRE(c("SCRIPT EXISTS " + sluice::core::sha1_hex("return 0") + " " + sluice::core::sha1_hex("return 1") +
            " " + sluice::core::sha1_hex("return 'kept'")) == "*3 :0 :1 :1");
}

TEST_CASE("read-only scripts do not write", "[scripting]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c.call({"EVAL_RO", "return redis.call('set', 'k', 'v')", "0"})
              .starts_with("-ERR Write commands are not allowed from read-only scripts."));
  REQUIRE(c.call({"EVAL", "#!lua flags=no-writes\nreturn redis.call('set', 'k', 'v')", "0"})
              .starts_with("-ERR Write commands are not allowed from read-only scripts."));
  REQUIRE(c.call({"EVAL_RO", "#!lua\nreturn 1", "0"}) ==
          "-ERR Can not execute a script with write flag using *_ro command.");
  REQUIRE(c.call({"EVAL_RO", "return redis.call('get', 'k')", "0"}) == "$-1");
}

TEST_CASE("a script has its caller's permissions and no more", "[scripting]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("ACL SETUSER worker on nopass ~jobs:* +eval +get +set +multi +exec");
  TestClient& worker = f.connect();
  worker("AUTH worker x");
  REQUIRE(eval(worker, "return redis.call('set', 'jobs:1', 'v')") == "+OK");
  REQUIRE(eval(worker, "return redis.call('set', 'other', 'v')").starts_with("-NOPERM"));
  REQUIRE(eval(worker, "return redis.call('del', 'jobs:1')").starts_with("-NOPERM"));
  REQUIRE(eval(worker, "return redis.acl_check_cmd('set', 'other', 'v')") == "$-1");
  REQUIRE(c("EXISTS other") == ":0");
  REQUIRE(c("GET jobs:1") == "$1 v");
}

TEST_CASE("memory that is full stops a script before its first write, not after", "[scripting]") {
  ServerFixture f({{"maxmemory", "1000"}});
  TestClient& c = f.client();
  c("LPUSH l a b");
  f.world().memory_used = 2'000;
  f.turn();
  REQUIRE(eval(c, "return redis.call('set', 'k', 'v')").starts_with("-OOM command not allowed"));
  REQUIRE(eval(c, "redis.call('lpop', 'l') return redis.call('set', 'k', 'v')") == "+OK");
  REQUIRE(
      c.call({"EVAL", "#!lua\nreturn 1", "0"}).starts_with("-OOM allow-oom flag is not set on the script"));
  REQUIRE(c.call({"EVAL", "#!lua flags=allow-oom\nreturn redis.call('set', 'k', 'w')", "0"}) == "+OK");
}

TEST_CASE("what a script publishes is not for one that only reads", "[scripting]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& listener = f.connect();
  listener("SUBSCRIBE x");
  const std::string refused = "-ERR Write commands are not allowed from read-only scripts.";
  for (const char* command : {"publish", "spublish"}) {
    const std::string body = "return redis.call('" + std::string(command) + "', 'x', 'm')";
    INFO(body);
    REQUIRE(c.call({"EVAL_RO", body, "0"}).starts_with(refused));
    REQUIRE(eval(c, "#!lua flags=no-writes\n" + body).starts_with(refused));
    c.call({"FUNCTION", "LOAD", "REPLACE",
            "#!lua name=lib\nredis.register_function{function_name='f', callback=function() " + body +
                " end, flags={'no-writes'}}"});
    REQUIRE(c.call({"FCALL_RO", "f", "0"}).starts_with(refused));
    REQUIRE(c.call({"FCALL", "f", "0"}).starts_with(refused));
    REQUIRE(listener.reply() == "~");
    REQUIRE(eval(c, body) == (command[0] == 'p' ? ":1" : ":0"));
    listener.take_bytes();
  }
}

TEST_CASE("functions are kept by the log", "[scripting]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(
      c.call({"FUNCTION", "LOAD",
              "#!lua name=lib\nredis.register_function('put', function(keys, args) return redis.call('set', "
              "keys[1], "
              "args[1]) end)\nredis.register_function{function_name='peek', callback=function(keys) return "
              "redis.call('get', keys[1]) end, flags={'no-writes'}}"}) == "$3 lib");
  REQUIRE(c("FCALL put 1 k v") == "+OK");
  REQUIRE(c("FCALL_RO peek 1 k") == "$1 v");
  REQUIRE(c("FCALL_RO put 1 k v") == "-ERR Can not execute a script with write flag using *_ro command.");
  c("FLUSHALL");
  f.restart();
  TestClient& later = f.connect();
  REQUIRE(later("FCALL PUT 1 k w") == "+OK");
  later("BGREWRITEAOF");
  f.finish_rewrite();
  REQUIRE(later("FUNCTION DELETE lib") == "+OK");
  REQUIRE(later("FCALL put 1 k w") == "-ERR Function not found");
}

TEST_CASE("libraries go from one server to another as a payload", "[scripting]") {
  const auto library = [](std::string_view name, std::string_view function, int value) {
    return "#!lua name=" + std::string(name) + "\nredis.register_function('" + std::string(function) +
           "', function() return " + std::to_string(value) + " end)";
  };
  ServerFixture from;
  TestClient& source = from.client();
  const std::string nothing = payload_of(source);
  source.call({"FUNCTION", "LOAD", library("one", "f", 1)});
  source.call({"FUNCTION", "LOAD", library("two", "g", 2)});
  const std::string payload = payload_of(source);

  ServerFixture to;
  TestClient& c = to.client();
  REQUIRE(c.call({"FUNCTION", "RESTORE", payload}) == "+OK");
  REQUIRE(payload_of(c) == payload);
  REQUIRE(c("FCALL g 0") == ":2");

  std::string before = to.digest();
  REQUIRE(c.call({"FUNCTION", "RESTORE", payload}) == "-ERR Library one already exists");
  REQUIRE(c.call({"FUNCTION", "RESTORE", payload, "NOW"}) ==
          "-ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.");
  REQUIRE(c.call({"FUNCTION", "RESTORE", payload.substr(1)}) ==
          "-ERR DUMP payload version or checksum are wrong");
  REQUIRE(to.digest() == before);

  // A library gives way to one of its name, but not to the functions of another.
  c.call({"FUNCTION", "LOAD", "REPLACE", library("one", "old", 3)});
  c.call({"FUNCTION", "LOAD", library("three", "f", 4)});
  before = to.digest();
  REQUIRE(c.call({"FUNCTION", "RESTORE", payload, "REPLACE"}) == "-ERR Function f already exists");
  REQUIRE(to.digest() == before);
  c("FUNCTION DELETE three");
  REQUIRE(c.call({"FUNCTION", "RESTORE", payload, "REPLACE"}) == "+OK");
  REQUIRE(c("FCALL f 0") == ":1");
  REQUIRE(c("FCALL old 0") == "-ERR Function not found");

  c.call({"FUNCTION", "LOAD", library("three", "h", 5)});
  REQUIRE(c.call({"FUNCTION", "RESTORE", nothing}) == "+OK");
  REQUIRE(c("FCALL h 0") == ":5");
  to.restart();
  TestClient& later = to.connect();
  REQUIRE(later("FCALL f 0") == ":1");
  REQUIRE(later("FCALL h 0") == ":5");
  REQUIRE(later.call({"FUNCTION", "RESTORE", nothing, "FLUSH"}) == "+OK");
  REQUIRE(later("FCALL f 0") == "-ERR Function not found");
}

TEST_CASE("a library that cannot be loaded changes nothing", "[scripting]") {
  ServerFixture f;
  TestClient& c = f.client();
  const std::string good = "#!lua name=lib\nredis.register_function('f', function() return 1 end)";
  c.call({"FUNCTION", "LOAD", good});
  const std::string before = f.digest();
  REQUIRE(c.call({"FUNCTION", "LOAD", good}) == "-ERR Library 'lib' already exists");
  REQUIRE(c.call({"FUNCTION", "LOAD", "REPLACE", "#!lua name=lib\nfoo()"})
              .starts_with("-ERR Error registering functions"));
  REQUIRE(c.call({"FUNCTION", "LOAD", "#!lua name=other\nredis.register_function('F', function() end)"}) ==
          "-ERR Function F already exists");
  REQUIRE(c.call({"FUNCTION", "LOAD", "#!lua name=other\nwhile true do end"})
              .starts_with("-ERR Error registering"));
  REQUIRE(f.digest() == before);
  REQUIRE(c("FCALL f 0") == ":1");
}

TEST_CASE("while a script runs too long, others may end it", "[scripting]") {
  ServerFixture f({{"busy-reply-threshold", "1"}});
  TestClient& c = f.client();
  TestClient& other = f.connect();
  std::vector<std::string> seen;
  f.server().serve_others = [&] {
    if (!seen.empty()) return;
    for (const char* line : {"GET k\r\n", "FUNCTION KILL\r\n", "SCRIPT KILL\r\n"}) {
      const size_t before = other.session().output.size();
      f.server().receive_at_once(other.session(), line);
      seen.emplace_back(other.session().output.view().substr(before));
    }
  };
  f.world().steady_clock.microseconds = 0;
  const auto slow = [&] { f.world().steady_clock.microseconds += 10'000; };
  f.server().serve_others = [&, serve = f.server().serve_others] {
    serve();
    slow();
  };
  f.world().steady_clock.on_read = slow;
  const std::string reply = eval(c, "while true do end");
  f.world().steady_clock.on_read = nullptr;
  REQUIRE(reply.find("Script killed by user with SCRIPT KILL...") != std::string::npos);
  const std::string busy =
      "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n";
  REQUIRE(seen == std::vector<std::string>{busy, busy, "+OK\r\n"});
}

TEST_CASE("SCRIPT KILL without a script says so", "[scripting]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("SCRIPT KILL") == "-NOTBUSY No scripts in execution right now.");
  REQUIRE(c("FUNCTION KILL") == "-NOTBUSY No scripts in execution right now.");
}
