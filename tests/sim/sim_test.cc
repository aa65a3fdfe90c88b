// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include <cstdlib>

#include "tests/sim/simulator.h"

using sluice::test::SimulationReport;
using sluice::test::Simulator;

namespace {

// SLUICE_SIM_SEEDS asks for more seeds than the ordinary run has.
uint64_t seeds(uint64_t usual) {
  const char* wanted = std::getenv("SLUICE_SIM_SEEDS");
  return wanted == nullptr ? usual : std::strtoull(wanted, nullptr, 10);
}

void simulate(const char* appendfsync, uint64_t count) {
  SimulationReport sum;
  for (uint64_t seed = 1; seed <= count; ++seed) {
    Simulator simulator(seed, appendfsync);
    const SimulationReport report = simulator.run(400);
    INFO("appendfsync " << appendfsync << ", seed " << seed);
    REQUIRE(report.failure == "");
    sum.requests += report.requests;
    sum.power_cuts += report.power_cuts;
    sum.kills += report.kills;
    sum.faults += report.faults;
    sum.refused += report.refused;
    sum.acked += report.acked;
    sum.entries_acked += report.entries_acked;
    sum.letters += report.letters;
    sum.rewrites += report.rewrites;
  }
  WARN("appendfsync " << appendfsync << ", seeds 1.." << count << ": " << sum.requests << " requests, "
                      << sum.acked << " acked, " << sum.entries_acked << " entries acked, " << sum.letters
                      << " dead letters, " << sum.power_cuts << " power cuts, " << sum.kills << " kills, "
                      << sum.faults << " faulty spells, " << sum.refused << " refused, " << sum.rewrites
                      << " rewrites");
  // A simulation in which nothing happens proves nothing.
  REQUIRE(sum.acked > count);
  REQUIRE(sum.entries_acked > count);
  REQUIRE(sum.letters > count);
  REQUIRE(sum.power_cuts > count);
  REQUIRE(sum.faults > count);
  REQUIRE(sum.rewrites > 0);
}

}  // namespace

TEST_CASE("nothing that a client was told is lost under always, whatever dies when", "[sim]") {
  simulate("always", seeds(150));
}

TEST_CASE("everysec comes back with a state that it had", "[sim]") {
  simulate("everysec", seeds(75));
}
TEST_CASE("no comes back with a state that it had", "[sim]") {
  simulate("no", seeds(25));
}
