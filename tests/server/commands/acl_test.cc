// SPDX-License-Identifier: MIT
//
// Users as clients meet them: who may do what, on every path to a command.
#include <catch2/catch.hpp>

#include "tests/support/server_fixture.h"

using namespace sluice;
using namespace sluice::test;
using Catch::Contains;

namespace {

const std::string kNoGet = "-NOPERM this user has no permissions to run the 'get' command";
const std::string kNoKey = "-NOPERM this user has no permissions to access one of the keys used as arguments";

// A client logged in as a user with these rules.
TestClient& as_user(ServerFixture& f, std::string_view rules) {
  REQUIRE(f.client()("ACL SETUSER u on nopass " + std::string(rules)) == "+OK");
  TestClient& client = f.connect();
  REQUIRE(client("AUTH u x") == "+OK");
  return client;
}

}  // namespace

TEST_CASE("a user does what the rules allow", "[acl]") {
  ServerFixture f;
  TestClient& u = as_user(f, "+@all -get ~a*");
  REQUIRE(u("SET a1 v") == "+OK");
  REQUIRE(u("SET b1 v") == kNoKey);
  REQUIRE(u("GET a1") == kNoGet);
  REQUIRE(u("ACL WHOAMI") == "$1 u");
  REQUIRE_THAT(u("CLIENT INFO"), Contains("user=u"));
  REQUIRE(f.client()("ACL SETUSER u +get") == "+OK");
  REQUIRE(u("GET a1") == "$1 v");
}

TEST_CASE("a transaction is refused when it is queued", "[acl]") {
  ServerFixture f;
  TestClient& u = as_user(f, "+@all ~a*");
  u("MULTI");
  REQUIRE(u("SET b v") == kNoKey);
  REQUIRE(u("SET a v") == "+QUEUED");
  REQUIRE(u("EXEC") == "-EXECABORT Transaction discarded because of previous errors.");
  REQUIRE(u("EXISTS a") == ":0");
}

TEST_CASE("what was forbidden since it was queued fails in its place", "[acl]") {
  ServerFixture f;
  TestClient& u = as_user(f, "+@all ~*");
  u("MULTI");
  u("SET a v");
  u("SET b v");
  u("GET a");
  REQUIRE(f.client()("ACL SETUSER u resetkeys ~a -get") == "+OK");
  const std::string changed =
      "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This "
      "command is no longer allowed for the following reason: ";
  const std::string reply = u("EXEC");
  REQUIRE_THAT(reply, Contains(changed + "no permission to touch the specified keys"));
  REQUIRE_THAT(reply, Contains(changed + "no permission to execute the command or subcommand"));
  REQUIRE(f.client()("GET a") == "$1 v");
  REQUIRE(f.client()("EXISTS b") == ":0");
}

TEST_CASE("EXEC itself can be forbidden, and ends the transaction", "[acl]") {
  ServerFixture f;
  TestClient& u = as_user(f, "+@all -exec ~*");
  u("MULTI");
  REQUIRE(u("EXEC") ==
          "-EXECABORT Transaction discarded because of: NOPERM this user has no permissions to run the "
          "'exec' command");
  REQUIRE(u("PING") == "+PONG");
}

TEST_CASE("a waiter who may no longer have the key is not served", "[acl]") {
  ServerFixture f;
  TestClient& u = as_user(f, "+@all ~*");
  REQUIRE(u("BLPOP q 0") == "~");
  REQUIRE(f.client()("ACL SETUSER u resetkeys") == "+OK");
  REQUIRE(f.client()("RPUSH q a") == ":1");
  REQUIRE(u.reply() == kNoKey);
  REQUIRE(f.client()("LLEN q") == ":1");
  REQUIRE(u("PING") == "+PONG");
}

TEST_CASE("who is deleted is cut off", "[acl]") {
  ServerFixture f;
  TestClient& u = as_user(f, "+@all ~*");
  TestClient& waiting = f.connect();
  waiting("AUTH u x");
  REQUIRE(waiting("BLPOP q 0") == "~");
  REQUIRE(f.client()("ACL DELUSER u nobody") == ":1");
  f.turn();
  REQUIRE(u.closed());
  REQUIRE(waiting.closed());

  TestClient& self = as_user(f, "+@all ~*");
  REQUIRE(self("ACL DELUSER u") == ":1");
  REQUIRE(self.closed());
  REQUIRE(f.client()("ACL DELUSER default") == "-ERR The 'default' user cannot be removed");
}

TEST_CASE("who is disabled keeps his connection and gets no other", "[acl]") {
  ServerFixture f;
  TestClient& u = as_user(f, "+@all ~*");
  REQUIRE(f.client()("ACL SETUSER u off") == "+OK");
  REQUIRE(u("PING") == "+PONG");
  REQUIRE(u("AUTH u x") == "-WRONGPASS invalid username-password pair or user is disabled.");
  REQUIRE(u("ACL WHOAMI") == "$1 u");
}

