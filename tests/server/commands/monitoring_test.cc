// SPDX-License-Identifier: MIT
//
// What is kept about how the server does: the slow log, latencies, memory, statistics.
#include <catch2/catch.hpp>

#include "server/core/latency_histogram.h"
#include "tests/support/server_fixture.h"

using namespace sluice;
using sluice::core::LatencyHistogram;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

// --- SLOWLOG

TEST_CASE("a command that takes long is noted, newest first", "[slowlog]") {
  ServerFixture f({{"enable-debug-command", "yes"}});
  TestClient& c = f.client();
  REQUIRE(c("SLOWLOG LEN") == ":0");
  REQUIRE(c("SLOWLOG GET") == "*0");
  REQUIRE(c("DEBUG SLEEP 0.009") == "+OK");
  REQUIRE(c("SLOWLOG LEN") == ":0");
  REQUIRE(c("DEBUG SLEEP 0.010") == "+OK");
  REQUIRE(c("CLIENT SETNAME me") == "+OK");
  REQUIRE(c("DEBUG SLEEP 0.0201") == "+OK");
  REQUIRE(c("SLOWLOG GET") ==
          "*2 *7 :1 :1700000000 :20100 *3 $5 DEBUG $5 SLEEP $6 0.0201 $15 127.0.0.1:50000 $2 me :3"
          " *7 :0 :1700000000 :10000 *3 $5 DEBUG $5 SLEEP $5 0.010 $15 127.0.0.1:50000 $0 :3");
  REQUIRE(has(c("SLOWLOG GET 1"), "*1 *7 :1 "));
  REQUIRE(has(c("SLOWLOG GET -1"), "*2 "));
  REQUIRE(c("SLOWLOG GET 0") == "*0");
  REQUIRE(c("SLOWLOG RESET") == "+OK");
  REQUIRE(c("SLOWLOG GET") == "*0");
}

TEST_CASE("the slow log follows its settings, and keeps no more than it should", "[slowlog]") {
  ServerFixture f({{"enable-debug-command", "yes"}, {"slowlog-max-len", "2"}});
  TestClient& c = f.client();
  c("CONFIG SET slowlog-log-slower-than 0");
  for (int i = 0; i < 5; ++i)
    c("PING");
  REQUIRE(c("SLOWLOG LEN") == ":2");
  c("CONFIG SET slowlog-log-slower-than -1");
  c("SLOWLOG RESET");
  c("DEBUG SLEEP 1");
  REQUIRE(c("SLOWLOG LEN") == ":0");
}

TEST_CASE("the slow log shortens long words and long commands", "[slowlog]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("CONFIG SET slowlog-log-slower-than 0");
  c("ECHO " + std::string(130, 'x'));
  REQUIRE(has(c("SLOWLOG GET 1"), "*2 $4 ECHO $146 " + std::string(128, 'x') + "... (2 more bytes) "));
  std::string del = "DEL";
  for (int i = 0; i < 40; ++i)
    del += " k";
  c(del);
  const std::string noted = c("SLOWLOG GET 1");
  REQUIRE(has(noted, "*32 $3 DEL "));
  REQUIRE(has(noted, "... (10 more arguments)"));
  REQUIRE(has(noted, " :41"));
}

TEST_CASE("the slow log tells no password", "[slowlog]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("CONFIG SET slowlog-log-slower-than 0");
  c("CONFIG SET timeout 0 requirepass secret");
  const std::string noted = c("SLOWLOG GET");
  REQUIRE_FALSE(has(noted, "secret"));
  REQUIRE(has(noted, "$11 requirepass $10 (redacted)"));
  c("AUTH secret");
  c("HELLO 3 AUTH default secret");
  c("HELLO 2");
  REQUIRE_FALSE(has(c("SLOWLOG GET"), "secret"));
}

