// SPDX-License-Identifier: MIT
//
// Many messages fail at once and keep failing: how they come back, and how many are dead after an outage. On a clock
// that jumps from one timer to the next. The wanted figures are those of the specification's table, means of 20 seeds;
// SLUICE_STORM_SEEDS sets another number than the few of an ordinary run.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>
#include <vector>

#include "tests/engine/queue/queue_engine.h"

using namespace sluice;

namespace {

constexpr size_t kMessages = 10'000;
constexpr int64_t kStart = 1'000'000'000;
constexpr int64_t kShortOutage = 5 * 60'000;
constexpr int64_t kLongOutage = 2 * 3'600'000;
constexpr uint32_t kAttempts = 20;
constexpr uint32_t kFewAttempts = 10;

struct Storm {
  // Of the retry with that number: the most within one second.
  std::array<double, kAttempts + 1> peak{};
  double dead_of_few = 0;  // shares, in percent
  double dead_of_many = 0;
};

Storm storm(const Backoff& backoff, uint64_t seed) {
  testing::Engine engine;
  uint64_t sequence = 0;
  const auto stamp = [&](int64_t now) {
    engine.queues.set_now(UnixMs{now});
    ++sequence;
    return Stamp{.sequence = sequence, .now = UnixMs{now}, .entropy = mix(seed * 1'000'003 + sequence)};
  };
  Policy policy;
  policy.backoff = backoff;
  policy.attempts_max = kAttempts;
  policy.dead_letter = "";
  const Stamp begin = stamp(kStart);
  REQUIRE(engine.queues.set_policy(engine.context(begin), "q", policy).ok());
  for (size_t i = 0; i < kMessages; ++i)
    engine.push(begin, "q", Side::kLeft, "x");

  std::array<std::map<int64_t, size_t>, kAttempts + 1> by_second;
  Storm result;
  size_t dead_of_few = 0;
  int64_t now = kStart;
  const std::string_view keys[] = {"q"};
  // Whatever is ready is tried, and fails while the outage lasts.
  while (now < kStart + kLongOutage && engine.keyspace.find(0, "q") != nullptr) {
    const Stamp taking = stamp(now);
    const auto taken =
        engine.queues.reserve(engine.context(taking), keys, {.count = kMessages, .lease = {}}, "w");
    std::vector<Handle> handles;
    for (const Reservation& one : taken.value()) {
      const uint32_t retry = one.message->attempts;
      if (retry > 0) ++by_second[retry][(now - kStart) / 1'000];
      if (retry + 1 == kFewAttempts && now < kStart + kShortOutage) ++dead_of_few;
      handles.push_back(one.message->handle());
    }
    const Stamp failing = stamp(now);
    QueueSystem::Outcomes outcomes;
    if (!handles.empty())
      REQUIRE(engine.queues.nack(engine.context(failing), "q", handles, Nack{}, outcomes).ok());
    const int64_t due = engine.queues.next_due();
    if (due == INT64_MAX) break;
    now = due;
    const Stamp ticking = stamp(now);
    while (engine.queues.tick(engine.context(ticking), UnixMs{now}, 1'000) == 1'000) {
    }
  }
  for (uint32_t retry = 1; retry <= kAttempts; ++retry) {
    for (const auto& [second, count] : by_second[retry])
      result.peak[retry] = std::max(result.peak[retry], static_cast<double>(count));
  }
  result.dead_of_few = 100.0 * static_cast<double>(dead_of_few) / kMessages;
  result.dead_of_many = 100.0 * static_cast<double>(engine.queues.totals().discarded) / kMessages;
  return result;
}

int seeds() {
  constexpr int kSeeds = 2;
  const char* const text = std::getenv("SLUICE_STORM_SEEDS");
  return text == nullptr ? kSeeds : std::max(1, std::atoi(text));
}

// Within a tenth; a fifth where few are counted. Shares of deaths within a tenth too, but never closer than two points.
void require_near(double measured, double wanted) {
  const double tolerance = wanted < 100 ? 0.2 : 0.1;
  REQUIRE(measured >= wanted * (1 - tolerance));
  REQUIRE(measured <= wanted * (1 + tolerance));
}
void require_share(double measured, double wanted) {
  REQUIRE(std::abs(measured - wanted) <= std::max(2.0, wanted / 10));
}

}  // namespace

TEST_CASE("a storm of retries spreads as the specification's table says", "[queue][storm]") {
  struct Row {
    const char* name;
    int64_t base;
    uint32_t jitter;
    std::array<double, 4> peaks;  // of the 1st, 2nd, 4th and 8th retry
    double dead_of_few;
    double dead_of_many;
  };
  static constexpr Row kRows[] = {
      {"none, base 1 s", 1'000, 0, {10'000, 10'000, 10'000, 10'000}, 0, 0},
      {"full, base 1 s", 1'000, 100, {10'000, 4'904, 1'256, 96}, 68, 100},
      {"equal, base 1 s", 1'000, 50, {10'000, 7'511, 2'515, 196}, 2, 82},
      {"equal, base 5 s", 5'000, 50, {4'008, 2'034, 522, 50}, 0, 0},
  };
  for (const Row& row : kRows) {
    const Backoff backoff{.kind = Backoff::Kind::kExponential,
                          .base = Millis{row.base},
                          .cap = Millis{900'000},
                          .jitter_percent = row.jitter};
    Storm mean;
    const int count = seeds();
    for (int seed = 1; seed <= count; ++seed) {
      const Storm one = storm(backoff, static_cast<uint64_t>(seed));
      for (size_t i = 0; i < one.peak.size(); ++i)
        mean.peak[i] += one.peak[i] / count;
      mean.dead_of_few += one.dead_of_few / count;
      mean.dead_of_many += one.dead_of_many / count;
    }
    UNSCOPED_INFO(row.name << ": peaks " << mean.peak[1] << ", " << mean.peak[2] << ", " << mean.peak[4]
                           << ", " << mean.peak[8] << "; dead " << mean.dead_of_few << " %, "
                           << mean.dead_of_many << " %; mean of seeds 1 to " << count);
    require_near(mean.peak[1], row.peaks[0]);
    require_near(mean.peak[2], row.peaks[1]);
    require_near(mean.peak[4], row.peaks[2]);
    require_near(mean.peak[8], row.peaks[3]);
    require_share(mean.dead_of_few, row.dead_of_few);
    require_share(mean.dead_of_many, row.dead_of_many);
  }
}