TEST_CASE("requirepass is the default user's password, also when it is set later", "[acl]") {
  ServerFixture f;
  TestClient& early = f.connect();
  REQUIRE(f.client()("CONFIG SET requirepass one") == "+OK");
  REQUIRE(early("PING") == "+PONG");  // was in before
  TestClient& late = f.connect();
  REQUIRE(late("PING") == "-NOAUTH Authentication required.");
  REQUIRE(late("AUTH two") == "-WRONGPASS invalid username-password pair or user is disabled.");
  REQUIRE(late("AUTH one") == "+OK");
  REQUIRE(late("ACL SETUSER default nopass") == "+OK");
  REQUIRE(f.connect()("PING") == "+PONG");
}

TEST_CASE("a disabled default user lets nobody in without a login", "[acl]") {
  ServerFixture f;
  REQUIRE(f.client()("ACL SETUSER u on >x +@all") == "+OK");
  REQUIRE(f.client()("ACL SETUSER default off") == "+OK");
  TestClient& c = f.connect();
  REQUIRE(c("PING") == "-NOAUTH Authentication required.");
  REQUIRE(c("HELLO 3 AUTH u y") == "-WRONGPASS invalid username-password pair or user is disabled.");
  REQUIRE_THAT(c("HELLO 3 AUTH u x"), Contains("proto"));
  REQUIRE(c("PING") == "+PONG");
  REQUIRE(c("RESET") == "+RESET");
  REQUIRE(c("PING") == "-NOAUTH Authentication required.");
}

