// SPDX-License-Identifier: MIT
//
// What the server tells of itself: COMMAND, INFO, CONFIG, TIME, DBSIZE, DEBUG; and what an operator does to it.
#include <catch2/catch.hpp>

#include "server/commands/command_history.h"
#include "tests/support/server_fixture.h"

using namespace sluice;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}
bool starts_with(const std::string& text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

// The value of a line of INFO.
std::string info(TestClient& client, const std::string& section, std::string_view name) {
  const std::string text = client("INFO " + section);
  const std::string wanted = "\\n" + std::string(name) + ":";
  const size_t at = text.find(wanted);
  if (at == std::string::npos) return "(no " + std::string(name) + ")";
  const size_t begin = at + wanted.size();
  return text.substr(begin, text.find("\\r", begin) - begin);
}

}  // namespace

// --- COMMAND

TEST_CASE("COMMAND INFO tells flags, keys and categories of a row", "[command]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("COMMAND INFO get") ==
          "*1 *10 $3 get :2 *2 +readonly +fast :1 :1 :1 *3 +@read +@string +@fast *0 "
          "*1 *6 $5 flags *2 +RO +access $12 begin_search *4 $4 type $5 index $4 spec *2 $5 index :1 "
          "$9 find_keys *4 $4 type $5 range $4 spec *6 $7 lastkey :0 $7 keystep :1 $5 limit :0 *0");
  c("HELLO 3");
  REQUIRE(c("COMMAND INFO get") ==
          "*1 *10 $3 get :2 ~2 +readonly +fast :1 :1 :1 ~3 +@read +@string +@fast ~0 "
          "~1 %3 $5 flags ~2 +RO +access $12 begin_search %2 $4 type $5 index $4 spec %1 $5 index :1 "
          "$9 find_keys %2 $4 type $5 range $4 spec %3 $7 lastkey :0 $7 keystep :1 $5 limit :0 ~0");
}

TEST_CASE("COMMAND INFO gives the range of keys that two specifications make", "[command]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(contains(c("COMMAND INFO lmove"), "$5 lmove :5 *2 +write +denyoom :1 :2 :1 "));
  REQUIRE(contains(c("COMMAND INFO del"), "$3 del :-2 *1 +write :1 :-1 :1 "));
  REQUIRE(contains(c("COMMAND INFO blpop"), "$5 blpop :-3 *2 +write +blocking :1 :-2 :1 "));
}

TEST_CASE("COMMAND INFO finds subcommands and leaves gaps for what it does not know", "[command]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(starts_with(c("COMMAND INFO config|get nosuch CONFIG|nosuch"), "*3 *10 $10 config|get :-3 "));
  REQUIRE(c("COMMAND INFO nosuch CONFIG|nosuch") == "*2 $-1 $-1");
  const std::string config = c("COMMAND INFO config");
  REQUIRE(starts_with(config, "*1 *10 $6 config :-2 *0 :0 :0 :0 *1 +@slow *0 *0 *"));
  REQUIRE(contains(config, "$10 config|set"));
}

TEST_CASE("COMMAND counts and lists the same commands", "[command]") {
  ServerFixture f;
  TestClient& c = f.client();
  const std::string count = c("COMMAND COUNT");
  REQUIRE(starts_with(c("COMMAND"), "*" + count.substr(1) + " "));
  REQUIRE(starts_with(c("COMMAND INFO"), "*" + count.substr(1) + " "));
  REQUIRE(contains(c("COMMAND LIST"), "$5 lpush"));
  REQUIRE(contains(c("COMMAND LIST"), "$10 config|get"));
  REQUIRE(c("COMMAND LIST FILTERBY ACLCAT transaction") ==
          "*5 $5 multi $4 exec $7 discard $5 watch $7 unwatch");
  REQUIRE(c("COMMAND LIST FILTERBY PATTERN LPUSH?") == "*1 $6 lpushx");
  REQUIRE(c("COMMAND LIST FILTERBY PATTERN config|s*") == "*1 $10 config|set");
  REQUIRE(c("COMMAND LIST FILTERBY MODULE any") == "*0");
  REQUIRE(c("COMMAND LIST FILTERBY ACLCAT nosuch") == "*0");
  REQUIRE(c("COMMAND LIST FILTERBY foo bar") == "-ERR syntax error");
  REQUIRE(c("COMMAND LIST FILTERBY MODULE") == "-ERR syntax error");
  REQUIRE(c("COMMAND LIST foo") == "-ERR syntax error");
  REQUIRE(c("COMMAND FOO") == "-ERR unknown subcommand 'FOO'. Try COMMAND HELP.");
}

