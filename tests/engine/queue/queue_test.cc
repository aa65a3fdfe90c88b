// SPDX-License-Identifier: MIT
//
// Every row of the state machine (queue-extension.md section 7) and its edges, one behaviour each.
#include "engine/queue/queue.h"

#include <catch2/catch.hpp>
#include <set>

#include "tests/engine/queue/queue_fixture.h"

using namespace sluice;
using namespace sluice::testing;

using Strings = std::vector<std::string>;

// --- Rows 1 to 3: adding and coming due

TEST_CASE("a message joins at the end opposite the head", "[queue]") {
  QueueFixture f;
  f.add("a");
  f.add("b");
  REQUIRE(f.ready() == Strings{"b", "a"});
  REQUIRE(f.take().payload == "a");

  Policy left = steady_policy();
  left.head = Side::kLeft;
  QueueFixture g(left);
  g.add("a");
  g.add("b");
  REQUIRE(g.ready() == Strings{"a", "b"});
  REQUIRE(g.take().payload == "a");
}

TEST_CASE("IDs follow the clock, count within a millisecond and never go back", "[queue]") {
  QueueFixture f;
  const StreamId first = f.add("a");
  REQUIRE(first == StreamId{static_cast<uint64_t>(f.now().count), 0});
  REQUIRE(f.add("b") == StreamId{first.ms, 1});
  f.sleep(Millis{5});
  REQUIRE(f.add("c") == StreamId{first.ms + 5, 0});

  // A restored counter may be ahead of the clock, and its millisecond may be used up.
  f.run([](Engine& engine, const Stamp&) {
    engine.queues.restore_counters({2'000'000, kMessageIdSeqMax}, 0);
  });
  REQUIRE(f.add("d") == StreamId{2'000'001, 0});
}

TEST_CASE("a delayed message becomes ready at its due time, behind those that were ready", "[queue]") {
  QueueFixture f;
  const StreamId delayed = f.add("late", Millis{100});
  f.add("soon");
  REQUIRE(f.state(delayed) == "delayed");
  f.advance(Millis{99});
  REQUIRE(f.state(delayed) == "delayed");
  f.advance(Millis{1});
  REQUIRE(f.state(delayed) == "ready");
  REQUIRE(f.ready() == Strings{"late", "soon"});
}

TEST_CASE("a due time that has passed is none", "[queue]") {
  QueueFixture f;
  REQUIRE(f.state(f.add("a", Millis{0})) == "ready");
  REQUIRE(f.state(f.add("b", Millis{-5})) == "ready");
}

TEST_CASE("messages due at the same time come in the order in which they were armed", "[queue]") {
  QueueFixture f;
  f.add("a", Millis{50});
  f.add("b", Millis{50});
  f.add("c", Millis{50});
  f.advance(Millis{50});
  REQUIRE(f.ready() == Strings{"c", "b", "a"});
}

TEST_CASE("a message that came due late is eligible since it was due", "[queue]") {
  QueueFixture f;
  const StreamId id = f.add("a", Millis{10});
  const UnixMs due = f.now() + Millis{10};
  f.sleep(Millis{500});
  REQUIRE(f.tick() == 1);
  REQUIRE(f.message(id)->since == due);
  REQUIRE(f.queue().oldest_ready() == due);
}

// --- Row 4: reserving

TEST_CASE("an element has no ID until it is first reserved", "[queue]") {
  QueueFixture f;
  f.push("a");
  f.push("b");
  const UnixMs pushed = f.now();
  f.sleep(Millis{30});
  const Taken a = f.take();
  REQUIRE(a.payload == "a");
  REQUIRE(a.handle == Handle{{static_cast<uint64_t>(f.now().count), 0}, 1});
  REQUIRE(f.message(a.handle.id)->added() == pushed);
  REQUIRE(f.ready() == Strings{"b"});
}

