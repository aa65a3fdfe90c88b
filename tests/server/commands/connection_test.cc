// SPDX-License-Identifier: MIT
//
// Connections: logging in, agreeing on a protocol, names, CLIENT LIST and CLIENT KILL.
#include <catch2/catch.hpp>

#include "tests/support/server_fixture.h"

using namespace sluice;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

namespace {

// The value behind "name=" in a line of CLIENT LIST.
std::string field(std::string_view line, std::string_view name) {
  const std::string wanted = " " + std::string(name) + "=";
  const std::string padded = " " + std::string(line);
  const size_t at = padded.find(wanted);
  if (at == std::string::npos) return "(no " + std::string(name) + ")";
  const size_t begin = at + wanted.size();
  return padded.substr(begin, padded.find_first_of(" \\", begin) - begin);
}

bool starts_with(const std::string& text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

}  // namespace

TEST_CASE("PING and ECHO answer", "[connection]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("PING") == "+PONG");
  REQUIRE(c("ping hello") == "$5 hello");
  REQUIRE(c("PING a b") == "-ERR wrong number of arguments for 'ping' command");
  REQUIRE(c("ECHO hello") == "$5 hello");
  REQUIRE(c("ECHO") == "-ERR wrong number of arguments for 'echo' command");
}

TEST_CASE("SELECT takes the numbers of databases only", "[connection]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET a 0");
  REQUIRE(c("SELECT 15") == "+OK");
  REQUIRE(c("EXISTS a") == ":0");
  REQUIRE(c("SELECT 16") == "-ERR DB index is out of range");
  REQUIRE(c("SELECT -1") == "-ERR DB index is out of range");
  REQUIRE(c("SELECT x") == "-ERR value is not an integer or out of range");
  REQUIRE(c("SELECT 99999999999") ==
          "-ERR value is out of range, value must between -2147483648 and 2147483647");
  REQUIRE(field(c("CLIENT INFO"), "db") == "15");
}

TEST_CASE("fewer databases can be configured", "[connection]") {
  ServerFixture f({{"databases", "4"}});
  REQUIRE(f.client()("SELECT 3") == "+OK");
  REQUIRE(f.client()("SELECT 4") == "-ERR DB index is out of range");
}

TEST_CASE("QUIT is answered, then the connection closes", "[connection]") {
  ServerFixture f;
  TestClient& c = f.client();
  c.send("*1\r\n$4\r\nQUIT\r\n*1\r\n$4\r\nPING\r\n");
  REQUIRE(c.take_bytes() == "+OK\r\n");  // nothing behind it is executed
  REQUIRE(c.closed());
}

// --- Logging in

TEST_CASE("before login only login is possible", "[connection]") {
  ServerFixture f({{"requirepass", "secret"}});
  TestClient& c = f.client();
  REQUIRE(c("PING") == "-NOAUTH Authentication required.");
  REQUIRE(c("GET a") == "-NOAUTH Authentication required.");
  REQUIRE(c("NOSUCH").substr(0, 22) == "-ERR unknown command '");
  REQUIRE(starts_with(c("HELLO 2"), "-NOAUTH HELLO must be called with the client already authenticated"));
  REQUIRE(c("RESET") == "+RESET");
  REQUIRE(c("AUTH secre") == "-WRONGPASS invalid username-password pair or user is disabled.");
  REQUIRE(c("AUTH secrets") == "-WRONGPASS invalid username-password pair or user is disabled.");
  REQUIRE(c.call({"AUTH", ""}) == "-WRONGPASS invalid username-password pair or user is disabled.");
  REQUIRE(c("AUTH somebody secret") == "-WRONGPASS invalid username-password pair or user is disabled.");
  REQUIRE(c("PING") == "-NOAUTH Authentication required.");
  REQUIRE(c("AUTH secret") == "+OK");
  REQUIRE(c("PING") == "+PONG");
  REQUIRE(c("AUTH wrong") == "-WRONGPASS invalid username-password pair or user is disabled.");
  REQUIRE(c("PING") == "+PONG");  // a failed attempt does not log out
  REQUIRE(c("RESET") == "+RESET");
  REQUIRE(c("PING") == "-NOAUTH Authentication required.");
  REQUIRE(c("AUTH default secret") == "+OK");
}

TEST_CASE("without a password configured, AUTH with one word is an error", "[connection]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(
      c("AUTH x") ==
      "-ERR AUTH <password> called without any password configured for the default user. Are you sure your "
      "configuration is correct?");
  REQUIRE(c("AUTH default x") == "+OK");
  REQUIRE(c("AUTH other x") == "-WRONGPASS invalid username-password pair or user is disabled.");
  REQUIRE(c("AUTH a b c") == "-ERR syntax error");
}

