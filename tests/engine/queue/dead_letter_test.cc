// SPDX-License-Identifier: MIT
//
// What becomes of the dead: the letter's fields, where it goes, and what happens when it cannot go there.
#include "engine/queue/dead_letter.h"

#include <catch2/catch.hpp>

#include "tests/engine/queue/queue_fixture.h"

using namespace sluice;
using namespace sluice::testing;

using Strings = std::vector<std::string>;

namespace {

Policy one_attempt() {
  Policy policy = steady_policy();
  policy.attempts_max = 1;
  return policy;
}

}  // namespace

TEST_CASE("a dead letter tells a message's life in a fixed order, and then its payload", "[queue]") {
  Policy policy = steady_policy();
  policy.attempts_max = 2;
  QueueFixture f(policy);
  f.push("the payload");
  const std::string added = std::to_string(f.now().count);
  f.sleep(Millis{10});
  const Taken first = f.take();
  const std::string id = std::to_string(first.handle.id.ms) + "-0";
  f.nack(first.handle, NackMode::kSilent);
  const Taken second = f.take({}, "w2");
  f.fail(second.handle, Millis{0}, "smtp 421");
  const std::string failed_first = std::to_string(f.now().count);
  f.sleep(Millis{90});
  f.fail(f.take({}, "w3").handle, std::nullopt, "smtp 550");
  const std::string failed_last = std::to_string(f.now().count);

  REQUIRE(f.letters() ==
          std::vector<Strings>{{
              "dlq.source",     "jobs",        "dlq.group",    "",         "dlq.id",       id,
              "dlq.reason",     "maxattempts", "dlq.error",    "smtp 550", "dlq.attempts", "2",
              "dlq.deliveries", "3",           "dlq.added",    added,      "dlq.first",    failed_first,
              "dlq.last",       failed_last,   "dlq.consumer", "w3",       "dlq.redriven", "0",
              "payload",        "the payload",
          }});
}

TEST_CASE("the death of a message is reported to those who wait for its letter", "[queue]") {
  QueueFixture f(one_attempt());
  f.add("a");
  f.fail(f.take().handle);
  REQUIRE(f.engine().events ==
          std::vector<Event>{{"jobs:dead", QueueEvent::kDeadLetter}, {"jobs", QueueEvent::kGone}});
}

TEST_CASE("the policy names the dead-letter stream", "[queue]") {
  Policy policy = one_attempt();
  policy.dead_letter = "graveyard";
  QueueFixture f(policy);
  f.add("a");
  f.fail(f.take().handle);
  REQUIRE(f.letters().empty());
  REQUIRE(f.letters("graveyard").size() == 1);
}

TEST_CASE("without a dead-letter stream the dead are discarded and counted", "[queue]") {
  Policy policy = one_attempt();
  policy.dead_letter = "";
  QueueFixture f(policy);
  f.add("a");
  f.add("b");
  f.fail(f.take().handle);
  REQUIRE(f.queue().totals.discarded == 1);
  REQUIRE(f.queue().totals.died == 0);
  REQUIRE_FALSE(f.exists("jobs:dead"));
  REQUIRE_FALSE(f.exists(""));
}

TEST_CASE("the dead-letter stream is trimmed to its limit, the oldest first", "[queue]") {
  Policy policy = one_attempt();
  policy.dead_letters_max = 2;
  QueueFixture f(policy);
  for (const char* payload : {"a", "b", "c"})
    f.add(payload);
  for (const Taken& taken : f.reserve(3))
    f.fail(taken.handle);
  const auto letters = f.letters();
  REQUIRE(letters.size() == 2);
  REQUIRE(f.field(letters[0], "payload") == "b");
  REQUIRE(f.field(letters[1], "payload") == "c");
}

TEST_CASE("a message that never failed has no failure times", "[queue]") {
  QueueFixture f(one_attempt());
  f.add("a");
  f.nack(f.take().handle, NackMode::kFatal);
  REQUIRE(f.field(f.letters()[0], "dlq.first") == std::to_string(f.now().count));
  REQUIRE(f.field(f.letters()[0], "dlq.error").empty());
}

TEST_CASE("a dead message waits while something else lies where its letter belongs", "[queue]") {
  QueueFixture f(one_attempt());
  f.run([](Engine& engine, const Stamp&) { engine.keyspace.set_string(0, "jobs:dead", "in the way"); });
  const StreamId id = f.add("a");
  const Taken a = f.take();
  REQUIRE(f.fail(a.handle, std::nullopt, "why") == kDone);
  REQUIRE(f.state(id) == "dying");
  REQUIRE(f.queue().delayed() == 1);
  REQUIRE(f.queue().totals.dead_blocked == 1);

  SECTION("it is never handed out, and no handle works on it") {
    f.advance(Millis{59'999});
    REQUIRE(f.nothing_ready());
    REQUIRE(f.ack(a.handle) == kRefused);
    REQUIRE(f.extend(a.handle, Millis{10}) == kRefused);
    REQUIRE(f.fail(a.handle) == kRefused);
  }
  SECTION("it is tried again each minute") {
    f.advance(Millis{60'000});
    REQUIRE(f.state(id) == "dying");
    REQUIRE(f.queue().totals.dead_blocked == 2);
    f.run([](Engine& engine, const Stamp&) { engine.keyspace.erase(*engine.keyspace.find(0, "jobs:dead")); });
    f.advance(Millis{59'999});
    REQUIRE(f.state(id) == "dying");
    f.advance(Millis{1});
    REQUIRE_FALSE(f.exists());
    REQUIRE(f.field(f.letters()[0], "dlq.reason") == "maxattempts");
    REQUIRE(f.field(f.letters()[0], "dlq.error") == "why");
  }
  SECTION("it can be deleted") {
    REQUIRE(f.remove(id) == kDone);
    REQUIRE_FALSE(f.exists());
  }
}

TEST_CASE("a condemned message that had to wait still says why it died", "[queue]") {
  QueueFixture f;
  f.run([](Engine& engine, const Stamp&) { engine.keyspace.set_string(0, "jobs:dead", "in the way"); });
  f.add("a");
  f.nack(f.take().handle, NackMode::kFatal, std::nullopt, "bad");
  f.run([](Engine& engine, const Stamp&) { engine.keyspace.erase(*engine.keyspace.find(0, "jobs:dead")); });
  f.advance(Millis{60'000});
  REQUIRE(f.field(f.letters()[0], "dlq.reason") == "fatal");
}

TEST_CASE("a lapsed lease whose letter cannot be written is closed", "[queue]") {
  QueueFixture f(one_attempt());
  f.run([](Engine& engine, const Stamp&) { engine.keyspace.set_string(0, "jobs:dead", "in the way"); });
  f.add("a");
  const Taken a = f.take(Millis{10});
  f.advance(Millis{10});
  REQUIRE(f.state(a.handle.id) == "dying");
  REQUIRE(f.ack(a.handle) == kRefused);
}