TEST_CASE("commands of the log are hidden from clients", "[command]") {
  ServerFixture f;
  TestClient& c = f.client();
  const std::string list = c("COMMAND LIST");
  for (const core::CommandSpec& row : f.server().commands.rows()) {
    if ((row.flags & core::kInternal) == 0) continue;
    const std::string name(row.name);
    INFO(name);
    REQUIRE_FALSE(contains(list, " " + name));
    REQUIRE(c("COMMAND INFO " + name) == "*1 $-1");
    REQUIRE(c("COMMAND DOCS " + name) == "*0");
    REQUIRE(starts_with(c(name), "-ERR unknown command '"));
  }
}

TEST_CASE("COMMAND DOCS answers the tree of arguments", "[command]") {
  ServerFixture f;
  TestClient& c = f.client();
  const std::string docs = c("COMMAND DOCS LPOP nosuch");
  REQUIRE(starts_with(docs, "*2 $4 lpop *12 $7 summary $"));
  REQUIRE(contains(docs, " $5 since $5 1.0.0 $5 group $4 list $10 complexity $"));
  REQUIRE(contains(docs,
                   " $9 arguments *2 *6 $4 name $3 key $4 type $3 key $14 key_spec_index :0"
                   " *6 $4 name $5 count $4 type $7 integer $5 flags *1 +optional"));
  c("HELLO 3");
  REQUIRE(contains(c("COMMAND DOCS set"),
                   "%4 $4 name $9 condition $4 type $5 oneof $5 flags ~1 +optional $9 arguments *6 "
                   "%3 $4 name $2 nx $4 type $10 pure-token $5 token $2 NX"));
  REQUIRE(contains(c("COMMAND DOCS config"), "$11 subcommands %"));
  REQUIRE(starts_with(c("COMMAND DOCS"), "%" + c("COMMAND COUNT").substr(1) + " "));
}

TEST_CASE("COMMAND DOCS tells what a command gave way to, and when it changed", "[command]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(contains(c("COMMAND DOCS rpoplpush"),
                   " $9 doc_flags *1 +deprecated $16 deprecated_since $5 6.2.0 $11 replaced_by $"));
  REQUIRE(contains(c("COMMAND DOCS lpop"), " $7 history *1 *2 $5 6.2.0 $"));
  REQUIRE_FALSE(contains(c("COMMAND DOCS lpop"), "doc_flags"));
  REQUIRE(contains(c("COMMAND INFO scan"), " *2 $23 nondeterministic_output $22 request_policy:special "));

  const auto is_there = [&](std::string_view name) {
    return c("COMMAND INFO " + std::string(name)) != "*1 $-1";
  };
  for (const auto& row : sluice::commands::all_histories())
    REQUIRE(is_there(row.name));
  for (const auto& row : sluice::commands::all_tips())
    REQUIRE(is_there(row.name));
}

TEST_CASE("COMMAND GETKEYS finds the keys of a request", "[command]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("COMMAND GETKEYS get a") == "*1 $1 a");
  REQUIRE(c("COMMAND GETKEYS DEL a b c") == "*3 $1 a $1 b $1 c");
  REQUIRE(c("COMMAND GETKEYS blpop a b 0") == "*2 $1 a $1 b");
  REQUIRE(c("COMMAND GETKEYS nosuch a") == "-ERR Invalid command specified");
  REQUIRE(c("COMMAND GETKEYS config nosuch a") == "-ERR Invalid command specified");
  REQUIRE(c("COMMAND GETKEYS config get a") == "-ERR The command has no key arguments");
  REQUIRE(c("COMMAND GETKEYS ping a") == "-ERR The command has no key arguments");
  REQUIRE(c("COMMAND GETKEYS set a") == "-ERR Invalid number of arguments specified for command");
  REQUIRE(c("COMMAND GETKEYSANDFLAGS lmove a b LEFT RIGHT") ==
          "*2 *2 $1 a *3 +RW +access +delete *2 $1 b *2 +RW +insert");
  // Channels of sharded pub/sub are found like keys, and are none.
  REQUIRE(c("COMMAND GETKEYS SPUBLISH a b") == "-ERR The command has no key arguments");
}

// --- INFO

