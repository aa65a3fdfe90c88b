// SPDX-License-Identifier: MIT
//
// CLIENT REPLY, PAUSE and UNBLOCK; MONITOR; RESET.
#include <catch2/catch.hpp>

#include "tests/support/server_fixture.h"

using namespace sluice;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

namespace {

std::string number_of(TestClient& client) {
  return client("CLIENT ID").substr(1);
}

}  // namespace

TEST_CASE("with CLIENT REPLY OFF nothing is answered until it is on again", "[client]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("CLIENT REPLY OFF") == "~");
  REQUIRE(c("SET k v") == "~");
  REQUIRE(c("NOSUCH") == "~");
  REQUIRE(c("CLIENT REPLY ON") == "+OK");
  REQUIRE(c("GET k") == "$1 v");
}

TEST_CASE("CLIENT REPLY SKIP is for the next command only", "[client]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("CLIENT REPLY SKIP") == "~");
  REQUIRE(c("SET k v") == "~");
  REQUIRE(c("GET k") == "$1 v");
  c("CLIENT REPLY SKIP");
  REQUIRE(c("CLIENT REPLY ON") == "+OK");
  REQUIRE(c("CLIENT REPLY maybe") == "-ERR syntax error");
}

TEST_CASE("a skipped reply of a command that waits is skipped when it comes", "[client]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("CLIENT REPLY SKIP");
  REQUIRE(c("BLPOP l 0") == "~");
  f.connect()("RPUSH l a");
  REQUIRE(c.reply() == "~");
  REQUIRE(c("PING") == "+PONG");
}

TEST_CASE("pushes go on while replies are off", "[client]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("CLIENT REPLY OFF");
  REQUIRE(c("SUBSCRIBE x") == "*3 $9 subscribe $1 x :1");
  f.connect()("PUBLISH x m");
  REQUIRE(c.reply() == "*3 $7 message $1 x $1 m");
}

TEST_CASE("in a transaction every command is answered all the same", "[client]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("MULTI");
  c("CLIENT REPLY SKIP");
  c("PING");
  REQUIRE(c("EXEC") == "*2 +OK +PONG");
  REQUIRE(c("PING") == "~");
  REQUIRE(c("PING") == "+PONG");
}

TEST_CASE("a pause of writes holds what may change data and nothing else", "[client]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& writer = f.connect();
  TestClient& publisher = f.connect();
  REQUIRE(c("CLIENT PAUSE 1000 WRITE") == "+OK");
  REQUIRE(writer("SET k v") == "~");
  writer.send("GET k\r\n");  // behind it, so held too
  REQUIRE(publisher("PUBLISH x m") == "~");
  REQUIRE(c("GET k") == "$-1");
  REQUIRE(c("CLIENT LIST ID " + std::to_string(writer.session().id)).find(" flags=b ") != std::string::npos);
  f.advance(Millis{999});
  REQUIRE(writer.reply() == "~");
  f.advance(Millis{1});
  REQUIRE(writer.reply() == "+OK");
  REQUIRE(writer.reply() == "$1 v");
  REQUIRE(publisher.reply() == ":0");
}

TEST_CASE("a transaction is held when it would write", "[client]") {
  ServerFixture f;
  TestClient& reader = f.connect();
  reader("MULTI");
  reader("GET k");
  TestClient& writer = f.connect();
  writer("MULTI");
  writer("SET k v");
  f.client()("CLIENT PAUSE 1000 WRITE");
  REQUIRE(reader("EXEC") == "*1 $-1");
  REQUIRE(writer("EXEC") == "~");
  REQUIRE(f.client()("CLIENT UNPAUSE") == "+OK");
  REQUIRE(writer.reply() == "*1 +OK");
}

