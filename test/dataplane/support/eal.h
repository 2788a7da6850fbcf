// DPDK's environment, which starts once per process: shared by the tests that need it, small pages
// and two lcores on one CPU.
#pragma once

#include <catch2/catch.hpp>

#include "dataplane/eal.h"

namespace dataplane_test {

inline const dataplane::Eal& started_eal() {
  static const auto eal =
      dataplane::Eal::start({.arguments = {"--no-huge", "--no-telemetry", "-m", "128", "--lcores",
                                           "0@0,1@0", "--vdev=net_null0", "--vdev=net_ring0"},
                             .devices = {}});
  REQUIRE(eal);
  return *eal;
}

}  // namespace dataplane_test
