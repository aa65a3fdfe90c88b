// SPDX-License-Identifier: MIT
//
// Keyspace notifications: which event for which change, and in which order.
#include <catch2/catch.hpp>

#include "tests/support/resp_decoder.h"
#include "tests/support/server_fixture.h"

using namespace sluice;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

namespace {

// A server that publishes by event, and all that it has published since the last look, as "event:key event:key".
struct Watched {
  explicit Watched(std::string_view classes)
      : f({{"notify-keyspace-events", classes}}), watcher(f.connect()), c(f.connect()) {
    watcher("PSUBSCRIBE __key*");
  }
  std::string events() {
    std::string seen;
    const std::string bytes = watcher.take_bytes();
    std::string_view rest = bytes;
    while (const auto reply = test::decode(rest)) {
      const std::string& channel = reply->elements[2].text;
      if (!seen.empty()) seen += ' ';
      seen += channel.substr(channel.find("__:") + 3) + ":" + reply->elements[3].text;
    }
    return seen;
  }
  std::string after(std::string_view line) {
    c(line);
    return events();
  }
  ServerFixture f;
  TestClient& watcher;
  TestClient& c;
};

}  // namespace

TEST_CASE("by key and by event, the first first, on channels of the database", "[notifications]") {
  ServerFixture f({{"notify-keyspace-events", "KEA"}});
  TestClient& watcher = f.connect();
  watcher("PSUBSCRIBE __key*");
  f.client()("SELECT 3");
  f.client()("SET k v");
  REQUIRE(watcher.reply() == "*4 $8 pmessage $6 __key* $16 __keyspace@3__:k $3 set");
  REQUIRE(watcher.reply() == "*4 $8 pmessage $6 __key* $18 __keyevent@3__:set $1 k");
  REQUIRE(watcher.reply() == "~");
}

TEST_CASE("only the classes that are chosen are published", "[notifications]") {
  Watched lists("El");
  REQUIRE(lists.after("SET s v").empty());
  REQUIRE(lists.after("RPUSH l a") == "rpush:l");
  REQUIRE(lists.after("LPOP l") == "lpop:l");
  Watched none("A");  // neither K nor E
  REQUIRE(none.after("SET s v").empty());
}

TEST_CASE("a list that is emptied ends after the event of the command", "[notifications]") {
  Watched w("EA");
  REQUIRE(w.after("RPUSH l a b") == "rpush:l");
  REQUIRE(w.after("LMOVE l m LEFT RIGHT") == "rpush:m lpop:l");
  REQUIRE(w.after("RPOP l") == "rpop:l del:l");
}

TEST_CASE("a key that comes to be is new before it is anything else", "[notifications]") {
  Watched w("EAn");
  REQUIRE(w.after("SET s v") == "new:s set:s");
  REQUIRE(w.after("SET s w") == "set:s");
  REQUIRE(w.after("INCR n") == "new:n incrby:n");
  REQUIRE(w.after("RPUSH l a") == "new:l rpush:l");
  REQUIRE(w.after("XADD x 1-1 f v") == "new:x xadd:x");
}

TEST_CASE("a value that is replaced is overwritten, and may change its type", "[notifications]") {
  Watched w("EAoc");
  REQUIRE(w.after("RPUSH k a") == "rpush:k");
  REQUIRE(w.after("SET k v") == "overwritten:k type_changed:k set:k");
  REQUIRE(w.after("SET k w") == "overwritten:k set:k");
  REQUIRE(w.after("SET k 1") == "overwritten:k set:k");
  REQUIRE(w.after("INCR k") == "incrby:k");
}

TEST_CASE("a key that is read and not there is missed", "[notifications]") {
  Watched w("Em");
  REQUIRE(w.after("GET none") == "keymiss:none");
  REQUIRE(w.after("EXISTS a b") == "keymiss:a keymiss:b");
  REQUIRE(w.after("LRANGE l 0 -1") == "keymiss:l");
  REQUIRE(w.after("SET t v GET") == "keymiss:t");
  w.after("RPUSH words 1 2 3");
  w.after("SET w1 text");
  REQUIRE(w.after("SORT words BY w*") == "keymiss:w2 keymiss:w3");  // refused, but all are looked up
  REQUIRE(w.after("XACK x g 1-1") == "keymiss:x");
  REQUIRE(w.after("XREAD STREAMS x y 0 0") == "keymiss:x keymiss:y keymiss:x keymiss:y");
  w.after("RPUSH list a");
  REQUIRE(w.after("LCS list u") == "keymiss:u");
  REQUIRE(w.c("LCS list list") == "-ERR The specified keys must contain string values");
  REQUIRE(w.c("PING") == "+PONG");  // one error, not two
  REQUIRE(w.after("DEL none").empty());
  REQUIRE(w.after("SET s v").empty());
  REQUIRE(w.after("GET s").empty());
}