TEST_CASE("a pause of writes holds scripts, but for those that promise not to write", "[client][scripting]") {
  ServerFixture f;
  TestClient& c = f.client();
  c.call({"FUNCTION", "LOAD",
          "#!lua name=lib\n"
          "redis.register_function('writes', function() return redis.call('incr', 'n') end)\n"
          "redis.register_function{function_name='reads', callback=function() return 7 end,"
          " flags={'no-writes'}}"});
  const std::string plain = c.call({"SCRIPT", "LOAD", "return 1"}).substr(4);
  const std::string reads = c.call({"SCRIPT", "LOAD", "#!lua flags=no-writes\nreturn 2"}).substr(4);
  const std::string none(40, '0');
  struct Case {
    std::vector<std::string_view> words;
    bool held;
  };
  const Case cases[] = {{{"EVAL", "return 1", "0"}, true},
                        {{"EVAL", "#!lua\nreturn 1", "0"}, true},
                        {{"EVAL", "#!lua flags=no-writes\nreturn 1", "0"}, false},
                        {{"EVAL", "#!lua flags=wrong\nreturn 1", "0"}, true},
                        {{"EVAL_RO", "return 1", "0"}, false},
                        {{"EVAL_RO", "#!lua\nreturn 1", "0"}, true},
                        {{"EVALSHA", plain, "0"}, true},
                        {{"EVALSHA", reads, "0"}, false},
                        {{"EVALSHA", none, "0"}, true},
                        {{"EVALSHA_RO", plain, "0"}, false},
                        {{"EVALSHA_RO", none, "0"}, false},
                        {{"FCALL", "writes", "0"}, true},
                        {{"FCALL", "reads", "0"}, false},
                        {{"FCALL", "none", "0"}, true},
                        {{"FCALL_RO", "writes", "0"}, true},
                        {{"FCALL_RO", "reads", "0"}, false},
                        {{"FCALL_RO", "none", "0"}, false},
                        {{"SCRIPT", "LOAD", "return 3"}, false},
                        {{"SCRIPT", "EXISTS", plain}, false}};
  for (const auto& [words, held] : cases) {
    for (const bool multi : {false, true}) {
      CAPTURE(words[0], words[1], multi);
      TestClient& client = f.connect();
      const auto send = [&client](const std::vector<std::string_view>& text) {
        std::string bytes = "*" + std::to_string(text.size()) + "\r\n";
        for (const std::string_view word : text)
          bytes += "$" + std::to_string(word.size()) + "\r\n" + std::string(word) + "\r\n";
        client.send(bytes);
      };
      if (multi) {
        client("MULTI");
        send(words);
        REQUIRE(client.reply() == "+QUEUED");
      }
      c("CLIENT PAUSE 1000 WRITE");
      send(multi ? std::vector<std::string_view>{"EXEC"} : words);
      REQUIRE((client.reply() == "~") == held);
      c("CLIENT UNPAUSE");
      REQUIRE((client.reply() != "~") == held);
      f.disconnect(client);
    }
  }
  REQUIRE(c("GET n") == "$1 2");
}

TEST_CASE("a pause of all holds even its own end", "[client]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("CLIENT PAUSE 100");
  REQUIRE(c("PING") == "~");
  REQUIRE(f.connect()("CLIENT UNPAUSE") == "~");
  f.advance(Millis{100});
  REQUIRE(c.reply() == "+PONG");
}

TEST_CASE("a pause only gets longer and wider", "[client]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& reader = f.connect();
  c("CLIENT PAUSE 1000 WRITE");
  c("CLIENT PAUSE 10 ALL");
  REQUIRE(reader("GET k") == "~");
  f.advance(Millis{500});
  REQUIRE(reader.reply() == "~");
  f.advance(Millis{500});
  REQUIRE(reader.reply() == "$-1");
}

TEST_CASE("while paused no key expires by itself", "[client]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET k v PX 10");
  c("CLIENT PAUSE 100 WRITE");
  f.advance(Millis{50});
  REQUIRE(c("DBSIZE") == ":1");
  f.advance(Millis{50});
  REQUIRE(c("DBSIZE") == ":0");
}

TEST_CASE("a held client may be killed or leave", "[client]") {
  ServerFixture f;
  TestClient& killed = f.connect();
  TestClient& leaves = f.connect();
  f.client()("CLIENT PAUSE 100 WRITE");
  killed("SET k 1");
  leaves("SET k 2");
  REQUIRE(f.client()("CLIENT KILL ID " + std::to_string(killed.session().id)) == ":1");
  f.disconnect(leaves);
  f.advance(Millis{100});
  REQUIRE(f.client()("GET k") == "$-1");
}

TEST_CASE("a command that has been given another name can be held", "[client]") {
  ServerFixture f;
  core::CommandTable& commands = f.server().commands;
  REQUIRE_FALSE(commands.rename("set", "put"));
  TestClient& writer = f.connect();
  f.client()("CLIENT PAUSE 100 WRITE");
  REQUIRE(writer("PUT k v") == "~");
  f.advance(Millis{100});
  REQUIRE(writer.reply() == "+OK");
  REQUIRE(f.client()("GET k") == "$1 v");
}

TEST_CASE("while paused no waiter is run again by the clock", "[client]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("XGROUP CREATE x g 0 MKSTREAM");
  c("XADD x 1-1 f v");
  c("XREADGROUP GROUP g a STREAMS x >");
  TestClient& waiter = f.connect();
  REQUIRE(waiter("XREADGROUP GROUP g b BLOCK 0 CLAIM 50 STREAMS x >") == "~");
  c("CLIENT PAUSE 1000 WRITE");
  f.advance(Millis{100});
  REQUIRE(waiter.reply() == "~");
  REQUIRE(f.server().next_deadline() >= f.server().sequencer.mono_now() + Millis{900});
  f.advance(Millis{900});
  REQUIRE(waiter.reply().substr(0, 10) == "*1 *2 $1 x");
}

TEST_CASE("bad pauses are refused", "[client]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("CLIENT PAUSE x") == "-ERR timeout is not an integer or out of range");
  REQUIRE(c("CLIENT PAUSE -1") == "-ERR timeout is negative");
  REQUIRE(c("CLIENT PAUSE 1 SOME") == "-ERR CLIENT PAUSE mode must be WRITE or ALL");
  REQUIRE(c("PING") == "+PONG");
}