TEST_CASE("every hand-out counts a delivery and begins a lease by the policy", "[queue]") {
  QueueFixture f;
  f.add("a");
  const Taken first = f.take();
  REQUIRE(first.handle.deliveries == 1);
  REQUIRE(first.deadline == f.now() + Millis{30'000});
  f.nack(first.handle, NackMode::kSilent);
  const Taken second = f.take(Millis{700});
  REQUIRE(second.handle == Handle{first.handle.id, 2});
  REQUIRE(second.deadline == f.now() + Millis{700});
}

TEST_CASE("a lease is cut to the longest that the policy allows", "[queue]") {
  Policy policy = steady_policy();
  policy.lease_max = Millis{1'000};
  QueueFixture f(policy);
  f.add("a");
  REQUIRE(f.take().deadline == f.now() + Millis{1'000});
}

TEST_CASE("keys are served in the order in which they are named", "[queue]") {
  QueueFixture f;
  f.add("normal");
  f.run([](Engine& engine, const Stamp& stamp) { engine.push(stamp, "urgent", Side::kLeft, "now"); });
  const auto taken = f.reserve(5, {"missing", "urgent", "jobs"});
  REQUIRE(taken.size() == 2);
  REQUIRE(taken[0].key == "urgent");
  REQUIRE(taken[0].payload == "now");
  REQUIRE(taken[1].key == "jobs");
}

TEST_CASE("a count bounds what is reserved over all keys", "[queue]") {
  QueueFixture f;
  for (const char* payload : {"a", "b", "c"})
    f.add(payload);
  const auto taken = f.reserve(2, {"jobs", "jobs"});
  REQUIRE(taken.size() == 2);
  REQUIRE(f.ready() == Strings{"c"});
}

TEST_CASE("a plain list on which a message is reserved becomes a queue with the default policy", "[queue]") {
  QueueFixture f;
  f.run([](Engine& engine, const Stamp& stamp) {
    engine.push(stamp, "plain", Side::kLeft, "a");
    engine.push(stamp, "plain", Side::kLeft, "b");
  });
  REQUIRE_FALSE(f.engine().keyspace.find(0, "plain")->list().is_queue());
  const auto taken = f.reserve(1, {"plain"});
  REQUIRE(taken[0].payload == "a");
  REQUIRE(taken[0].deadline == f.now() + Millis{30'000});
  REQUIRE(f.engine().keyspace.find(0, "plain")->list().is_queue());
}

TEST_CASE("reserving from nothing changes nothing", "[queue]") {
  QueueFixture f;
  const std::string before = f.engine().digest();
  REQUIRE(f.reserve(1).empty());
  REQUIRE(f.engine().digest() == before);
}

TEST_CASE("reserving from a key of another type is refused before anything is taken, if its turn comes",
          "[queue]") {
  QueueFixture f;
  f.add("a");
  f.run([](Engine& engine, const Stamp&) { engine.keyspace.set_string(0, "text", "x"); });
  f.run([](Engine& engine, const Stamp& stamp) {
    const std::string_view keys[] = {"jobs", "text"};
    const auto reserved = engine.queues.reserve(engine.context(stamp), keys, {.count = 2, .lease = {}}, "w");
    REQUIRE_FALSE(reserved.ok());
    REQUIRE(reserved.error() == Error::kWrongType);
  });
  REQUIRE(f.ready() == Strings{"a"});
  REQUIRE(f.reserve(1, {"jobs", "text"}).size() == 1);
}

// --- Rows 5 and 6: acknowledging

TEST_CASE("an acked message is gone, and its key with the last one", "[queue]") {
  QueueFixture f;
  f.add("a");
  const Taken a = f.take();
  REQUIRE(f.exists());
  REQUIRE(f.ack(a.handle) == kDone);
  REQUIRE_FALSE(f.exists());
  REQUIRE(f.engine().events == std::vector<Event>{{"jobs", QueueEvent::kGone}});
  REQUIRE(f.ack(a.handle) == kNoSuchMessage);
}

TEST_CASE("a handle named twice is done once", "[queue]") {
  QueueFixture f;
  f.add("a");
  f.add("b");
  const Taken a = f.take();
  f.run([handle = a.handle](Engine& engine, const Stamp& stamp) {
    const Handle handles[] = {handle, handle};
    QueueSystem::Outcomes outcomes;
    REQUIRE(engine.queues.ack(engine.context(stamp), "jobs", handles, outcomes).value());
    REQUIRE(outcomes == QueueSystem::Outcomes{Queue::Outcome::kDone, Queue::Outcome::kNoSuchMessage});
  });
}

TEST_CASE("a superseded handle is refused and counted", "[queue]") {
  QueueFixture f;
  f.add("a");
  const Taken first = f.take(Millis{10});
  f.advance(Millis{6'000});
  const Taken second = f.take();
  REQUIRE(second.handle.deliveries == 2);
  REQUIRE(f.ack(first.handle) == kRefused);
  REQUIRE(f.extend(first.handle, Millis{10}) == kRefused);
  REQUIRE(f.fail(first.handle) == kRefused);
  REQUIRE(f.queue().totals.stale_acks == 1);
  REQUIRE(f.ack(second.handle) == kDone);
}

TEST_CASE("a handle that was never given out is refused", "[queue]") {
  QueueFixture f;
  f.add("a");
  const Taken a = f.take();
  REQUIRE(f.ack({a.handle.id, 2}) == kRefused);
  REQUIRE(f.ack({a.handle.id, 0}) == kRefused);
  REQUIRE(f.ack({{1, 1}, 1}) == kNoSuchMessage);
}

TEST_CASE("a late ack counts while nobody else has the message", "[queue]") {
  QueueFixture f;
  f.add("a");
  f.add("b");
  const Taken a = f.take(Millis{10});
  f.advance(Millis{10});
  REQUIRE(f.state(a.handle.id) == "delayed");
  REQUIRE(f.ack(a.handle) == kDone);
  REQUIRE(f.queue().totals.late_acks == 1);

  const Taken b = f.take(Millis{10});
  f.advance(Millis{10'000});
  REQUIRE(f.state(b.handle.id) == "ready");
  REQUIRE(f.ack(b.handle) == kDone);
  REQUIRE_FALSE(f.exists());
}

TEST_CASE("acking on a missing key or a plain list finds no message", "[queue]") {
  QueueFixture f(steady_policy(), "other");
  f.run([](Engine& engine, const Stamp& stamp) { engine.push(stamp, "plain", Side::kLeft, "a"); });
  f.run([](Engine& engine, const Stamp& stamp) {
    const Handle handle{{5, 0}, 1};
    for (const char* key : {"missing", "plain"}) {
      QueueSystem::Outcomes outcomes;
      REQUIRE_FALSE(engine.queues.ack(engine.context(stamp), key, {&handle, 1}, outcomes).value());
      REQUIRE(outcomes == QueueSystem::Outcomes{Queue::Outcome::kNoSuchMessage});
    }
    REQUIRE_FALSE(engine.keyspace.find(0, "plain")->list().is_queue());
  });
}

// --- Row 7: extending

TEST_CASE("an extended lease ends later", "[queue]") {
  QueueFixture f;
  f.add("a");
  const Taken a = f.take(Millis{100});
  f.advance(Millis{50});
  REQUIRE(f.extend(a.handle, Millis{100}) == kDone);
  f.advance(Millis{99});
  REQUIRE(f.state(a.handle.id) == "leased");
  f.advance(Millis{1});
  REQUIRE(f.state(a.handle.id) == "delayed");
}

TEST_CASE("extending takes back a message whose lease ran out, delayed or ready", "[queue]") {
  QueueFixture f;
  f.add("a");
  const Taken a = f.take(Millis{10});
  f.advance(Millis{10});
  REQUIRE(f.state(a.handle.id) == "delayed");
  REQUIRE(f.extend(a.handle, Millis{10}) == kDone);
  REQUIRE(f.state(a.handle.id) == "leased");
  REQUIRE(f.message(a.handle.id)->deliveries == 1);

  f.advance(Millis{20'000});
  REQUIRE(f.state(a.handle.id) == "ready");
  REQUIRE(f.extend(a.handle, Millis{10}) == kDone);
  REQUIRE(f.state(a.handle.id) == "leased");
  REQUIRE(f.nothing_ready());
  REQUIRE(f.ack(a.handle) == kDone);
}

TEST_CASE("no extension goes past the longest lease of a delivery", "[queue]") {
  Policy policy = steady_policy();
  policy.lease_max = Millis{1'000};
  QueueFixture f(policy);
  f.add("a");
  const Taken a = f.take(Millis{400});
  f.advance(Millis{300});
  REQUIRE(f.extend(a.handle, Millis{700}) == kDone);
  REQUIRE(f.extend(a.handle, Millis{701}) == kRefused);
}

// --- Rows 8 to 11: giving back

TEST_CASE("a failed message waits by the policy and comes back at the tail", "[queue]") {
  QueueFixture f;
  const StreamId id = f.add("a");
  f.add("b");
  const Taken a = f.take();
  REQUIRE(f.fail(a.handle) == kDone);
  REQUIRE(f.state(id) == "delayed");
  REQUIRE(f.message(id)->attempts == 1);
  f.advance(Millis{4'999});
  REQUIRE(f.state(id) == "delayed");
  f.advance(Millis{1});
  REQUIRE(f.ready() == Strings{"a", "b"});
  REQUIRE(f.take().payload == "b");
  const Taken again = f.take();
  REQUIRE(again.handle.deliveries == 2);
  REQUIRE(again.attempts == 1);
  f.fail(again.handle);
  f.advance(Millis{9'999});
  REQUIRE(f.state(id) == "delayed");
  f.advance(Millis{1});
  REQUIRE(f.state(id) == "ready");
}

TEST_CASE("messages that fail together do not come back together", "[queue]") {
  QueueFixture f{Policy()};
  for (int i = 0; i < 20; ++i)
    f.add("a");
  for (const Taken& taken : f.reserve(20))
    f.fail(taken.handle);
  std::set<int64_t> due;
  f.queue().for_each_message([&](const Message& message) {
    const int64_t wait = (f.queue().timer_when(message) - f.now()).count;
    REQUIRE(wait >= 2'500);
    REQUIRE(wait <= 5'000);
    due.insert(wait);
  });
  REQUIRE(due.size() > 15);
}

TEST_CASE("a delay that the worker names is taken as given", "[queue]") {
  QueueFixture f{Policy()};
  const StreamId id = f.add("a");
  f.add("b");
  f.fail(f.take().handle, Millis{123});
  REQUIRE(f.queue().timer_when(*f.message(id)) == f.now() + Millis{123});
  f.advance(Millis{123});
  f.fail(f.take().handle);  // b
  f.fail(f.take().handle, Millis{0});
  REQUIRE(f.state(id) == "ready");
}

TEST_CASE("without backoff a failed message is at the tail at once", "[queue]") {
  Policy policy = steady_policy();
  policy.backoff = {.kind = Backoff::Kind::kNone, .base = Millis{0}, .cap = Millis{0}};
  QueueFixture f(policy);
  f.add("a");
  f.add("b");
  f.sleep(Millis{7});
  const Taken a = f.take();
  f.fail(a.handle);
  REQUIRE(f.ready() == Strings{"a", "b"});
  REQUIRE(f.message(a.handle.id)->since == f.now());
}

TEST_CASE("the last attempt that the policy allows is a message's end", "[queue]") {
  Policy policy = steady_policy();
  policy.attempts_max = 2;
  QueueFixture f(policy);
  f.add("a");
  REQUIRE(f.fail(f.take().handle, Millis{0}) == kDone);
  const Taken last = f.take();
  REQUIRE(f.fail(last.handle, Millis{0}, "boom") == kDone);
  REQUIRE_FALSE(f.exists());
  REQUIRE(f.letters().size() == 1);
  REQUIRE(f.field(f.letters()[0], "dlq.reason") == "maxattempts");
  REQUIRE(f.ack(last.handle) == kNoSuchMessage);
}

TEST_CASE("with no limit of attempts a message is tried for ever", "[queue]") {
  Policy policy = steady_policy();
  policy.attempts_max = 0;
  QueueFixture f(policy);
  const StreamId id = f.add("a");
  for (int i = 0; i < 50; ++i)
    f.fail(f.take().handle, Millis{0});
  REQUIRE(f.state(id) == "ready");
  REQUIRE(f.message(id)->attempts == 50);
}

TEST_CASE("a message given back silently is served next, without an attempt", "[queue]") {
  QueueFixture f;
  f.add("a");
  f.add("b");
  const UnixMs added = f.now();
  f.sleep(Millis{10});
  const Taken a = f.take();
  REQUIRE(f.nack(a.handle, NackMode::kSilent) == kDone);
  REQUIRE(f.ready() == Strings{"b", "a"});
  REQUIRE(f.message(a.handle.id)->attempts == 0);
  REQUIRE(f.message(a.handle.id)->since == added);
  REQUIRE(f.ack(a.handle) == kRefused);
  REQUIRE(f.extend(a.handle, Millis{10}) == kRefused);
  REQUIRE(f.take().handle == Handle{a.handle.id, 2});
}

TEST_CASE("a message given back silently with a delay waits without an attempt", "[queue]") {
  QueueFixture f;
  f.push("a");
  const UnixMs pushed = f.now();
  const Taken a = f.take();
  f.nack(a.handle, NackMode::kSilent, Millis{40}, "busy");
  REQUIRE(f.state(a.handle.id) == "delayed");
  f.advance(Millis{40});
  REQUIRE(f.state(a.handle.id) == "ready");
  REQUIRE(f.message(a.handle.id)->attempts == 0);
  REQUIRE(f.message(a.handle.id)->added() == pushed);
  REQUIRE(f.message(a.handle.id)->reason() == "busy");
  REQUIRE(f.ack(a.handle) == kRefused);
}

TEST_CASE("given back silently with no delay named as zero, a message goes to the tail", "[queue]") {
  QueueFixture f;
  f.add("a");
  f.add("b");
  f.nack(f.take().handle, NackMode::kSilent, Millis{0});
  REQUIRE(f.ready() == Strings{"a", "b"});
}

TEST_CASE("a message can be nacked only while it is leased", "[queue]") {
  QueueFixture f;
  f.add("a");
  const Taken a = f.take(Millis{10});
  f.advance(Millis{10});
  REQUIRE(f.fail(a.handle) == kRefused);
  f.advance(Millis{5'000});
  REQUIRE(f.state(a.handle.id) == "ready");
  REQUIRE(f.fail(a.handle) == kRefused);
}

TEST_CASE("a message that its worker condemns is dead at once", "[queue]") {
  QueueFixture f;
  f.add("a");
  const Taken a = f.take();
  REQUIRE(f.nack(a.handle, NackMode::kFatal, std::nullopt, "malformed") == kDone);
  REQUIRE_FALSE(f.exists());
  REQUIRE(f.field(f.letters()[0], "dlq.reason") == "fatal");
  REQUIRE(f.field(f.letters()[0], "dlq.error") == "malformed");
  REQUIRE(f.field(f.letters()[0], "dlq.attempts") == "0");
}

TEST_CASE("a reason is cut at its limit", "[queue]") {
  QueueFixture f;
  const StreamId id = f.add("a");
  f.fail(f.take().handle, Millis{50}, std::string(5'000, 'x'));
  REQUIRE(f.message(id)->reason() == std::string(kReasonBytesMax, 'x'));
}

TEST_CASE("a failure without a reason keeps the last one", "[queue]") {
  QueueFixture f;
  const StreamId id = f.add("a");
  f.fail(f.take().handle, Millis{0}, "first");
  f.fail(f.take().handle, Millis{0});
  REQUIRE(f.message(id)->reason() == "first");
  f.fail(f.take().handle, Millis{0}, "other");
  REQUIRE(f.message(id)->reason() == "other");
}

// --- Row 12: leases that run out

TEST_CASE("a lease that runs out is a failed attempt with a reason of its own", "[queue]") {
  QueueFixture f;
  const StreamId id = f.add("a");
  f.take(Millis{100});
  f.advance(Millis{99});
  REQUIRE(f.state(id) == "leased");
  f.advance(Millis{1});
  REQUIRE(f.state(id) == "delayed");
  REQUIRE(f.message(id)->attempts == 1);
  REQUIRE(f.message(id)->open);
  REQUIRE(f.message(id)->reason() == kLeaseExpired);
  REQUIRE(f.queue().totals.lease_expired == 1);
  f.advance(Millis{5'000});
  REQUIRE(f.take().handle.deliveries == 2);
}

TEST_CASE("a message whose last lease runs out is dead", "[queue]") {
  Policy policy = steady_policy();
  policy.attempts_max = 1;
  QueueFixture f(policy);
  f.add("a");
  f.take(Millis{10}, "worker-7");
  f.advance(Millis{10});
  REQUIRE_FALSE(f.exists());
  REQUIRE(f.field(f.letters()[0], "dlq.reason") == "maxattempts");
  REQUIRE(f.field(f.letters()[0], "dlq.error") == "lease-expired");
  REQUIRE(f.field(f.letters()[0], "dlq.consumer") == "worker-7");
}

TEST_CASE("a tick fires no more timers than it may, the earliest first", "[queue]") {
  QueueFixture f;
  f.add("c", Millis{30});
  f.add("a", Millis{10});
  f.add("b", Millis{20});
  f.sleep(Millis{100});
  REQUIRE(f.tick(2) == 2);
  REQUIRE(f.ready() == Strings{"b", "a"});
  REQUIRE(f.tick(2) == 1);
  REQUIRE(f.tick(2) == 0);
  REQUIRE(f.ready() == Strings{"c", "b", "a"});
}

TEST_CASE("timers of several queues fire in one order", "[queue]") {
  QueueFixture f;
  f.add("a", Millis{10});
  f.run([](Engine& engine, const Stamp& stamp) {
    QueueSystem::Add options{.due = stamp.now + Millis{5}};
    REQUIRE(engine.queues.add(engine.context(stamp), "other", options, "b").ok());
  });
  f.sleep(Millis{20});
  f.tick(1);
  REQUIRE(f.engine().events == std::vector<Event>{{"other", QueueEvent::kReady}});
  f.tick(1);
  REQUIRE(f.engine().events == std::vector<Event>{{"jobs", QueueEvent::kReady}});
}

// --- Rows 15, 16 and 18: deleting, popping, and the end of the key

TEST_CASE("a message can be deleted in any state", "[queue]") {
  QueueFixture f;
  const StreamId leased = f.add("a");
  const Taken taken = f.take();
  const StreamId ready = f.add("b");
  const StreamId delayed = f.add("c", Millis{10});
  REQUIRE(f.remove(leased) == kDone);
  REQUIRE(f.remove(ready) == kDone);
  REQUIRE(f.ack(taken.handle) == kNoSuchMessage);
  REQUIRE(f.remove(delayed) == kDone);
  REQUIRE_FALSE(f.exists());
  REQUIRE(f.remove(delayed) == kNoSuchMessage);
}

TEST_CASE("a popped message is forgotten", "[queue]") {
  QueueFixture f;
  const StreamId id = f.add("a");
  f.push("b");
  REQUIRE(f.pop(Side::kRight) == "a");
  REQUIRE(f.state(id).empty());
  REQUIRE(f.queue().totals.popped == 1);
  REQUIRE(f.pop(Side::kLeft) == "b");
  REQUIRE_FALSE(f.exists());
}

TEST_CASE("a key ends with its last message, not with its last ready one", "[queue]") {
  QueueFixture f;
  f.add("a");
  f.add("b", Millis{10});
  f.pop(Side::kRight);
  REQUIRE(f.exists());
  f.advance(Millis{10});
  f.pop(Side::kRight);
  REQUIRE_FALSE(f.exists());
}

TEST_CASE("when a key ends, its timers end with it", "[queue]") {
  QueueFixture f;
  f.add("a");
  const Taken a = f.take();
  f.add("b", Millis{10});
  f.run([](Engine& engine, const Stamp&) { engine.keyspace.erase(*engine.keyspace.find(0, "jobs")); });
  REQUIRE(f.engine().queues.next_due() == INT64_MAX);
  REQUIRE(f.ack(a.handle) == kNoSuchMessage);
}

TEST_CASE("list commands see ready messages and change them by position", "[queue]") {
  QueueFixture f;
  const StreamId a = f.add("a");
  f.push("b");
  const StreamId c = f.add("c");
  f.push("d");
  REQUIRE(f.ready() == Strings{"d", "c", "b", "a"});

  SECTION("an element that is set is another one, of the same age") {
    const UnixMs since = f.now();
    f.sleep(Millis{50});
    f.on_list([](ListValue& list, const Stamp&) { list.set(1, "C"); });
    REQUIRE(f.ready() == Strings{"d", "C", "b", "a"});
    REQUIRE(f.state(c).empty());
    REQUIRE(f.queue().oldest_ready() == since);
    f.on_list([](ListValue& list, const Stamp&) { list.set(2, "B"); });
    REQUIRE(f.ready() == Strings{"d", "C", "B", "a"});
  }
  SECTION("an inserted element is as old as its command") {
    f.sleep(Millis{50});
    f.on_list([](ListValue& list, const Stamp& stamp) { list.insert(3, "x", stamp); });
    REQUIRE(f.ready() == Strings{"d", "c", "b", "x", "a"});
    f.pop(Side::kRight);
    const Taken x = f.take();
    REQUIRE(f.message(x.handle.id)->added() == f.now());
  }
  SECTION("erased elements are popped") {
    f.on_list([](ListValue& list, const Stamp&) { list.erase(1, 3); });
    REQUIRE(f.ready() == Strings{"d"});
    REQUIRE(f.state(a).empty());
    REQUIRE(f.queue().totals.popped == 3);
  }
}

TEST_CASE("a renamed queue carries its messages and follows the policy of its new key", "[queue]") {
  QueueFixture f;
  f.add("a");
  const Taken a = f.take(Millis{10});
  f.run([](Engine& engine, const Stamp& stamp) {
    Policy policy = steady_policy();
    policy.attempts_max = 1;
    REQUIRE(engine.queues.set_policy(engine.context(stamp), "renamed", policy).ok());
  });
  f.run([](Engine& engine, const Stamp& stamp) {
    engine.queues.created(engine.keyspace.rename(*engine.keyspace.find(0, "jobs"), 0, "renamed"), stamp);
  });
  f.advance(Millis{10});
  REQUIRE_FALSE(f.exists("renamed"));
  REQUIRE(f.letters("renamed:dead").size() == 1);
  REQUIRE(f.field(f.letters("renamed:dead")[0], "dlq.source") == "renamed");
}

// --- Row 19: the start of the server

TEST_CASE("after a start no lease ends within ten seconds", "[queue]") {
  QueueFixture f;
  const StreamId soon = f.add("a");
  const StreamId later = f.add("b");
  f.take(Millis{100});
  f.take(Millis{60'000});
  const UnixMs later_deadline = f.now() + Millis{60'000};
  f.sleep(Millis{5'000});
  REQUIRE(f.restart() == 1);
  REQUIRE(f.queue().timer_when(*f.message(soon)) == f.now() + Millis{10'000});
  REQUIRE(f.queue().timer_when(*f.message(later)) == later_deadline);
  REQUIRE(f.restart() == 0);
  f.advance(Millis{9'999});
  REQUIRE(f.state(soon) == "leased");
}

TEST_CASE("leases put off at a start end in the order in which they would have", "[queue]") {
  Policy policy = steady_policy();
  policy.backoff = {.kind = Backoff::Kind::kNone, .base = Millis{0}, .cap = Millis{0}};
  QueueFixture f(policy);
  for (const char* payload : {"a", "b", "c"})
    f.add(payload);
  f.take(Millis{30});
  f.take(Millis{10});
  f.take(Millis{20});
  f.sleep(Millis{1'000});
  REQUIRE(f.restart() == 3);
  f.advance(Millis{10'000});
  REQUIRE(f.ready() == Strings{"a", "c", "b"});
}

TEST_CASE("totals begin anew at a start", "[queue]") {
  QueueFixture f;
  f.add("a");
  REQUIRE(f.queue().totals.added == 1);
  f.restart();
  REQUIRE(f.queue().totals.added == 0);
  REQUIRE(f.engine().queues.totals().added == 0);
}

// --- Ages

TEST_CASE("the oldest ready message is known whichever end it lies at", "[queue]") {
  QueueFixture f;
  const UnixMs first = f.now();
  f.push(Side::kLeft, "old");
  f.sleep(Millis{10});
  f.push(Side::kLeft, "left");
  f.push(Side::kRight, "right");
  REQUIRE(f.queue().oldest_ready() == first);
  f.pop(Side::kRight);
  f.pop(Side::kRight);
  REQUIRE(f.queue().oldest_ready() == first + Millis{10});
}

TEST_CASE("the oldest lease and the next due time are known", "[queue]") {
  QueueFixture f;
  f.add("a");
  f.add("b");
  const UnixMs first = f.now();
  const Taken a = f.take();
  f.sleep(Millis{10});
  f.take({}, "other");
  REQUIRE(f.queue().oldest_leased() == first);
  REQUIRE(f.queue().consumers.holding() == 2);
  f.ack(a.handle);
  REQUIRE(f.queue().oldest_leased() == first + Millis{10});
  REQUIRE(f.queue().consumers.holding() == 1);
  f.add("c", Millis{500});
  f.add("d", Millis{300});
  REQUIRE(f.queue().next_due() == f.now() + Millis{300});
}

TEST_CASE("a message costs at most a hundred bytes beyond a payload of a hundred", "[queue]") {
  Message* message = Message::create({1, 0}, std::string(100, 'x'));
  constexpr size_t kTimerBytes = 24;
  constexpr size_t kIndexBytes = 10;
  REQUIRE(message->bytes() + kTimerBytes + kIndexBytes <= 200);
  Message::destroy(message);
}