TEST_CASE("HELLO agrees on the protocol and says who we are", "[connection]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("HELLO") ==
          "*14 $6 server $5 redis $7 version $5 7.4.0 $5 proto :2 $2 id :1 $4 mode $10 standalone $4 role $6 "
          "master $7 "
          "modules *0");
  REQUIRE(c("HELLO 3") ==
          "%7 $6 server $5 redis $7 version $5 7.4.0 $5 proto :3 $2 id :1 $4 mode $10 standalone $4 role $6 "
          "master $7 "
          "modules *0");
  REQUIRE(c("GET nosuch") == "_");
  REQUIRE(starts_with(c("HELLO 2"), "*14"));
  REQUIRE(c("GET nosuch") == "$-1");
}

TEST_CASE("HELLO refuses what it does not understand and changes nothing", "[connection]") {
  ServerFixture f({{"requirepass", "secret"}});
  TestClient& c = f.client();
  REQUIRE(c("HELLO 1") == "-NOPROTO unsupported protocol version");
  REQUIRE(c("HELLO 4") == "-NOPROTO unsupported protocol version");
  REQUIRE(c("HELLO x") == "-ERR Protocol version is not an integer or out of range");
  REQUIRE(c("HELLO 3 AUTH default") == "-ERR Syntax error in HELLO option 'AUTH'");
  REQUIRE(c("HELLO 3 SETNAME") == "-ERR Syntax error in HELLO option 'SETNAME'");
  REQUIRE(c("HELLO 3 foo") == "-ERR Syntax error in HELLO option 'foo'");
  REQUIRE(c("HELLO 3 AUTH default wrong SETNAME a") ==
          "-WRONGPASS invalid username-password pair or user is disabled.");
  REQUIRE(c.call({"HELLO", "3", "AUTH", "default", "secret", "SETNAME", "a b"}) ==
          "-ERR Client names cannot contain spaces, newlines or special characters.");
  REQUIRE(c("PING") == "-NOAUTH Authentication required.");
  REQUIRE(starts_with(c("HELLO 3 AUTH default secret SETNAME me"), "%7"));
  REQUIRE(c("CLIENT GETNAME") == "$2 me");
}

TEST_CASE("RESET makes a connection as new", "[connection]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("HELLO 3 SETNAME me");
  c("SELECT 3");
  c("CLIENT NO-EVICT on");
  c("MULTI");
  c("SET a 1");
  REQUIRE(c("RESET") == "+RESET");
  REQUIRE(c("EXEC") == "-ERR EXEC without MULTI");
  REQUIRE(c("CLIENT GETNAME") == "$-1");
  const std::string info = c("CLIENT INFO");
  REQUIRE(field(info, "db") == "0");
  REQUIRE(field(info, "resp") == "2");
  REQUIRE(field(info, "flags") == "N");
}

// --- CLIENT

TEST_CASE("a client names itself and its library", "[connection]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("CLIENT ID") == ":1");
  REQUIRE(c("CLIENT GETNAME") == "$-1");
  REQUIRE(c("CLIENT SETNAME worker-1") == "+OK");
  REQUIRE(c("CLIENT GETNAME") == "$8 worker-1");
  REQUIRE(c.call({"CLIENT", "SETNAME", "a b"}) ==
          "-ERR Client names cannot contain spaces, newlines or special characters.");
  REQUIRE(c.call({"CLIENT", "SETNAME", "a\nb"}) ==
          "-ERR Client names cannot contain spaces, newlines or special characters.");
  REQUIRE(c("CLIENT GETNAME") == "$8 worker-1");
  REQUIRE(c("CLIENT SETINFO lib-name redis-py") == "+OK");
  REQUIRE(c("CLIENT SETINFO LIB-VER 5.0.1") == "+OK");
  REQUIRE(c.call({"CLIENT", "SETINFO", "LIB-VER", "5 0"}) ==
          "-ERR lib-ver cannot contain spaces, newlines or special characters.");
  REQUIRE(c("CLIENT SETINFO foo bar") == "-ERR Unrecognized option 'foo'");
  const std::string info = c("CLIENT INFO");
  REQUIRE(field(info, "name") == "worker-1");
  REQUIRE(field(info, "lib-name") == "redis-py");
  REQUIRE(field(info, "lib-ver") == "5.0.1");
  REQUIRE(c.call({"CLIENT", "SETNAME", ""}) == "+OK");
  REQUIRE(c("CLIENT GETNAME") == "$-1");
}