TEST_CASE("INFO says who we are", "[info]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(info(c, "server", "redis_version") == "7.4.0");
  REQUIRE(info(c, "server", "server_name") == "sluice");
  REQUIRE(info(c, "server", "redis_mode") == "standalone");
  REQUIRE(info(c, "server", "uptime_in_seconds") == "0");
  f.advance(Millis{90'000});
  REQUIRE(info(c, "server", "uptime_in_seconds") == "90");
  REQUIRE(info(c, "server", "redis_git_sha1") == "00000000");
  REQUIRE(info(c, "server", "redis_git_dirty") == "0");
  REQUIRE(info(c, "server", "gcc_version").starts_with(std::to_string(__GNUC__) + "."));
  REQUIRE(info(c, "server", "lru_clock") == std::to_string((1'700'000'000 + 90) % (1 << 24)));
  REQUIRE(info(c, "replication", "role") == "master");
  REQUIRE(info(c, "memory", "maxmemory_policy") == "noeviction");
}

TEST_CASE("INFO has sections, which can be asked for", "[info]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("INFO cluster") == "$30 # Cluster\\r\\ncluster_enabled:0\\r\\n");
  REQUIRE(c("INFO CLUSTER cluster Keyspace") ==
          "$44 # Cluster\\r\\ncluster_enabled:0\\r\\n\\r\\n# Keyspace\\r\\n");
  REQUIRE(c("INFO nosuch") == "$0");
  REQUIRE_FALSE(contains(c("INFO"), "# Commandstats"));
  REQUIRE_FALSE(contains(c("INFO default"), "# Commandstats"));
  REQUIRE(contains(c("INFO all"), "# Commandstats"));
  REQUIRE(contains(c("INFO everything"), "# Commandstats"));
  REQUIRE(contains(c("INFO"), "# Modules"));
  c("HELLO 3");
  REQUIRE(c("INFO cluster") == "=34 txt:# Cluster\\r\\ncluster_enabled:0\\r\\n");
}

TEST_CASE("INFO counts keys, clients, commands and errors", "[info]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& other = f.connect();
  c("SET a 1 EX 100");
  c("SET b 1");
  c("GET a");
  c("GET nosuch");
  c("LPUSH a x");
  c("LPUSH a");
  c("SELECT 3");
  c("SET a 1");
  other.send("*3\r\n$5\r\nBLPOP\r\n$1\r\nq\r\n$1\r\n0\r\n");
  REQUIRE(info(c, "keyspace", "db0") == "keys=2,expires=1,avg_ttl=100000");
  REQUIRE(info(c, "keyspace", "db3") == "keys=1,expires=0,avg_ttl=0");
  REQUIRE(info(c, "keyspace", "db1") == "(no db1)");
  REQUIRE(info(c, "clients", "connected_clients") == "2");
  REQUIRE(info(c, "clients", "blocked_clients") == "1");
  REQUIRE(info(c, "clients", "clients_in_timeout_table") == "0");
  f.connect().send("BLPOP q 9\r\n");
  REQUIRE(info(c, "clients", "blocked_clients") == "2");
  REQUIRE(info(c, "clients", "clients_in_timeout_table") == "1");
  f.connect().send("*2\r\n$3\r\nGET\r\n$1000\r\n" + std::string(900, 'x'));
  const int input = std::stoi(info(c, "clients", "client_recent_max_input_buffer"));
  REQUIRE((input >= 900 && input < 10'000));
  c("ECHO " + std::string(20'000, 'x'));
  REQUIRE(info(c, "clients", "client_recent_max_output_buffer") == "20010");
  REQUIRE(info(c, "stats", "evicted_clients") == "0");
  REQUIRE(info(c, "stats", "total_connections_received") == "4");
  REQUIRE(info(c, "stats", "keyspace_hits") == "1");
  REQUIRE(info(c, "stats", "keyspace_misses") == "1");
  REQUIRE(info(c, "stats", "total_error_replies") == "2");
  REQUIRE(info(c, "errorstats", "errorstat_WRONGTYPE") == "count=1");
  REQUIRE(info(c, "errorstats", "errorstat_ERR") == "count=1");
  REQUIRE(starts_with(info(c, "commandstats", "cmdstat_get"), "calls=2,"));
  REQUIRE(contains(info(c, "commandstats", "cmdstat_lpush"), ",rejected_calls=1,failed_calls=1"));
  REQUIRE(info(c, "commandstats", "cmdstat_llen") == "(no cmdstat_llen)");
  REQUIRE(c("CONFIG RESETSTAT") == "+OK");
  REQUIRE(info(c, "stats", "total_error_replies") == "0");
  REQUIRE(info(c, "commandstats", "cmdstat_get") == "(no cmdstat_get)");
  REQUIRE(info(c, "errorstats", "errorstat_ERR") == "(no errorstat_ERR)");
}

TEST_CASE("INFO tells how many commands a second there are", "[info]") {
  ServerFixture f;
  TestClient& c = f.client();
  for (int second = 0; second < 5; ++second) {
    for (int i = 0; i < 20; ++i)
      c("PING");
    f.advance(Millis{1'000});
  }
  REQUIRE(info(c, "stats", "instantaneous_ops_per_sec") == "20");  // a command counts when it has run
  f.advance(Millis{10'000});
  f.advance(Millis{2'000});
  REQUIRE(info(c, "stats", "instantaneous_ops_per_sec") == "0");
  c("CONFIG RESETSTAT");
  REQUIRE(info(c, "stats", "instantaneous_ops_per_sec") == "0");
}

TEST_CASE("INFO sums up the queues and lists the deepest", "[info]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(info(c, "queues", "queues") == "0");
  c("QADD jobs a");
  c("QADD jobs DELAY 60000 b");
  c("QADD more a");
  c("QADD more b");
  c.call({"QADD", "odd, na\tme\x7f\n", "a"});
  c("QRESERVE 1 jobs LEASE 30000");
  f.advance(Millis{500});
  REQUIRE(info(c, "queues", "queues") == "3");
  REQUIRE(info(c, "queues", "queues_ready") == "3");
  REQUIRE(info(c, "queues", "queues_delayed") == "1");
  REQUIRE(info(c, "queues", "queues_leased") == "1");
  REQUIRE(info(c, "queues", "queues_added") == "5");
  REQUIRE(info(c, "queues", "queues_reserved") == "1");
  REQUIRE(info(c, "queues", "queue_0") == "name=jobs,ready=0,delayed=1,leased=1,dead=0,oldest_ms=0,db=0");
  REQUIRE(info(c, "queues", "queue_1") == "name=more,ready=2,delayed=0,leased=0,dead=0,oldest_ms=500,db=0");
  REQUIRE(starts_with(info(c, "queues", "queue_2"), "name=odd\\\\x2c na\\\\tme\\\\x7f\\\\n,ready=1,"));
}

TEST_CASE("INFO follows a rewrite of the log", "[info]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET a 1");
  REQUIRE(info(c, "persistence", "aof_enabled") == "1");
  REQUIRE(info(c, "persistence", "loading") == "0");
  REQUIRE(info(c, "persistence", "aof_rewrites") == "0");
  REQUIRE(c("LASTSAVE") == ":1700000000");
  f.advance(Millis{9'000});
  REQUIRE(c("LASTSAVE") == ":1700000000");
  c.send("BGREWRITEAOF\r\nBGREWRITEAOF\r\n");
  REQUIRE(c.reply() == "+Background append only file rewriting started");
  REQUIRE(c.reply() == "-ERR Background append only file rewriting already in progress");
  f.finish_rewrite();
  REQUIRE(info(c, "persistence", "aof_rewrites") == "1");
  REQUIRE(info(c, "persistence", "aof_rewrite_in_progress") == "0");
  REQUIRE(info(c, "persistence", "aof_last_bgrewrite_status") == "ok");
  REQUIRE(info(c, "persistence", "rdb_last_save_time") == "1700000009");
  REQUIRE(c("LASTSAVE") == ":1700000009");
  c.send("BGSAVE\r\nSAVE\r\n");
  REQUIRE(c.reply() == "+Background saving started");
  REQUIRE(c.reply() == "-ERR Background save already in progress");
  REQUIRE(c("BGSAVE foo") == "-ERR syntax error");
}

// --- CONFIG

TEST_CASE("CONFIG GET takes patterns", "[config]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("CONFIG GET maxmemory") == "*2 $9 maxmemory $1 0");
  REQUIRE(c("CONFIG GET maxmemory nosuch MAXMEMORY appendonly") ==
          "*4 $10 appendonly $3 yes $9 maxmemory $1 0");
  REQUIRE(c("CONFIG GET nosuch") == "*0");
  REQUIRE(contains(c("CONFIG GET max*"), "$10 maxclients $"));
  c("HELLO 3");
  REQUIRE(c("CONFIG GET maxmemory") == "%1 $9 maxmemory $1 0");
}

TEST_CASE("CONFIG SET changes all or nothing", "[config]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("CONFIG SET maxmemory 100mb timeout 60") == "+OK");
  REQUIRE(c("CONFIG GET maxmemory timeout") == "*4 $9 maxmemory $9 104857600 $7 timeout $2 60");
  REQUIRE(starts_with(c("CONFIG SET timeout 30 maxmemory x"), "-ERR CONFIG SET failed"));
  REQUIRE(c("CONFIG GET timeout") == "*2 $7 timeout $2 60");
  REQUIRE(c("CONFIG SET timeout 30 maxmemory") == "-ERR syntax error");
  REQUIRE(c("CONFIG SET nosuch 1") == "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'");
  REQUIRE(c("CONFIG FOO") == "-ERR unknown subcommand 'FOO'. Try CONFIG HELP.");
}

// --- The rest

TEST_CASE("TIME and DBSIZE tell time and size", "[introspection]") {
  ServerFixture f;
  TestClient& c = f.client();
  f.advance(Millis{1'234});
  REQUIRE(c("TIME") == "*2 $10 1700000001 $6 234000");
  REQUIRE(c("DBSIZE") == ":0");
  c("SET a 1");
  c("SET b 1");
  REQUIRE(c("DBSIZE") == ":2");
}

TEST_CASE("DEBUG is for those whom the settings allow it", "[introspection]") {
  const std::string refused =
      "-ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run "
      "it from a "
      "local connection, otherwise you need to set this option in the configuration file, and then restart "
      "the "
      "server.";
  {
    ServerFixture f;
    REQUIRE(f.client()("DEBUG DIGEST") == refused);
    REQUIRE(f.client()("DEBUG FOO") == refused);
  }
  ServerFixture f({{"enable-debug-command", "local"}});
  TestClient& c = f.client();
  const std::string empty = c("DEBUG DIGEST");
  REQUIRE(empty == "+" + f.digest());
  c("SET a 1");
  REQUIRE(c("DEBUG DIGEST") != empty);
  REQUIRE(c("DEBUG FOO") ==
          "-ERR unknown subcommand or wrong number of arguments for 'FOO'. Try DEBUG HELP.");
  REQUIRE(c("DEBUG DIGEST x") ==
          "-ERR unknown subcommand or wrong number of arguments for 'DIGEST'. Try DEBUG HELP.");
  c.session().address = "10.0.0.1:5000";
  REQUIRE(c("DEBUG DIGEST") == refused);
}

TEST_CASE("FLUSHDB empties one database and FLUSHALL all", "[admin]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET a 0");
  c("SELECT 3");
  c("SET a 3");
  REQUIRE(c("FLUSHDB") == "+OK");
  REQUIRE(c("DBSIZE") == ":0");
  c("SELECT 0");
  REQUIRE(c("DBSIZE") == ":1");
  REQUIRE(c("FLUSHALL foo") == "-ERR syntax error");
  REQUIRE(c("FLUSHALL ASYNC SYNC") == "-ERR syntax error");
  REQUIRE(c("DBSIZE") == ":1");
  REQUIRE(c("FLUSHALL SYNC") == "+OK");
  REQUIRE(c("DBSIZE") == ":0");
  REQUIRE(c("FLUSHDB async") == "+OK");
}

TEST_CASE("SHUTDOWN asks for the end, and its words are checked", "[admin]") {
  ServerFixture f;
  TestClient& c = f.client();
  using Shutdown = core::Server::Shutdown;
  REQUIRE(c("SHUTDOWN foo") == "-ERR syntax error");
  REQUIRE(c("SHUTDOWN SAVE NOSAVE") == "-ERR syntax error");
  REQUIRE(c("SHUTDOWN NOW ABORT") == "-ERR syntax error");
  REQUIRE(c("SHUTDOWN ABORT") == "-ERR No shutdown in progress.");
  REQUIRE(f.server().shutdown_requested() == Shutdown::kNo);
  REQUIRE(c("SHUTDOWN") == "~");
  REQUIRE(f.server().shutdown_requested() == Shutdown::kSave);
  REQUIRE(c("SHUTDOWN ABORT") == "+OK");
  REQUIRE(f.server().shutdown_requested() == Shutdown::kNo);
  REQUIRE(c("SHUTDOWN NOSAVE NOW FORCE") == "~");
  REQUIRE(f.server().shutdown_requested() == Shutdown::kNow);
}
