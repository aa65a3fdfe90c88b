// SPDX-License-Identifier: MIT
#include "engine/base/timer_heap.h"

#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <random>
#include <utility>

using namespace sluice;

namespace {

// The model: timers by (when, order). No two have the same order here, so there is one right answer.
using Model = std::multimap<std::pair<int64_t, uint64_t>, Timer*>;

Timer* pop(TimerHeap& heap) {
  Timer* timer = heap.first();
  heap.disarm(*timer);
  return timer;
}

void forget(Model& model, const Timer* timer) {
  for (auto it = model.begin(); it != model.end(); ++it) {
    if (it->second != timer) continue;
    model.erase(it);
    return;
  }
}

}  // namespace

TEST_CASE("an empty heap has no first timer and no deadline", "[timer]") {
  const TimerHeap heap;
  REQUIRE(heap.empty());
  REQUIRE(heap.first() == nullptr);
  REQUIRE(heap.first_when() == INT64_MAX);
}

TEST_CASE("timers come by time, and at the same time by order", "[timer]") {
  TimerHeap heap;
  Timer late, third, first, second;
  heap.arm(late, 20, 0);
  heap.arm(third, 10, 3);
  heap.arm(first, 10, 1);
  heap.arm(second, 10, 2);
  REQUIRE(heap.first_when() == 10);
  REQUIRE(pop(heap) == &first);
  REQUIRE(pop(heap) == &second);
  REQUIRE(pop(heap) == &third);
  REQUIRE(heap.first_when() == 20);
  REQUIRE(pop(heap) == &late);
  REQUIRE(heap.empty());
}

TEST_CASE("a timer before 1970 and one at the end of time are in order too", "[timer]") {
  TimerHeap heap;
  Timer never, past;
  heap.arm(never, INT64_MAX, UINT64_MAX);
  heap.arm(past, INT64_MIN, 0);
  REQUIRE(pop(heap) == &past);
  REQUIRE(pop(heap) == &never);
}

TEST_CASE("arming an armed timer moves it, forth and back", "[timer]") {
  TimerHeap heap;
  Timer a(1), b(2);
  heap.arm(a, 10, 1);
  heap.arm(b, 20, 2);
  heap.arm(a, 30, 3);
  REQUIRE(heap.size() == 2);
  REQUIRE(heap.first()->kind() == 2);
  REQUIRE(heap.when(a) == 30);
  REQUIRE(heap.order(a) == 3);
  heap.arm(a, 20, 1);
  REQUIRE(heap.first() == &a);
  heap.arm(a, 20, 3);
  REQUIRE(heap.first() == &b);
}

TEST_CASE("disarming twice is disarming once, and a disarmed timer can be armed again", "[timer]") {
  TimerHeap heap;
  Timer timer;
  heap.disarm(timer);
  heap.arm(timer, 1, 1);
  REQUIRE(timer.armed());
  heap.disarm(timer);
  heap.disarm(timer);
  REQUIRE_FALSE(timer.armed());
  REQUIRE(heap.empty());
  heap.arm(timer, 2, 1);
  REQUIRE(heap.first_when() == 2);
}

TEST_CASE("disarming any timer of a heap leaves the others in order", "[timer]") {
  constexpr int kTimers = 60;
  for (int victim = 0; victim < kTimers; ++victim) {
    CAPTURE(victim);
    TimerHeap heap;
    std::deque<Timer> timers(kTimers);
    // Two branches far apart: taking one from the late branch puts an early last node there.
    for (int i = 0; i < kTimers; ++i)
      heap.arm(timers[i], i % 4 == 1 ? 1000 + i : i, static_cast<uint64_t>(i));
    heap.disarm(timers[victim]);
    heap.check_invariants();
    int64_t before = INT64_MIN;
    while (!heap.empty()) {
      REQUIRE(heap.first_when() >= before);
      before = heap.first_when();
      REQUIRE(pop(heap) != &timers[victim]);
    }
  }
}

TEST_CASE("any run of arming, moving and disarming agrees with a sorted map", "[timer]") {
  const uint64_t seed = GENERATE(1u, 2u, 3u, 4u, 5u);
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  TimerHeap heap;
  std::deque<Timer> timers(200);
  Model model;
  uint64_t order = 0;
  for (int step = 0; step < 20'000; ++step) {
    Timer& timer = timers[random() % timers.size()];
    switch (random() % 4) {
      case 0:
      case 1: {
        forget(model, &timer);
        // Few different times, so that order decides often; sometimes earlier than what is there already.
        const auto when = static_cast<int64_t>(random() % 50) - 25 + (seed % 2 == 0 ? step / 10 : 0);
        heap.arm(timer, when, ++order);
        model.emplace(std::pair(when, order), &timer);
        break;
      }
      case 2:
        forget(model, &timer);
        heap.disarm(timer);
        break;
      case 3:
        if (model.empty()) break;
        REQUIRE(heap.first() == model.begin()->second);
        model.erase(model.begin());
        pop(heap);
        break;
    }
    REQUIRE(heap.size() == model.size());
    REQUIRE(heap.first_when() == (model.empty() ? INT64_MAX : model.begin()->first.first));
    if (step % 64 == 0) heap.check_invariants();
  }
  while (!model.empty()) {
    REQUIRE(pop(heap) == model.begin()->second);
    model.erase(model.begin());
  }
  REQUIRE(heap.empty());
}

TEST_CASE("a heap over several segments keeps its order and gives its memory back", "[timer]") {
  constexpr int kTimers = 50'000;
  TimerHeap heap;
  std::deque<Timer> timers(kTimers);
  std::mt19937_64 random(7);
  for (int i = 0; i < kTimers; ++i) {
    heap.arm(timers[i], static_cast<int64_t>(random() % 1000), static_cast<uint64_t>(i));
  }
  heap.check_invariants();
  const size_t bytes_full = heap.bytes();
  REQUIRE(bytes_full >= kTimers * 24);

  std::pair<int64_t, uint64_t> before{INT64_MIN, 0};
  while (!heap.empty()) {
    const Timer* first = heap.first();
    const std::pair now{heap.when(*first), heap.order(*first)};
    REQUIRE(before < now);
    before = now;
    pop(heap);
  }
  REQUIRE(heap.bytes() < bytes_full / 4);
}
