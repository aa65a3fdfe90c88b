// SPDX-License-Identifier: MIT
//
// WAIT and WAITAOF, and what a server without replicas and cluster answers.
#include <catch2/catch.hpp>

#include "tests/support/server_fixture.h"

using sluice::Millis;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

TEST_CASE("WAIT for no replica answers at once, for others when the time is over", "[replication]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("WAIT 0 0") == ":0");
  REQUIRE(c("WAIT -1 0") == ":0");
  REQUIRE(c("WAIT 1 100") == "~");
  f.advance(Millis{99});
  REQUIRE(c.reply() == "~");
  f.advance(Millis{1});
  REQUIRE(c.reply() == ":0");
  REQUIRE(c("WAIT x 1") == "-ERR value is not an integer or out of range");
  REQUIRE(c("WAIT 1 x") == "-ERR timeout is not an integer or out of range");
  REQUIRE(c("WAIT 1 -1") == "-ERR timeout is negative");
}

TEST_CASE("WAITAOF answers once the client's own writes are on disk", "[replication]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& other = f.connect();
  c("SET k 0");
  f.advance(Millis{1'000});
  f.turn();
  REQUIRE(other("WAITAOF 1 0 0") == "*2 :1 :0");  // it has written nothing
  c("SET k 1");
  REQUIRE(c("WAITAOF 0 0 0") == "*2 :0 :0");
  REQUIRE(c("WAITAOF 1 0 0") == "~");
  c.send("*1\r\n$4\r\nPING\r\n");
  REQUIRE(other("PING") == "+PONG");
  f.advance(Millis{1'000});
  f.turn();
  REQUIRE(c.take_bytes() == "*2\r\n:1\r\n:0\r\n+PONG\r\n");
  REQUIRE(c("WAITAOF 0 0 0") == "*2 :1 :0");
  REQUIRE(f.server().blocking.waiters() == 0);
}

TEST_CASE("WAITAOF tells how far things got when its time is over, and in a transaction", "[replication]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET k 1");
  REQUIRE(c("WAITAOF 0 1 2000") == "~");
  f.advance(Millis{1'000});
  f.turn();
  REQUIRE(c.reply() == "~");
  f.advance(Millis{1'000});
  REQUIRE(c.reply() == "*2 :1 :0");
  c("MULTI");
  c("SET k 2");
  c("WAITAOF 1 0 0");
  c("WAIT 1 0");
  REQUIRE(c("EXEC") == "*3 +OK *2 :0 :0 :0");
}

TEST_CASE("with appendfsync no, WAITAOF has the log synced", "[replication]") {
  ServerFixture f({{"appendfsync", "no"}});
  TestClient& c = f.client();
  c("SET k 1");
  f.advance(Millis{5'000});
  f.turn();
  REQUIRE(c("WAITAOF 0 0 0") == "*2 :0 :0");
  c("WAITAOF 1 0 0");
  f.advance(Millis{1'000});
  f.turn();
  REQUIRE(c.reply() == "*2 :1 :0");
}

TEST_CASE("WAITAOF says what is wrong with its words", "[replication]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("WAITAOF 2 0 0") == "-ERR value is out of range, value must between 0 and 1");
  REQUIRE(c("WAITAOF x 0 0") == "-ERR value is not an integer or out of range");
  REQUIRE(c("WAITAOF 1 -1 0") == "-ERR value is out of range, must be positive");
  REQUIRE(c("WAITAOF 1 0 -1") == "-ERR timeout is negative");
  ServerFixture without_log({{"appendonly", "no"}});
  REQUIRE(without_log.client()("WAITAOF 1 0 0") ==
          "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
  REQUIRE(without_log.client()("WAITAOF 0 0 0") == "*2 :0 :0");
}

TEST_CASE("a server that is alone says so", "[replication]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("ROLE") == "*3 $6 master :0 *0");
  REQUIRE(c("REPLICAOF NO ONE") == "+OK");
  REQUIRE(c("SLAVEOF no one") == "+OK");
  REQUIRE(c("REPLICAOF localhost x") == "-ERR Invalid master port");
  REQUIRE(c("REPLICAOF localhost 6379") == "-ERR this server cannot be a replica");
  REQUIRE(c("REPLCONF capa eof") == "+OK");
  REQUIRE(c.call({"REPLCONF", "rdb-filter-only", " functions \"Functions\""}) == "+OK");
  REQUIRE(c.call({"REPLCONF", "rdb-filter-only", "functions 'a b' c"}) ==
          "-ERR Unsupported rdb-filter-only option: a b");
  REQUIRE(c.call({"REPLCONF", "rdb-filter-only", "\"functions"}) == "-ERR Missing rdb-filter-only values");
  REQUIRE(c("REPLCONF ack 1") == "-ERR this server has no replicas");
  REQUIRE(c("PSYNC ? -1") == "-ERR this server has no replicas");
  REQUIRE(c("SYNC") == "-ERR this server has no replicas");
  REQUIRE(c("FAILOVER") == "-ERR FAILOVER requires connected replicas.");
  REQUIRE(c("FAILOVER ABORT") == "-ERR No failover in progress.");
  REQUIRE(c("FAILOVER TIMEOUT 0") == "-ERR FAILOVER timeout must be greater than 0");
  REQUIRE(c("FAILOVER TO a") == "-ERR syntax error");
  for (const char* line :
       {"CLUSTER INFO", "CLUSTER SLOTS", "CLUSTER HELP", "READONLY", "READWRITE", "ASKING"}) {
    INFO(line);
    REQUIRE(c(line) == "-ERR This instance has cluster support disabled");
  }
  REQUIRE(c("CLUSTER JUNK") == "-ERR unknown subcommand 'JUNK'. Try CLUSTER HELP.");
  REQUIRE(c("SENTINEL MASTERS").substr(0, 22) == "-ERR unknown command '");
}