TEST_CASE("waiting is not working: a blocked command is not slow", "[slowlog]") {
  ServerFixture f;
  TestClient& c = f.client();
  TestClient& other = f.connect();
  c("BLPOP list 0");
  f.advance(Millis{60'000});
  other("RPUSH list x");
  REQUIRE(c.reply() == "*2 $4 list $1 x");
  c("BLPOP list 1");
  f.advance(Millis{1'000});
  REQUIRE(c.reply() == "*-1");
  REQUIRE(c("SLOWLOG LEN") == ":0");
  REQUIRE(has(c("INFO commandstats"), "cmdstat_blpop:calls=2,usec=0,"));
}

// --- LATENCY

TEST_CASE("LATENCY keeps the worst of each second", "[latency]") {
  ServerFixture f({{"enable-debug-command", "yes"}});
  TestClient& c = f.client();
  c("DEBUG SLEEP 0.5");
  REQUIRE(c("LATENCY LATEST") == "*0");
  REQUIRE(c("CONFIG SET latency-monitor-threshold 100") == "+OK");
  c("DEBUG SLEEP 0.2");
  c("DEBUG SLEEP 0.3");
  c("DEBUG SLEEP 0.05");
  REQUIRE(c("LATENCY HISTORY command") == "*1 *2 :1700000000 :300");
  f.advance(Millis{1'000});
  c("DEBUG SLEEP 0.15");
  REQUIRE(has(c("LATENCY HISTORY command"), "*2 *2 :1700000000 :300 *2 :170000000"));
  REQUIRE(has(c("LATENCY LATEST"), "*1 *4 $7 command :170000000"));
  REQUIRE(has(c("LATENCY LATEST"), " :150 :300"));
  REQUIRE(c("LATENCY HISTORY nosuch") == "*0");
  REQUIRE(has(c("LATENCY GRAPH command"), "command - high 300 ms, low 150 ms (all time high 300 ms)"));
  REQUIRE(c("LATENCY GRAPH fork") == "-ERR No samples available for event 'fork'");
  REQUIRE(has(c("LATENCY DOCTOR"), "command: 2 seconds with a spike"));
  REQUIRE(c("LATENCY RESET nosuch") == ":0");
  REQUIRE(c("LATENCY RESET") == ":1");
  REQUIRE(c("LATENCY LATEST") == "*0");
}

TEST_CASE("LATENCY HISTOGRAM counts calls by the time they take", "[latency]") {
  ServerFixture f({{"enable-debug-command", "yes"}});
  TestClient& c = f.client();
  c("PING");
  c("DEBUG SLEEP 0.001");
  c("DEBUG SLEEP 0.001");
  c("DEBUG SLEEP 0.1");
  REQUIRE(c("LATENCY HISTOGRAM debug") ==
          "*2 $5 debug *4 $5 calls :3 $14 histogram_usec *4 :1048 :2 :134217 :3");
  REQUIRE(c("LATENCY HISTOGRAM nosuch get") == "*0");
  REQUIRE(has(c("LATENCY HISTOGRAM latency"), "$17 latency|histogram"));
  REQUIRE(has(c("LATENCY HISTOGRAM"), "$4 ping *4 $5 calls :1 $14 histogram_usec *2 :1 :1"));
  c("CONFIG SET latency-tracking no");
  c("ECHO x");
  REQUIRE(c("LATENCY HISTOGRAM echo") == "*0");
}

TEST_CASE("percentiles are those of the classes", "[latency]") {
  LatencyHistogram latencies;
  REQUIRE(latencies.percentile(50) == 0);
  for (uint64_t i = 1; i <= 1000; ++i)
    latencies.record(i * 1000);
  REQUIRE(latencies.percentile(50) >= 500'000);
  REQUIRE(latencies.percentile(50) < 500'000 * 33 / 32);
  REQUIRE(latencies.percentile(100) >= 1'000'000);
  REQUIRE(latencies.percentile(0) >= 1'000);
  REQUIRE(latencies.below(1u << 20) == 1000);
  REQUIRE(latencies.below(1u << 15) == 32);
  latencies.record(UINT64_MAX);
  REQUIRE(latencies.percentile(100) == 1u << 30);
  REQUIRE(latencies.below(uint64_t{1} << 31) == 1001);
}

TEST_CASE("every value lies in its class, and classes follow each other", "[latency]") {
  uint64_t last = 0;
  for (size_t number = 1; number < LatencyHistogram::kClasses; ++number) {
    const uint64_t max = LatencyHistogram::class_max(number);
    REQUIRE(LatencyHistogram::class_of(max) == number);
    REQUIRE(LatencyHistogram::class_of(last + 1) == number);
    last = max;
  }
}

// --- MEMORY

TEST_CASE("MEMORY USAGE grows with the value", "[memory]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("MEMORY USAGE none") == "$-1");
  c("SET small x");
  c("SET large " + std::string(10'000, 'x'));
  const int small = std::stoi(c("MEMORY USAGE small").substr(1));
  const int large = std::stoi(c("MEMORY USAGE large SAMPLES 0").substr(1));
  REQUIRE(small > 16);
  REQUIRE(large > small + 9'000);
  REQUIRE(c("MEMORY USAGE small SAMPLES") == "-ERR syntax error");
  REQUIRE(c("MEMORY USAGE small SAMPLES -1") == "-ERR syntax error");
  REQUIRE(c("MEMORY USAGE small SAMPLES x") == "-ERR value is not an integer or out of range");
  REQUIRE(c("MEMORY USAGE small SAMPLES 1 2") == "-ERR syntax error");
}

TEST_CASE("MEMORY STATS and INFO memory tell the same", "[memory]") {
  ServerFixture f;
  TestClient& c = f.client();
  f.world().memory_used = 50 << 20;
  f.turn();
  f.world().memory_used = 10 << 20;
  c("SET key value");
  const std::string stats = c("MEMORY STATS");
  REQUIRE(has(stats, "$14 peak.allocated :52428800 $15 total.allocated :10485760 "));
  REQUIRE(has(stats, "$10 keys.count :1 "));
  REQUIRE(has(stats, "$4 db.0 *4 $23 overhead.hashtable.main :"));
  const std::string info = c("INFO memory");
  REQUIRE(has(info, "used_memory:10485760\\r\\n"));
  REQUIRE(has(info, "used_memory_peak:52428800\\r\\n"));
  REQUIRE(has(info, "used_memory_peak_perc:20.00%\\r\\n"));
  REQUIRE_FALSE(has(info, "allocator_active"));  // nobody has said what it is
  REQUIRE(has(c("MEMORY DOCTOR"), "It once used much more memory than now"));
  f.world().memory_used = 1 << 20;
  REQUIRE(has(c("MEMORY DOCTOR"), "little or no data"));
  REQUIRE(c("MEMORY PURGE") == "+OK");
  REQUIRE(has(c("MEMORY HELP"), "MEMORY <subcommand>"));
}

// --- INFO

TEST_CASE("INFO has the sections that are asked for, each once", "[info]") {
  ServerFixture f;
  TestClient& c = f.client();
  const std::string two = c("INFO cpu Server CPU nosuch");
  REQUIRE(has(two, "# Server"));
  REQUIRE(has(two, "# CPU"));
  REQUIRE(two.find("# CPU") == two.rfind("# CPU"));
  REQUIRE_FALSE(has(two, "# Memory"));
  REQUIRE_FALSE(has(c("INFO"), "# Commandstats"));
  REQUIRE_FALSE(has(c("INFO default"), "# Latencystats"));
  for (const char* all : {"all", "everything"}) {
    const std::string text = c(std::string("INFO ") + all);
    for (const char* section :
         {"Server", "Clients", "Memory", "Persistence", "Stats", "Replication", "CPU", "Commandstats",
          "Errorstats", "Latencystats", "Cluster", "Keyspace", "Queues"})
      REQUIRE(has(text, std::string("# ") + section + "\\r\\n"));
  }
  REQUIRE(c("INFO nosuch") == "$0");
}

TEST_CASE("INFO keyspace tells the average of what is left of lifetimes", "[info]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("SET a 1 PX 1000");
  c("SET b 1 PX 3000");
  c("SET c 1");
  REQUIRE(has(c("INFO keyspace"), "db0:keys=3,expires=2,avg_ttl=2000"));
  f.advance(Millis{500});
  REQUIRE(has(c("INFO keyspace"), "db0:keys=3,expires=2,avg_ttl=1500"));
  c("PEXPIRE a 5500");
  REQUIRE(has(c("INFO keyspace"), "expires=2,avg_ttl=4000"));
  c("PERSIST a");
  REQUIRE(has(c("INFO keyspace"), "expires=1,avg_ttl=2500"));
  c("RENAME b d");
  REQUIRE(has(c("INFO keyspace"), "expires=1,avg_ttl=2500"));
  f.advance(Millis{2'500});
  REQUIRE(has(c("INFO keyspace"), "db0:keys=2,expires=0,avg_ttl=0"));
  c("SET e 1 PX 10");
  c("FLUSHALL");
  c("SET f 1 PX 700");
  REQUIRE(has(c("INFO keyspace"), "db0:keys=1,expires=1,avg_ttl=700"));
}

TEST_CASE("INFO commandstats counts calls, time, refusals and failures", "[info]") {
  ServerFixture f({{"enable-debug-command", "yes"}});
  TestClient& c = f.client();
  c("DEBUG SLEEP 0.002");
  c("DEBUG SLEEP 0.001");
  c("GET");
  c("RPUSH list x");
  c("GET list");
  REQUIRE(has(c("INFO commandstats"),
              "cmdstat_debug:calls=2,usec=3000,usec_per_call=1500.00,rejected_calls=0,failed_calls=0"));
  REQUIRE(has(c("INFO commandstats"),
              "cmdstat_get:calls=1,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=1"));
  REQUIRE(has(c("INFO errorstats"), "errorstat_WRONGTYPE:count=1"));
  REQUIRE(has(c("INFO latencystats"), "latency_percentiles_usec_debug:p50=1"));
  c("CONFIG RESETSTAT");
  REQUIRE_FALSE(has(c("INFO commandstats"), "cmdstat_debug"));
  REQUIRE_FALSE(has(c("INFO latencystats"), "_debug"));
  REQUIRE_FALSE(has(c("INFO errorstats"), "WRONGTYPE"));
}

TEST_CASE("the time of EXEC is that of what it runs", "[info]") {
  ServerFixture f({{"enable-debug-command", "yes"}});
  TestClient& c = f.client();
  c("MULTI");
  c("DEBUG SLEEP 0.002");
  c("PING");
  c("EXEC");
  const std::string stats = c("INFO commandstats");
  REQUIRE(has(stats, "cmdstat_debug:calls=1,usec=2000,"));
  REQUIRE(has(stats, "cmdstat_exec:calls=1,usec=2000,"));
  REQUIRE(has(stats, "cmdstat_ping:calls=1,usec=0,"));
}

// --- DEBUG

TEST_CASE("DEBUG RELOAD gives back what was there, and clients go on", "[debug]") {
  ServerFixture f({{"enable-debug-command", "yes"}});
  TestClient& c = f.client();
  TestClient& waiting = f.connect();
  c("SET string value PX 100000");
  c("RPUSH list a b c");
  c("XADD stream 1-1 f v");
  c("QPOLICY jobs LEASE 1000");
  c("RPUSH jobs x y");
  c("QRESERVE 1 jobs CONSUMER w");
  c("SELECT 3");
  c("SET other 1");
  c("SELECT 0");
  waiting("BLPOP empty 0");
  const std::string digest = c("DEBUG DIGEST");
  REQUIRE(c("DEBUG RELOAD") == "+OK");
  REQUIRE(c("DEBUG DIGEST") == digest);
  REQUIRE(c("DEBUG LOADAOF") == "+OK");
  REQUIRE(c("DEBUG DIGEST") == digest);
  REQUIRE(c("LRANGE list 0 -1") == "*3 $1 a $1 b $1 c");
  c("RPUSH empty x");
  REQUIRE(waiting.reply() == "*2 $5 empty $1 x");
  REQUIRE(c("DEBUG RELOAD nosuch") ==
          "-ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
}

TEST_CASE("DEBUG RELOAD is a flush to those who watch or cache keys that are there",
          "[debug][watch][tracking]") {
  ServerFixture f({{"enable-debug-command", "yes"}});
  TestClient& c = f.client();
  c("SET key value");
  TestClient& watcher = f.connect();
  watcher("WATCH key");
  TestClient& other = f.connect();
  other("WATCH none");
  TestClient& cache = f.connect();
  cache("HELLO 3");
  cache("CLIENT TRACKING on");
  cache("GET key");
  REQUIRE(c("DEBUG RELOAD") == "+OK");
  REQUIRE(cache.reply() == ">2 $10 invalidate _");
  watcher("MULTI");
  REQUIRE(watcher("EXEC") == "*-1");
  other("MULTI");
  REQUIRE(other("EXEC") == "*0");
}

TEST_CASE("DEBUG POPULATE makes keys that are not there, and they are logged", "[debug]") {
  ServerFixture f({{"enable-debug-command", "yes"}});
  TestClient& c = f.client();
  c("SET key:1 mine");
  REQUIRE(c("DEBUG POPULATE 3") == "+OK");
  REQUIRE(c("GET key:0") == "$7 value:0");
  REQUIRE(c("GET key:1") == "$4 mine");
  REQUIRE(c("GET key:2") == "$7 value:2");
  REQUIRE(c("DEBUG POPULATE 1 p 3") == "+OK");
  REQUIRE(c("GET p:0") == "$3 val");
  REQUIRE(c("DEBUG POPULATE 1 whole 0") == "+OK");
  REQUIRE(c("GET whole:0") == "$7 value:0");
  REQUIRE(has(c("DEBUG POPULATE x"), "-ERR value is out of range"));
}

TEST_CASE("with DEBUG SET-ACTIVE-EXPIRE 0 a key stays until it is asked for", "[debug]") {
  ServerFixture f({{"enable-debug-command", "yes"}});
  TestClient& c = f.client();
  c("DEBUG SET-ACTIVE-EXPIRE 0");
  c("SET key value PX 10");
  f.advance(Millis{20});
  REQUIRE(c("DBSIZE") == ":1");
  REQUIRE(f.server().next_deadline() > f.server().sequencer.mono_now());
  REQUIRE(c("GET key") == "$-1");
  REQUIRE(c("DBSIZE") == ":0");
  c("SET key value PX 10");
  f.advance(Millis{20});
  c("DEBUG SET-ACTIVE-EXPIRE 1");
  f.turn();
  REQUIRE(c("DBSIZE") == ":0");
}

TEST_CASE("DEBUG replies what tests of clients look for", "[debug]") {
  ServerFixture f({{"enable-debug-command", "yes"}});
  TestClient& c = f.client();
  REQUIRE(c.call({"DEBUG", "ERROR", "FOO bar"}) == "-FOO bar");
  REQUIRE(c("DEBUG PROTOCOL set") == "*3 :0 :1 :2");
  REQUIRE(c("DEBUG PROTOCOL push") == "-ERR RESP2 is not supported by this command");
  REQUIRE(has(c("DEBUG PROTOCOL nosuch"), "-ERR Wrong protocol type name."));
  c("HELLO 3");
  REQUIRE(c("DEBUG PROTOCOL map") == "%3 :0 #f :1 #t :2 #f");
  REQUIRE(c("DEBUG PROTOCOL double") == ",3.141");
  REQUIRE(c("DEBUG OBJECT none") == "-ERR no such key");
  REQUIRE(c("DEBUG DIGEST-VALUE none") == "*1 +0000000000000000000000000000000000000000");
  c("SET a same");
  c("SET b same");
  const std::string values = c("DEBUG DIGEST-VALUE a b");
  REQUIRE(values.substr(3, 41) == values.substr(45, 41));
  REQUIRE(c("DEBUG STRINGMATCH-LEN a* abc") == ":1");
  REQUIRE(c("DEBUG QUICKLIST-PACKED-THRESHOLD 5gb") ==
          "-ERR argument must be a memory value bigger than 1 and smaller than 4gb");
  REQUIRE(has(c("DEBUG nosuch"),
              "-ERR unknown subcommand or wrong number of arguments for 'nosuch'. Try DEBUG HELP."));
  REQUIRE(has(c("DEBUG SLEEP"),
              "-ERR unknown subcommand or wrong number of arguments for 'SLEEP'. Try DEBUG HELP."));
  REQUIRE(has(c("DEBUG HELP"), "DEBUG <subcommand>"));
}

TEST_CASE("DEBUG CHANGE-REPL-ID draws another one", "[debug]") {
  ServerFixture f({{"enable-debug-command", "yes"}});
  TestClient& c = f.client();
  const std::string before = f.server().replication_id();
  REQUIRE(before.size() == 40);
  REQUIRE(c("DEBUG CHANGE-REPL-ID") == "+OK");
  REQUIRE(f.server().replication_id() != before);
  REQUIRE(has(c("INFO replication"), "master_replid:" + f.server().replication_id()));
}

TEST_CASE("LOLWUT tells the version", "[info]") {
  ServerFixture f;
  REQUIRE(has(f.client()("LOLWUT"), "Sluice ver. "));
  REQUIRE(has(f.client()("LOLWUT VERSION 5"), "Sluice ver. "));
  REQUIRE(f.client()("LOLWUT VERSION x") == "-ERR value is not an integer or out of range");
}

// --- CONFIG

TEST_CASE("CONFIG REWRITE needs a file, and says what is wrong with it", "[config]") {
  ServerFixture f;
  TestClient& c = f.client();
  REQUIRE(c("CONFIG REWRITE") == "-ERR The server is running without a config file");
}

TEST_CASE("a renamed command is called by its new name and logged by its own", "[config]") {
  ServerFixture f({{"rename-command", "SET put flushall \"\" config hidden"}});
  TestClient& c = f.client();
  REQUIRE(has(c("SET key value"), "-ERR unknown command 'SET'"));
  REQUIRE(has(c("FLUSHALL"), "-ERR unknown command 'FLUSHALL'"));
  REQUIRE(has(c("CONFIG GET port"), "-ERR unknown command 'CONFIG'"));
  REQUIRE(c("PUT key value") == "+OK");
  REQUIRE(c("HIDDEN GET port") == "*2 $4 port $4 6379");
  REQUIRE(c("put key") == "-ERR wrong number of arguments for 'set' command");
  c("MULTI");
  c("PUT other 1");
  REQUIRE(c("EXEC") == "*1 +OK");
  f.restart();
  REQUIRE(f.client()("GET key") == "$5 value");
}

TEST_CASE("the log can end and begin again while the server runs", "[config]") {
  ServerFixture f;  // which checks in the end that the log has all of it
  TestClient& c = f.client();
  c("SET logged 1");
  REQUIRE(c("CONFIG SET appendonly no") == "+OK");
  REQUIRE(has(c("INFO persistence"), "aof_enabled:0"));
  c("SET meanwhile 2");
  c("RPUSH list a b");
  c("DEL logged");
  REQUIRE(c("CONFIG SET appendonly yes timeout 7") == "+OK");
  REQUIRE(has(c("INFO persistence"), "aof_enabled:1"));
  REQUIRE(f.digest_of_log() == f.digest());
  c("RPUSH list c");
  c("SELECT 2");
  c("SET elsewhere 3");
  c("SELECT 0");
  f.restart();
  REQUIRE(f.client()("LRANGE list 0 -1") == "*3 $1 a $1 b $1 c");
  REQUIRE(f.client()("GET logged") == "$-1");
  REQUIRE(f.client()("GET meanwhile") == "$1 2");
}

TEST_CASE("a log that cannot begin leaves all settings as they were", "[config]") {
  ServerFixture f({{"appendonly", "no"}});
  TestClient& c = f.client();
  c("MULTI");
  c("SET key value");
  c("CONFIG SET timeout 9 appendonly yes");
  REQUIRE(has(c("EXEC"), "it cannot be changed in a transaction"));
  REQUIRE(c("CONFIG GET timeout") == "*2 $7 timeout $1 0");
  REQUIRE(c("CONFIG GET appendonly") == "*2 $10 appendonly $2 no");
}

TEST_CASE("commands count when they have run, not when they are refused or queued", "[info]") {
  ServerFixture f;
  TestClient& c = f.client();
  const uint64_t before = f.server().metrics.commands_processed;
  c("NOSUCH");
  c("GET");
  c("MULTI");
  c("SET a b");
  REQUIRE(f.server().metrics.commands_processed == before + 1);
  c("EXEC");
  REQUIRE(f.server().metrics.commands_processed == before + 3);
  c.send("BLPOP list 1\r\n");
  REQUIRE(f.server().metrics.commands_processed == before + 3);
  f.advance(Millis{1'000});
  REQUIRE(c.reply() == "*-1");
  REQUIRE(f.server().metrics.commands_processed == before + 4);
}

TEST_CASE("what the server runs by itself has its own time, and is no client's", "[info]") {
  ServerFixture f;
  REQUIRE(has(f.client()("INFO commandstats"), "cmdstat_qstart:calls=1,usec=0,"));
  REQUIRE(has(f.client()("INFO stats"), "total_commands_processed:1"));
}

TEST_CASE("a command that the settings forbid is refused before it is queued", "[debug]") {
  ServerFixture f;
  TestClient& c = f.client();
  c("MULTI");
  REQUIRE(has(c("DEBUG SLEEP 0"), "-ERR DEBUG command not allowed"));
  REQUIRE(has(c("MODULE UNLOAD x"), "-ERR MODULE command not allowed"));
  REQUIRE(c("MODULE LIST") == "+QUEUED");
  REQUIRE(c("EXEC") == "-EXECABORT Transaction discarded because of previous errors.");
}

TEST_CASE("without a process around it the server cannot begin anew", "[debug]") {
  ServerFixture f({{"enable-debug-command", "yes"}});
  REQUIRE(f.client()("DEBUG RESTART") == "-ERR failed to restart the server. Check server logs.");
  REQUIRE(f.client()("DEBUG CRASH-AND-RECOVER x") == "-ERR value is not an integer or out of range");
  REQUIRE(has(f.client()("DEBUG STRINGMATCH-TEST"), "did not crash"));
}

TEST_CASE("DEBUG tells how values are held", "[debug]") {
  ServerFixture f({{"enable-debug-command", "yes"}});
  TestClient& c = f.client();
  c("SET s hello");
  c("SET i 12345");
  c("SET shared 7");
  c("RPUSH l a b c");
  c("SADD set a b");
  c("HSET h f v");
  c("RPUSH long " + std::string(9'000, 'x') + " y");
  REQUIRE(has(c("DEBUG OBJECT s"), " refcount:1 encoding:embstr serializedlength:6 lru:0 "));
  REQUIRE(has(c("DEBUG OBJECT i"), " refcount:1 encoding:int serializedlength:"));
  REQUIRE(has(c("DEBUG OBJECT shared"), " refcount:2147483647 encoding:int "));
  REQUIRE(has(c("DEBUG OBJECT l"), " encoding:listpack "));
  REQUIRE(has(c("DEBUG OBJECT long"), " ql_nodes:2 ql_avg_node:1.00 "));
  REQUIRE(has(c("DEBUG OBJECT s FAST"), " refcount:1 encoding:embstr lru:0 "));
  REQUIRE(has(c("DEBUG OBJECT s FAST"), " refcount:1 encoding:embstr lru:0 "));
  REQUIRE(c("DEBUG OBJECT none") == "-ERR no such key");
  REQUIRE(has(c("DEBUG SDSLEN s"), "val_sds_len:5"));
  REQUIRE(c("DEBUG SDSLEN i") == "-ERR Not an sds encoded string.");
  REQUIRE(c("DEBUG LISTPACK l") == "+Listpack structure printed on stdout");
  REQUIRE(c("DEBUG LISTPACK s") == "-ERR Not a listpack encoded object.");
  REQUIRE(c("DEBUG QUICKLIST long 1") == "+Quicklist structure printed on stdout");
  REQUIRE(c("DEBUG QUICKLIST l") == "-ERR Not a quicklist encoded object.");
  REQUIRE(has(f.world().notices.lines.back(), "list of "));
  REQUIRE(has(c("DEBUG HTSTATS 0"), "number of elements: 7"));
  REQUIRE(has(c("DEBUG HTSTATS 1 full"), "number of elements: 0"));
  REQUIRE(c("DEBUG HTSTATS 16") == "-ERR Out of range database");
  REQUIRE(has(c("DEBUG HTSTATS-KEY s"), "not represented using an hash table"));
  REQUIRE(has(c("DEBUG STRUCTSIZE"), "bits:64 entry:"));
}