TEST_CASE("a waiter is unblocked as if its time were over, or with an error", "[client]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& waiter = f.connect();
  const std::string id = number_of(waiter);
  REQUIRE(c("CLIENT UNBLOCK " + id) == ":0");
  waiter("BLPOP l 0");
  REQUIRE(c("CLIENT UNBLOCK " + id) == ":1");
  REQUIRE(waiter.reply() == "*-1");
  waiter("BLPOP l 0");
  REQUIRE(c("CLIENT UNBLOCK " + id + " ERROR") == ":1");
  REQUIRE(waiter.reply() == "-UNBLOCKED client unblocked via CLIENT UNBLOCK");
  REQUIRE(c("RPUSH l a") == ":1");
  REQUIRE(c("LLEN l") == ":1");
  REQUIRE(c("CLIENT UNBLOCK x") == "-ERR value is not an integer or out of range");
  REQUIRE(c("CLIENT UNBLOCK 1 MAYBE") == "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  REQUIRE(c("CLIENT UNBLOCK -5") == ":0");
}

TEST_CASE("a monitor sees every command, with its database, and no password", "[client]") {
  ServerFixture f;
  TestClient& m = f.connect();
  TestClient& c = f.client();
  REQUIRE(m("MONITOR") == "+OK");
  const std::string who = "+1700000000.000000 [0 127.0.0.1:50000] ";
  c.call({"SET", "k", "a\n\"\\\x01\xff"});
  REQUIRE(m.take_bytes() == who + "\"SET\" \"k\" \"a\\n\\\"\\\\\\x01\\xff\"\r\n");
  c("AUTH secret");
  REQUIRE(m.take_bytes() == who + "\"AUTH\" \"(redacted)\"\r\n");
  c("HELLO 2 AUTH default secret SETNAME me");
  REQUIRE(m.take_bytes() ==
          who + "\"HELLO\" \"2\" \"AUTH\" \"(redacted)\" \"(redacted)\" \"SETNAME\" \"me\"\r\n");
  c("CONFIG SET requirepass x");
  c("CONFIG SET requirepass \"\"");
  c("NOSUCH");
  c("GET");
  REQUIRE(m.take_bytes().empty());
  c("SELECT 3");
  REQUIRE(m.take_bytes() == "+1700000000.000000 [3 127.0.0.1:50000] \"SELECT\" \"3\"\r\n");
}

TEST_CASE("a monitor sees a transaction's commands when they run, then EXEC", "[client]") {
  ServerFixture f;
  TestClient& m = f.connect();
  TestClient& c = f.client();
  m("MONITOR");
  const std::string who = "+1700000000.000000 [0 127.0.0.1:50000] ";
  c("MULTI");
  REQUIRE(m.take_bytes() == who + "\"MULTI\"\r\n");
  c("INCR k");
  REQUIRE(m.take_bytes().empty());
  c("EXEC");
  REQUIRE(m.take_bytes() == who + "\"INCR\" \"k\"\r\n" + who + "\"EXEC\"\r\n");
}

TEST_CASE("a monitor reads no keys, and may be reset", "[client]") {
  ServerFixture f;
  TestClient& m = f.connect();
  m("MONITOR");
  REQUIRE(m("GET k") == "-ERR Replica can't interact with the keyspace");
  REQUIRE(m("PUBLISH x m") == "-ERR Replica can't interact with the keyspace");
  REQUIRE(m("PING") == "+PONG");
  REQUIRE(m.reply() == "+1700000000.000000 [0 127.0.0.1:50000] \"PING\"");
  REQUIRE(f.client()("CLIENT LIST ID " + std::to_string(m.session().id)).find(" flags=O ") !=
          std::string::npos);
  m.take_bytes();
  REQUIRE(m("RESET") == "+RESET");
  REQUIRE(m("GET k") == "$-1");
  m("MULTI");
  m("MONITOR");
  REQUIRE(m("EXEC") == "*1 -ERR MONITOR isn't allowed for DENY BLOCKING client");
}

TEST_CASE("CLIENT INFO tells who came by a Unix socket", "[client]") {
  ServerFixture f;
  TestClient& c = f.connect();
  REQUIRE(c("CLIENT INFO").find(" flags=N ") != std::string::npos);
  c.session().by_unix_socket = true;
  REQUIRE(c("CLIENT INFO").find(" flags=U ") != std::string::npos);
}

TEST_CASE("RESET forgets all that the connection has become", "[client]") {
  ServerFixture f;
  TestClient& c = f.connect();
  c("HELLO 3 SETNAME me");
  c("SELECT 2");
  c("SUBSCRIBE x");
  c("CLIENT TRACKING ON");
  c("CLIENT NO-EVICT ON");
  c("MULTI");
  c("CLIENT REPLY OFF");
  REQUIRE(c("RESET") == "+RESET");
  REQUIRE(c("GET k") == "$-1");
  REQUIRE(c("CLIENT GETNAME") == "$-1");
  const std::string info = c("CLIENT INFO");
  REQUIRE(info.find(" flags=N db=0 sub=0 ") != std::string::npos);
  REQUIRE(info.find(" redir=-1 resp=2 ") != std::string::npos);
  REQUIRE(f.client()("PUBLISH x m") == ":0");
}
