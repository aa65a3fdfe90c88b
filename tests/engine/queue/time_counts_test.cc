// SPDX-License-Identifier: MIT
#include "engine/queue/time_counts.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>

using namespace sluice;

TEST_CASE("the oldest time is that of a sorted map", "[queue]") {
  const uint64_t seed = GENERATE(1u, 2u);
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  TimeCounts counts;
  std::map<int64_t, uint64_t> model;
  int64_t now = 0;
  uint64_t total = 0;
  for (int step = 0; step < 20'000; ++step) {
    now += static_cast<int64_t>(random() % 3);
    if (random() % 100 < 52) {
      const int64_t time = random() % 5 == 0 ? static_cast<int64_t>(random() % 1'000) : now;
      const uint64_t count = 1 + random() % 3;
      counts.add(UnixMs{time}, count);
      model[time] += count;
      total += count;
    } else if (!model.empty()) {
      auto gone =
          random() % 2 == 0 ? model.begin() : model.lower_bound(static_cast<int64_t>(random()) % (now + 1));
      if (gone == model.end()) continue;
      const uint64_t count = 1 + random() % gone->second;
      counts.remove(UnixMs{gone->first}, count);
      total -= count;
      gone->second -= count;
      if (gone->second == 0) model.erase(gone);
    }
    REQUIRE(counts.oldest().has_value() == !model.empty());
    if (!model.empty()) REQUIRE(counts.oldest()->count == model.begin()->first);
    if (step % 100 == 0) REQUIRE(counts.total() == total);
  }
}

TEST_CASE("times that have emptied in the middle do not pile up", "[queue]") {
  TimeCounts counts;
  counts.add(UnixMs{0});
  for (int64_t time = 1; time < 10'000; ++time) {
    counts.add(UnixMs{time});
    counts.add(UnixMs{time + 1});
    counts.remove(UnixMs{time});
  }
  for (int64_t time = 1; time < 10'000; ++time)
    counts.remove(UnixMs{time + 1});
  REQUIRE(counts.oldest() == UnixMs{0});
  REQUIRE(counts.bytes() < 1'000);
}