TEST_CASE("the newer commands of streams tell of entries that come and go, and of nothing else",
          "[notifications]") {
  Watched w("EA");
  for (int i = 1; i <= 8; ++i)
    w.c("XADD x " + std::to_string(i) + "-1 f v");
  w.c("XGROUP CREATE x g 0");
  w.c("XREADGROUP GROUP g c COUNT 5 STREAMS x >");
  w.events();
  REQUIRE(w.after("XACKDEL x g IDS 1 1-1") == "xdel:x");
  REQUIRE(w.after("XACKDEL x g IDS 1 1-1").empty());
  REQUIRE(w.after("XDELEX x IDS 2 2-1 3-1") == "xdel:x");
  REQUIRE(w.after("XDELEX x IDS 1 2-1").empty());
  REQUIRE(w.after("XDELEX x DELREF IDS 1 2-1").empty());  // only what was pending
  REQUIRE(w.after("XDELEX x ACKED IDS 1 4-1").empty());   // kept
  REQUIRE(w.after("XACKDEL x g ACKED IDS 1 4-1") == "xdel:x");
  REQUIRE(w.after("XNACK x g FAIL IDS 1 5-1").empty());
  REQUIRE(w.after("XREADGROUP GROUP g c CLAIM 0 STREAMS x >").empty());
  REQUIRE(w.after("XCFGSET x IDMP-DURATION 3").empty());
  REQUIRE(w.after("XADD x IDMP p 1 * f v") == "xadd:x");
  REQUIRE(w.after("XADD x IDMP p 1 * f v").empty());
  REQUIRE(w.after("XIDMPRECORD x p 2 6-1").empty());
  w.f.advance(Millis{3'100});  // the idempotence IDs go
  REQUIRE(w.events().empty());
  REQUIRE(w.after("XTRIM x MAXLEN 2 ACKED").empty());  // all are pending
  REQUIRE(w.after("XTRIM x MAXLEN 2 DELREF") == "xtrim:x");
  REQUIRE(w.after("XADD x NOMKSTREAM IDMPAUTO p MAXLEN 1 ACKED * f v") == "xadd:x");
}

TEST_CASE("an expired key is published when it goes", "[notifications]") {
  Watched w("EA");
  REQUIRE(w.after("SET s v PX 100") == "set:s expire:s");
  w.f.advance(Millis{100});
  REQUIRE(w.events() == "expired:s");
  REQUIRE(w.after("SET s v") == "set:s");
  REQUIRE(w.after("EXPIRE s -1") == "del:s");
}

TEST_CASE("a waiter's pop comes after the push that fed it", "[notifications]") {
  Watched w("EA");
  TestClient& waiter = w.f.connect();
  REQUIRE(waiter("BLPOP l 0") == "~");
  REQUIRE(w.after("RPUSH l a") == "rpush:l lpop:l del:l");
  REQUIRE(waiter.reply() == "*2 $1 l $1 a");
}

TEST_CASE("an error and a flush publish nothing", "[notifications]") {
  Watched w("EAn");
  w.after("RPUSH l a");
  REQUIRE(w.after("INCR l").empty());
  REQUIRE(w.after("SET l v EX 0").empty());
  REQUIRE(w.after("FLUSHALL").empty());
}

TEST_CASE("the setting is shown in its shortest form", "[notifications]") {
  ServerFixture f;
  TestClient& c = f.client();
  const auto shown = [&c](std::string_view given) {
    REQUIRE(c.call({"CONFIG", "SET", "notify-keyspace-events", given}) == "+OK");
    return c("CONFIG GET notify-keyspace-events").substr(30);
  };
  REQUIRE(shown("KEA") == "$3 AKE");
  REQUIRE(shown("KEg$lshzxetd") == "$3 AKE");
  REQUIRE(shown("mKAn") == "$4 AKmn");
  REQUIRE(shown("coKEA") == "$5 AKEoc");
  REQUIRE(shown("gE") == "$2 gE");
  REQUIRE(shown("").starts_with("$0"));
  REQUIRE(
      c("CONFIG SET notify-keyspace-events KEq") ==
      "-ERR CONFIG SET failed (possibly related to argument 'notify-keyspace-events') - Invalid event class "
      "character. Use 'Ag$lshzxeKEtmdnoc'.");
}
