// Thousands of small histories of a director of several workers, each decided by a number, in which
// nothing may be lost, doubled, miscounted or sent astray. LBD_SEED=17 in the environment runs only
// history 17, LBD_SEED=1-20000 these.
#include <catch2/catch.hpp>

#include <cstdlib>

#include "test/dataplane/support/simulation.h"

using dataplane_test::Simulation;

TEST_CASE("workers in any order of turns are one director", "[slow][one-worker]") {
  constexpr uint64_t kSeeds = 1200;
  uint64_t first = 1;
  uint64_t last = kSeeds;
  if (const char* wanted = std::getenv("LBD_SEED")) {
    char* end = nullptr;
    first = last = std::strtoull(wanted, &end, 0);
    if (*end == '-') last = std::strtoull(end + 1, &end, 0);
    REQUIRE(*end == '\0');
    REQUIRE(first <= last);
  }
  for (uint64_t seed = first; seed <= last; ++seed) {
    const std::string faults = Simulation(seed).run();
    INFO("again: LBD_SEED=" << seed);
    REQUIRE(faults == "");
  }
}
