// SPDX-License-Identifier: MIT
//
// One simulation from a seed: sim SEED [STEPS [POLICY]]. Prints what happened; exit status 1 if something did not hold.
#include <cstdio>
#include <cstdlib>

#include "tests/sim/simulator.h"

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: sim SEED [STEPS [always|everysec|no]]\n");
    return 2;
  }
  const uint64_t seed = std::strtoull(argv[1], nullptr, 10);
  const uint64_t steps = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 10'000;
  sluice::test::Simulator simulator(seed, argc > 3 ? argv[3] : "always");
  const sluice::test::SimulationReport report = simulator.run(steps);
  std::printf(
      "seed %llu: %llu steps, %llu requests, %llu acked, %llu power cuts, %llu kills, %llu refused: %s\n",
      static_cast<unsigned long long>(seed), static_cast<unsigned long long>(report.steps),
      static_cast<unsigned long long>(report.requests), static_cast<unsigned long long>(report.acked),
      static_cast<unsigned long long>(report.power_cuts), static_cast<unsigned long long>(report.kills),
      static_cast<unsigned long long>(report.refused),
      report.failure.empty() ? "held" : report.failure.c_str());
  return report.failure.empty() ? 0 : 1;
}