TEST_CASE("a stranger's limits hold until the login", "[acl]") {
  ServerFixture f({{"requirepass", "x"}});
  TestClient& many = f.connect();
  many.send("*11\r\n");
  REQUIRE(many.reply() == "-ERR Protocol error: unauthenticated multibulk length");
  REQUIRE(many.closed());
  TestClient& large = f.connect();
  large.send("*1\r\n$16385\r\n");
  REQUIRE(large.reply() == "-ERR Protocol error: unauthenticated bulk length");
  TestClient& known = f.connect();
  REQUIRE(known("AUTH x") == "+OK");
  REQUIRE(known.call({"ECHO", std::string(20'000, 'a')}).size() == 20'007);
}

TEST_CASE("ACL LOG tells who was denied what", "[acl]") {
  ServerFixture f;
  TestClient& u = as_user(f, "+@all -get ~a*");
  u("GET a");
  u("GET a");
  u("MULTI");
  u("SET b v");
  u("AUTH nobody x");
  const std::string log = f.client()("ACL LOG");
  REQUIRE_THAT(
      log,
      Contains("$5 count :2 $6 reason $7 command $7 context $8 toplevel $6 object $3 get $8 username $1 u"));
  REQUIRE_THAT(log,
               Contains("$5 count :1 $6 reason $3 key $7 context $5 multi $6 object $1 b $8 username $1 u"));
  f.client()("ACL LOG RESET");
  REQUIRE(f.client()("ACL LOG") == "*0");
  u("DISCARD");
  u("AUTH nobody x");
  REQUIRE_THAT(f.client()("ACL LOG 1"),
               Contains("$6 reason $4 auth $7 context $8 toplevel $6 object $4 AUTH $8 username $6 nobody"));
  REQUIRE(f.client()("CONFIG SET acllog-max-len 0") == "+OK");
  REQUIRE(f.client()("ACL LOG") == "*0");
}

TEST_CASE("GENPASS makes a password of so many bits", "[acl]") {
  ServerFixture f;
  REQUIRE(f.client()("ACL GENPASS").size() == 68);
  REQUIRE(f.client()("ACL GENPASS 5").size() == 5);
  REQUIRE(f.client()("ACL GENPASS") != f.client()("ACL GENPASS"));
}

TEST_CASE("commands of queues are a category", "[acl]") {
  ServerFixture f;
  TestClient& u = as_user(f, "+@queue ~q*");
  REQUIRE(u("QADD q1 a") != kNoKey);
  REQUIRE(u("QADD r1 a") == kNoKey);
  REQUIRE(u("RPUSH q1 a") == "-NOPERM this user has no permissions to run the 'rpush' command");
  REQUIRE_THAT(f.client()("ACL CAT queue"), Contains("$4 qadd") && !Contains("$4 tick"));
  REQUIRE_THAT(f.client()("ACL CAT"), Contains("$5 queue"));
}

TEST_CASE("users of the configuration are there from the start", "[acl]") {
  ServerFixture f({{"acl-pubsub-default", "allchannels"}});
  REQUIRE(f.client()("ACL SETUSER u") == "+OK");
  REQUIRE(f.client()("ACL LIST") == "*2 $34 user default on nopass ~* &* +@all $19 user u off &* -@all");
}

TEST_CASE("users can live in a file of their own", "[acl]") {
  ServerFixture f({{"aclfile", "users.acl"}}, [](MemoryFileSystem& files) {
    auto file = files.create("users.acl");
    REQUIRE(file.ok());
    REQUIRE(append_all(*file.value(), "user u on nopass ~a* +get +acl\n").ok());
  });
  TestClient& u = f.connect();
  REQUIRE(u("AUTH u x") == "+OK");
  REQUIRE(u("GET b") == kNoKey);
  REQUIRE(f.client()("ACL SETUSER v on") == "+OK");
  REQUIRE(f.client()("ACL SAVE") == "+OK");
  REQUIRE(f.client()("ACL DELUSER v") == ":1");
  REQUIRE(f.client()("ACL LOAD") == "+OK");
  REQUIRE_THAT(f.client()("ACL LIST"), Contains("$29 user v on resetchannels -@all"));
  REQUIRE(u("GET a") == "$-1");  // nothing has changed for this one
  REQUIRE(f.client()("ACL SETUSER u +set") == "+OK");
  REQUIRE(f.client()("ACL LOAD") == "+OK");
  f.turn();
  REQUIRE(u.closed());
}

TEST_CASE("without a file there is nothing to load or save", "[acl]") {
  ServerFixture f;
  REQUIRE_THAT(f.client()("ACL LOAD"), Contains("not configured to use an ACL file"));
  REQUIRE_THAT(f.client()("ACL SAVE"), Contains("not configured to use an ACL file"));
}

TEST_CASE("a policy without a dead-letter key needs no permission for a key without a name", "[acl]") {
  ServerFixture f;
  TestClient& u = as_user(f, "+@all ~q*");
  REQUIRE(u("QPOLICY q1 DEADLETTER \"\" MAXATTEMPTS 3") == "+OK");
  REQUIRE(u("QPOLICY q1 DEADLETTER other") == kNoKey);
  REQUIRE(u("QPOLICY q1 DEADLETTER q1:dead") == "+OK");
}

TEST_CASE("the dead-letter key of a group's policy is a key", "[acl]") {
  ServerFixture f;
  TestClient& u = as_user(f, "+@all ~q*");
  REQUIRE(u("QPOLICY q1 GROUP g DEADLETTER other") == kNoKey);
  REQUIRE(u("QPOLICY q1 GROUP g LEASE 5 DEADLETTER q2 DEADLETTER other") == kNoKey);
  REQUIRE(u("QPOLICY q1 GROUP DEADLETTER DEADLETTER other") == kNoKey);
  REQUIRE(u("QPOLICY other GROUP g DEADLETTER q1") == kNoKey);
  REQUIRE(u("QPOLICY q1 GROUP g DEADLETTER q2") == "+OK");
  REQUIRE(u("QPOLICY q1 GROUP g DEADLETTER \"\"") == "+OK");
  TestClient& c = f.client();
  REQUIRE(c("COMMAND GETKEYS QPOLICY k GROUP g DEADLETTER d") == "*2 $1 k $1 d");
  REQUIRE(c("COMMAND GETKEYS QPOLICY k LEASE 5 DEADLETTER d") == "*2 $1 k $1 d");
  REQUIRE(c("COMMAND GETKEYS QPOLICY k GROUP g DEADLETTER \"\"") == "*1 $1 k");
  REQUIRE(c("COMMAND GETKEYSANDFLAGS QPOLICY k GROUP g DEADLETTER d") ==
          "*2 *2 $1 k *3 +RW +access +update *2 $1 d *2 +RW +insert");
}

TEST_CASE("a redrive moves only to where its caller may write", "[acl][queue]") {
  ServerFixture f;
  TestClient& c = f.client();
  for (const char* line :
       {"QPOLICY q1 MAXATTEMPTS 1 DEADLETTER q:dead", "QPOLICY other MAXATTEMPTS 1 DEADLETTER q:dead",
        "QADD q1 mine", "QADD other theirs"})
    c(line);
  c("QRESERVE 1 q1");
  c("QRESERVE 1 other");
  c("QNACK q1 FAIL IDS 1 1700000000000-0:1");
  c("QNACK other FAIL IDS 1 1700000000000-1:1");
  REQUIRE(c("XLEN q:dead") == ":2");

  TestClient& u = as_user(f, "+@all ~q*");
  REQUIRE(u("QREDRIVE other:dead") == kNoKey);
  REQUIRE(u("QREDRIVE q:dead TO other") == kNoKey);
  REQUIRE(u("QREDRIVE q:dead MATCH f TO TO other") == kNoKey);
  REQUIRE(u("QREDRIVE q:dead") == "*3 :1 :2 $3 0-0");
  REQUIRE(c("LRANGE q1 0 -1") == "*1 $4 mine");
  REQUIRE(c("EXISTS other") == ":0");
  REQUIRE(u("QREDRIVE q:dead TO q2") == "*3 :1 :1 $3 0-0");
  REQUIRE(c("LRANGE q2 0 -1") == "*1 $6 theirs");

  // By a script it is the caller who is asked, too.
  c("QADD other again");
  c("QRESERVE 1 other");
  c("QNACK other FATAL IDS 1 1700000000000-4:1");
  REQUIRE(u("EVAL \"return redis.call('QREDRIVE', KEYS[1])\" 1 q:dead") == "*3 :0 :1 $3 0-0");
  REQUIRE(c("QREDRIVE q:dead") == "*3 :1 :1 $3 0-0");
}
