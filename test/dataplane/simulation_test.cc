// Thousands of small histories of a director of several workers, each decided by a number, in which
// nothing may be lost, doubled, miscounted or sent astray. LBD_SEED=17 in the environment runs only
// history 17.
#include <catch2/catch.hpp>

#include <cstdlib>

#include "test/dataplane/support/simulation.h"

using dataplane_test::Simulation;

TEST_CASE("workers in any order of turns are one director", "[slow][one-worker]") {
  constexpr uint64_t kSeeds = 1200;
  const char* one = std::getenv("LBD_SEED");
  const uint64_t first = one != nullptr ? std::strtoull(one, nullptr, 0) : 1;
  const uint64_t last = one != nullptr ? first : kSeeds;
  for (uint64_t seed = first; seed <= last; ++seed) {
    const std::string faults = Simulation(seed).run();
    INFO("again: LBD_SEED=" << seed);
    REQUIRE(faults == "");
  }
}
