// SPDX-License-Identifier: MIT
#include "engine/queue/policy.h"

#include <catch2/catch.hpp>

#include "tests/engine/queue/queue_fixture.h"

using namespace sluice;
using namespace sluice::testing;

namespace {

Backoff backoff(Backoff::Kind kind, int64_t base, int64_t cap, uint32_t jitter_percent = 0) {
  return {.kind = kind, .base = Millis{base}, .cap = Millis{cap}, .jitter_percent = jitter_percent};
}

}  // namespace

TEST_CASE("the wait before a retry grows as the policy says", "[queue]") {
  using Kind = Backoff::Kind;
  constexpr int64_t kMax = kQueueSpanMax.count;
  struct Row {
    Kind kind;
    int64_t base;
    int64_t cap;
    uint32_t attempts;
    int64_t wait;
  };
  const Row rows[] = {
      {Kind::kNone, 0, 0, 1, 0},
      {Kind::kNone, 0, 0, UINT32_MAX, 0},
      {Kind::kFixed, 700, 0, 1, 700},
      {Kind::kFixed, 700, 0, 1'000, 700},
      {Kind::kLinear, 1'000, 4'500, 1, 1'000},
      {Kind::kLinear, 1'000, 4'500, 4, 4'000},
      {Kind::kLinear, 1'000, 4'500, 5, 4'500},
      {Kind::kLinear, 1, kMax, UINT32_MAX, UINT32_MAX},
      {Kind::kLinear, kMax, kMax, UINT32_MAX, kMax},
      {Kind::kLinear, 0, 10, 7, 0},
      {Kind::kExponential, 5'000, 900'000, 1, 5'000},
      {Kind::kExponential, 5'000, 900'000, 2, 10'000},
      {Kind::kExponential, 5'000, 900'000, 8, 640'000},
      {Kind::kExponential, 5'000, 900'000, 9, 900'000},
      {Kind::kExponential, 5'000, 900'000, 63, 900'000},
      {Kind::kExponential, 5'000, 900'000, 64, 900'000},
      {Kind::kExponential, 5'000, 900'000, UINT32_MAX, 900'000},
      {Kind::kExponential, 1, kMax, 40, int64_t{1} << 39},
      {Kind::kExponential, 1, kMax, 60, kMax},
      {Kind::kExponential, kMax, kMax, 2, kMax},
      {Kind::kExponential, 0, 10, 50, 0},
  };
  for (const Row& row : rows) {
    INFO("kind " << static_cast<int>(row.kind) << " base " << row.base << " attempts " << row.attempts);
    REQUIRE(retry_delay(backoff(row.kind, row.base, row.cap), row.attempts, 12'345).count == row.wait);
  }
}

TEST_CASE("jitter cuts at most its share off the wait, to the millisecond", "[queue]") {
  struct Row {
    uint32_t percent;
    uint64_t entropy;
    int64_t wait;
  };
  // Of a full wait of 1000: what may be cut is 0..percent * 10.
  const Row rows[] = {{0, 999, 1'000}, {50, 0, 1'000},      {50, 1, 999},
                      {50, 500, 500},  {50, 501, 1'000},    {100, 1'000, 0},
                      {100, 999, 1},   {100, 1'001, 1'000}, {1, 10, 990},
                      {1, 11, 1'000},  {33, 330, 670},      {50, UINT64_MAX, 1'000 - UINT64_MAX % 501}};
  for (const Row& row : rows) {
    INFO("jitter " << row.percent << " entropy " << row.entropy);
    REQUIRE(retry_delay(backoff(Backoff::Kind::kFixed, 1'000, 0, row.percent), 1, row.entropy).count ==
            row.wait);
  }
}

TEST_CASE("entropy differs by message, by delivery and by command", "[queue]") {
  const Stamp stamp{.sequence = 1, .now = UnixMs{5}, .entropy = 77};
  const Handle handle{{100, 1}, 1};
  const uint64_t entropy = retry_entropy(stamp, handle);
  REQUIRE(entropy == retry_entropy(stamp, handle));
  REQUIRE(entropy != retry_entropy(stamp, {{100, 2}, 1}));
  REQUIRE(entropy != retry_entropy(stamp, {{101, 1}, 1}));
  REQUIRE(entropy != retry_entropy(stamp, {{100, 1}, 2}));
  REQUIRE(entropy != retry_entropy({.sequence = 2, .now = UnixMs{5}, .entropy = 78}, handle));
}

TEST_CASE("a policy out of its bounds is refused", "[queue]") {
  REQUIRE(validate(Policy(), "k").ok());
  const auto error_of = [](auto change) {
    Policy policy;
    change(policy);
    const auto result = validate(policy, "k");
    REQUIRE_FALSE(result.ok());
    return result.error();
  };
  REQUIRE(error_of([](Policy& p) { p.lease = Millis{0}; }) == Error::kNotInteger);
  REQUIRE(error_of([](Policy& p) { p.lease = kQueueSpanMax + Millis{1}; }) == Error::kNotInteger);
  REQUIRE(error_of([](Policy& p) { p.lease_max = Millis{-1}; }) == Error::kNotInteger);
  REQUIRE(error_of([](Policy& p) { p.backoff.base = Millis{-1}; }) == Error::kNotInteger);
  REQUIRE(error_of([](Policy& p) { p.backoff.jitter_percent = 101; }) == Error::kNotInteger);
  REQUIRE(error_of([](Policy& p) { p.backoff.base = p.backoff.cap + Millis{1}; }) == Error::kQueueBackoffCap);
  REQUIRE(error_of([](Policy& p) { p.dead_letter = "k"; }) == Error::kQueueDeadLetterSelf);
}

TEST_CASE("the default dead-letter stream is named after the key", "[queue]") {
  Policy policy;
  REQUIRE(dead_letter_key(policy, "orders") == "orders:dead");
  policy.dead_letter = "x";
  REQUIRE(dead_letter_key(policy, "orders") == "x");
  policy.dead_letter = "";
  REQUIRE(dead_letter_key(policy, "orders").empty());
}

TEST_CASE("a policy outlives the list, the key and a flush", "[queue]") {
  Policy policy = steady_policy();
  policy.lease = Millis{777};
  QueueFixture f(policy);
  f.push("a");
  REQUIRE(f.take().deadline == f.now() + Millis{777});
  f.run([](Engine& engine, const Stamp&) {
    engine.queues.flushing(0);
    engine.keyspace.flush_all();
  });
  REQUIRE(f.engine().queues.has_policy(0, "jobs"));
  f.push("b");
  REQUIRE(f.queue().policy().lease == Millis{777});
  REQUIRE(f.take().deadline == f.now() + Millis{777});
}

TEST_CASE("a list under a key with a policy is a queue from its first element", "[queue]") {
  QueueFixture f;
  f.push("a");
  REQUIRE(f.engine().keyspace.find(0, "jobs")->list().is_queue());
  f.run([](Engine& engine, const Stamp& stamp) { engine.push(stamp, "plain", Side::kLeft, "a"); });
  REQUIRE_FALSE(f.engine().keyspace.find(0, "plain")->list().is_queue());
}

TEST_CASE("setting a policy makes a queue of a list that is there", "[queue]") {
  QueueFixture f(steady_policy(), "other");
  f.run([](Engine& engine, const Stamp& stamp) { engine.push(stamp, "jobs", Side::kLeft, "a"); });
  f.recording().set_now(f.now() + Millis{100});
  f.run([](Engine& engine, const Stamp& stamp) {
    REQUIRE(engine.queues.set_policy(engine.context(stamp), "jobs", Policy()).value());
  });
  const Queue& queue = f.engine().keyspace.find(0, "jobs")->list().queue();
  REQUIRE(queue.ready() == 1);
  REQUIRE(queue.oldest_ready() == f.now());
}

TEST_CASE("a policy that is reset gives way to the default, the queue stays one", "[queue]") {
  Policy policy = steady_policy();
  policy.lease = Millis{777};
  QueueFixture f(policy);
  f.add("a");
  f.reset_policy();
  REQUIRE_FALSE(f.engine().queues.has_policy(0, "jobs"));
  REQUIRE(f.take().deadline == f.now() + Millis{30'000});
}

TEST_CASE("setting the same policy again, or resetting none, changes nothing", "[queue]") {
  QueueFixture f;
  f.run([](Engine& engine, const Stamp& stamp) {
    REQUIRE_FALSE(engine.queues.set_policy(engine.context(stamp), "jobs", steady_policy()).value());
    REQUIRE_FALSE(engine.queues.reset_policy(engine.context(stamp), "none").value());
  });
}

TEST_CASE("policies are for lists", "[queue]") {
  QueueFixture f;
  f.run([](Engine& engine, const Stamp& stamp) {
    engine.keyspace.set_string(0, "text", "x");
    engine.keyspace.insert_stream(0, "stream");
    const auto context = engine.context(stamp);
    REQUIRE(engine.queues.set_policy(context, "text", Policy()).error() == Error::kWrongType);
    REQUIRE(engine.queues.set_policy(context, "stream", Policy()).error() == Error::kQueueGroupRequired);
    REQUIRE(engine.queues.reset_policy(context, "stream").error() == Error::kQueueGroupRequired);
  });
}

TEST_CASE("a lower limit of attempts counts at the next failure", "[queue]") {
  QueueFixture f;
  f.add("a");
  for (int i = 0; i < 3; ++i)
    f.fail(f.take().handle, Millis{0});
  Policy policy = steady_policy();
  policy.attempts_max = 2;
  f.set_policy(policy);
  const Taken a = f.take();
  REQUIRE(a.attempts == 3);
  f.fail(a.handle);
  REQUIRE(f.letters().size() == 1);
}
