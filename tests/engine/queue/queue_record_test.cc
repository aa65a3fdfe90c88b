// SPDX-License-Identifier: MIT
//
// Restore records come from a log, which may be damaged or written by somebody else: what no dump has written is
// refused and changes nothing. (That dumps are restored to the same state, every other test of queues asks at its end.)
#include "engine/queue/queue_record.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/engine/queue/queue_fixture.h"

using namespace sluice;
using namespace sluice::testing;

namespace {

using Words = std::vector<std::string>;

bool restores(Engine& engine, const Words& words) {
  const std::vector<std::string_view> views(words.begin(), words.end());
  const Stamp stamp{.sequence = 1, .now = UnixMs{500}, .entropy = 1};
  return restore_queue_record(engine.queues, engine.context(stamp), views).ok();
}

const Words kDelayed = {"MESSAGE", "q",  "100-0", "D",       "1",     "1",  "1",   "90",  "95", "0",  "w",
                        "700",     "12", "",      "payload", "NOTES", "90", "110", "110", "0",  "why"};

}  // namespace

TEST_CASE("records that no dump has written are refused and change nothing", "[queue]") {
  Engine engine;
  REQUIRE(restores(engine, {"PUSH", "q", "50", "0", "a"}));
  const std::string before = engine.digest();

  const Words wrong[] = {
      {"NONE", "q"},
      {"COUNTERS", "1-1"},
      {"COUNTERS", "x", "1"},
      {"COUNTERS", "1-1", "1", "1"},
      {"PUSH", "q", "50", "0"},
      {"PUSH", "q", "x", "0", "a"},
      {"PUSH", "q", "-1", "0", "a"},
      {"PUSH", "q", "1", "10", "a"},
      {"TIMER", "q", "5", "0"},
      {"TIMER", "q", "x", "1"},
      {"RATE", "q", "5", "1"},
      {"TOKEN", "q", "t", "x", "1", "2"},
      {"MESSAGE", "q"},
  };
  for (const Words& words : wrong) {
    INFO(words[0] << " of " << words.size() << " words");
    REQUIRE_FALSE(restores(engine, words));
  }
  struct Change {
    size_t word;
    const char* to;
  };
  // State, deliveries, numbers, lane, cause, and what contradicts itself.
  const Change changes[] = {
      {2, "100"},    {2, "1-4294967296"}, {3, "Z"},  {3, ""},   {3, "DD"}, {3, "X"}, {4, "x"},
      {4, "0"},      {5, "-1"},           {6, "2"},  {7, "x"},  {9, "10"}, {11, ""}, {12, "x"},
      {13, "fatal"}, {12, "0"},           {15, "x"}, {16, "x"}, {19, "x"}};
  for (const Change& change : changes) {
    Words words = kDelayed;
    words[change.word] = change.to;
    INFO("word " << change.word << " is \"" << change.to << "\"");
    REQUIRE_FALSE(restores(engine, words));
  }
  Words long_reason = kDelayed;
  long_reason.back() = std::string(kReasonBytesMax + 1, 'x');
  REQUIRE_FALSE(restores(engine, long_reason));
  REQUIRE(engine.digest() == before);
  engine.check_invariants();
}

TEST_CASE("a record may come once", "[queue]") {
  Engine engine;
  REQUIRE(restores(engine, kDelayed));
  REQUIRE_FALSE(restores(engine, kDelayed));
  REQUIRE(engine.queues.next_due() == 700);
  engine.check_invariants();
}

TEST_CASE("a record for a key of another type is refused", "[queue]") {
  Engine engine;
  engine.keyspace.set_string(0, "q", "text");
  REQUIRE_FALSE(restores(engine, kDelayed));
  REQUIRE_FALSE(restores(engine, {"PUSH", "q", "50", "0", "a"}));
}

TEST_CASE("restored counters never go back", "[queue]") {
  Engine engine;
  REQUIRE(restores(engine, {"COUNTERS", "1000-5", "10"}));
  REQUIRE(restores(engine, {"COUNTERS", "900-0", "3"}));
  REQUIRE(engine.queues.next_id(UnixMs{1}) == StreamId{1'000, 6});
  REQUIRE(engine.queues.next_arming() == 11);
}

TEST_CASE("many elements of many ages are rebuilt in their order", "[queue]") {
  QueueFixture f;
  for (int i = 0; i < 500; ++i) {
    f.push(i % 3 == 0 ? Side::kRight : Side::kLeft, std::string(static_cast<size_t>(i % 200), 'x'));
    if (i % 7 == 0) f.recording().set_now(f.now() + Millis{1});
    if (i % 50 == 0) f.add("with an ID");
  }
  for (int i = 0; i < 20; ++i)
    f.nack(f.take().handle, NackMode::kSilent, i % 2 == 0 ? std::optional(Millis{i}) : std::nullopt);
  f.advance(Millis{50});
}