TEST_CASE("CLIENT LIST shows what each connection is doing", "[connection]") {
  ServerFixture f;
  TestClient& a = f.connect();
  TestClient& b = f.connect();
  TestClient& c = f.connect();
  c.send("*3\r\n$5\r\nBLPOP\r\n$1\r\nq\r\n$1\r\n0\r\n");
  b("MULTI");
  b("SET a 1");
  f.advance(Millis{2'500});
  std::string list = a("CLIENT LIST");
  std::vector<std::string> lines;
  for (size_t at = 0; (at = list.find("id=", at)) != std::string::npos; ++at) {
    lines.push_back(list.substr(at, list.find("\\n", at) - at));
  }
  REQUIRE(lines.size() == 3);
  REQUIRE(field(lines[0], "addr") == "127.0.0.1:50000");
  REQUIRE(field(lines[0], "laddr") == "127.0.0.1:6379");
  REQUIRE(field(lines[0], "cmd") == "client|list");
  REQUIRE(field(lines[0], "age") == "2");
  REQUIRE(field(lines[0], "idle") == "0");
  REQUIRE(field(lines[1], "flags") == "x");
  REQUIRE(field(lines[1], "multi") == "1");
  REQUIRE(field(lines[1], "idle") == "2");
  REQUIRE(field(lines[2], "flags") == "b");
  REQUIRE(field(lines[2], "cmd") == "blpop");
  REQUIRE(field(lines[2], "tot-cmds") == "1");
}

TEST_CASE("CLIENT LIST shows how much of its replies a connection has had to hold of late", "[connection]") {
  ServerFixture f;
  TestClient& a = f.connect();
  TestClient& b = f.connect();
  const auto shown = [&](std::string_view name) { return std::stoi(field(a("CLIENT LIST ID 2"), name)); };
  b("PING");
  REQUIRE(shown("rbp") == 7);
  b("ECHO " + std::string(1'000, 'x'));
  REQUIRE(shown("rbp") == 1'009);
  REQUIRE(shown("rbs") >= 1'009);
  b("PING");
  REQUIRE(shown("rbp") == 1'009);
  f.advance(Millis{5'001});
  b("PING");
  REQUIRE(shown("rbp") == 7);
}

TEST_CASE("CLIENT LIST can be asked for a type or for some ids", "[connection]") {
  ServerFixture f;
  TestClient& a = f.connect();
  f.connect();
  const std::string some = a("CLIENT LIST ID 2 99");
  REQUIRE(some.find("id=2 ") != std::string::npos);
  REQUIRE(some.find("id=1 ") == std::string::npos);
  REQUIRE(a("CLIENT LIST TYPE normal").find("id=2 ") != std::string::npos);
  REQUIRE(a("CLIENT LIST TYPE pubsub") == "$0");
  REQUIRE(a("CLIENT LIST TYPE foo") == "-ERR Unknown client type 'foo'");
  REQUIRE(a("CLIENT LIST ID x") == "-ERR Invalid client ID");
  REQUIRE(a("CLIENT LIST ID") == "-ERR syntax error");
  REQUIRE(a("CLIENT LIST foo") == "-ERR syntax error");
  a("HELLO 3");
  REQUIRE(starts_with(a("CLIENT LIST ID 2"), "="));
}

TEST_CASE("CLIENT KILL ends the connections that match", "[connection]") {
  ServerFixture f;
  TestClient& a = f.connect();
  TestClient& b = f.connect();
  TestClient& c = f.connect();
  TestClient& d = f.connect();
  REQUIRE(a("CLIENT KILL ID 2") == ":1");
  REQUIRE(b.closed());
  REQUIRE(a("CLIENT KILL ID 2") == ":0");
  c.send("*3\r\n$5\r\nBLPOP\r\n$1\r\nq\r\n$1\r\n0\r\n");
  REQUIRE(a("CLIENT KILL ID 3 TYPE normal USER default ADDR 127.0.0.1:50000 LADDR 127.0.0.1:6379") == ":1");
  REQUIRE(c.closed());
  REQUIRE(a("RPUSH q x") == ":1");
  REQUIRE(a("LLEN q") == ":1");  // not given to the one that was killed
  REQUIRE_FALSE(d.closed());
  REQUIRE(a("CLIENT KILL TYPE pubsub") == ":0");
  REQUIRE(a("CLIENT KILL TYPE normal") == ":1");
  REQUIRE(d.closed());
}

TEST_CASE("who kills itself hears about it first", "[connection]") {
  ServerFixture f;
  TestClient& a = f.connect();
  REQUIRE(a("CLIENT KILL ID 1") == ":0");
  REQUIRE(a("CLIENT KILL ID 1 SKIPME no") == ":1");
  REQUIRE(a.closed());
  TestClient& b = f.connect();
  REQUIRE(b("CLIENT KILL 127.0.0.1:50000") == "+OK");
  REQUIRE(b.closed());
}

TEST_CASE("CLIENT KILL MAXAGE takes those that are older", "[connection]") {
  ServerFixture f;
  TestClient& old = f.connect();
  f.advance(Millis{10'000});
  TestClient& young = f.connect();
  REQUIRE(young("CLIENT KILL MAXAGE 11") == ":0");
  REQUIRE(young("CLIENT KILL MAXAGE 10") == ":1");
  REQUIRE(old.closed());
}

TEST_CASE("CLIENT KILL refuses what it does not understand", "[connection]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("CLIENT KILL 1.2.3.4:5") == "-ERR No such client");
  REQUIRE(c("CLIENT KILL ID x") == "-ERR client-id should be greater than 0");
  REQUIRE(c("CLIENT KILL ID 0") == "-ERR client-id should be greater than 0");
  REQUIRE(c("CLIENT KILL TYPE foo") == "-ERR Unknown client type 'foo'");
  REQUIRE(c("CLIENT KILL USER foo") == "-ERR No such user 'foo'");
  REQUIRE(c("CLIENT KILL ID 2 SKIPME") == "-ERR syntax error");
  REQUIRE(c("CLIENT KILL ID 2 SKIPME foo") == "-ERR syntax error");
  REQUIRE(c("CLIENT KILL FOO bar") == "-ERR syntax error");
  REQUIRE(c("CLIENT NO-EVICT foo") == "-ERR syntax error");
  REQUIRE(c("CLIENT NO-TOUCH on") == "+OK");
}

TEST_CASE("containers explain themselves and know their subcommands", "[connection]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("CLIENT") == "-ERR wrong number of arguments for 'client' command");
  REQUIRE(c("CLIENT FOO") == "-ERR unknown subcommand 'FOO'. Try CLIENT HELP.");
  REQUIRE(c("CLIENT ID x") == "-ERR wrong number of arguments for 'client|id' command");
  const std::string help = c("CLIENT HELP");
  REQUIRE(starts_with(help, "*"));
  REQUIRE(help.find("+CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:") != std::string::npos);
  REQUIRE(help.find("+NO-EVICT (ON|OFF) +    ") != std::string::npos);
}

TEST_CASE("clients are listed and ended by what they are, or are not", "[connection]") {
  ServerFixture f;
  TestClient& admin = f.client();
  TestClient& worker = f.connect();
  TestClient& other = f.connect();
  worker("CLIENT SETNAME worker");
  worker("CLIENT SETINFO LIB-NAME lib");
  worker("SELECT 3");
  other("MULTI");
  const auto listed = [&](std::string_view filters) {
    const std::string lines = admin("CLIENT LIST " + std::string(filters));
    std::string who;
    if (lines.find(" cmd=client|list ") != std::string::npos) who += 'A';
    if (lines.find(" name=worker ") != std::string::npos) who += 'W';
    if (lines.find(" cmd=multi ") != std::string::npos) who += 'O';
    return who;
  };
  REQUIRE(listed("NAME worker") == "W");
  REQUIRE(listed("NOT-NAME worker") == "AO");
  REQUIRE(listed("NOT-NAME worker SKIPME yes") == "O");
  REQUIRE(listed("DB 3") == "W");
  REQUIRE(listed("NOT-DB 3 FLAGS x") == "O");
  REQUIRE(listed("NOT-FLAGS x") == "AW");
  REQUIRE(listed("LIB-NAME lib") == "W");
  REQUIRE(listed("NOT-LIB-NAME lib LIB-VER \"\"") == "AO");
  REQUIRE(listed("IP 127.0.0.1 USER default") == "AWO");
  REQUIRE(listed("NOT-IP 127.0.0.1").empty());
  REQUIRE(listed("NOT-TYPE normal").empty());
  REQUIRE(listed("NOT-ID 1 2") == "O");
  REQUIRE(listed("IDLE 5").empty());
  f.world().advance(Millis{5'000});
  REQUIRE(listed("IDLE 5") == "WO");
  REQUIRE(listed("MAXAGE 5 NAME worker") == "W");
  REQUIRE(admin("CLIENT LIST DB 99") == "-ERR DB index is out of range");
  REQUIRE(admin("CLIENT LIST NOT-IDLE 5") == "-ERR syntax error");
  REQUIRE(admin("CLIENT LIST ID 1 x") == "-ERR Invalid client ID");
  REQUIRE(listed("ID 0 2 NAME worker") == "W");
  REQUIRE(admin("CLIENT LIST NAME") == "-ERR syntax error");
  REQUIRE(admin("CLIENT KILL NAME worker NOT-DB 3") == ":0");
  REQUIRE(admin("CLIENT KILL NAME worker DB 3") == ":1");
  REQUIRE(worker.closed());
  REQUIRE(admin("CLIENT KILL NOT-FLAGS x") == ":0");  // itself is spared
  REQUIRE_FALSE(other.closed());
}
