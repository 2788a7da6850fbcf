// How many buffers there are, and how many of them may wait.
#include "control/buffer_count.h"

#include <catch2/catch.hpp>

namespace control {
namespace {

TEST_CASE("with buffers enough as many packets wait as can be of use") {
  const dataplane::Waits most;
  const dataplane::Waits waits = waits_for(65536, 2, 2);
  CHECK(waits.fragments == most.fragments);
  CHECK(waits.held == most.held);
}

TEST_CASE("with the fewest that a file may have, half of what queues leave goes on receiving") {
  conf::Config config;
  config.interfaces.resize(1);
  const int queues = GENERATE(1, 2, 16);
  for (int i = 0; i < queues; ++i) {
    config.interfaces[0].devices.push_back("net_af_xdp" + std::to_string(i));
  }
  for (const dataplane::WorkerNumber workers : {1, 2, 8}) {
    uint32_t least = 1;
    for (;; ++least) {
      config.mbufs = least;
      if (!why_too_few_buffers(config, workers)) break;
    }
    const auto of_queues = static_cast<uint32_t>(queues) * 2048;
    const dataplane::Waits waits = waits_for(least, static_cast<uint32_t>(queues), workers);
    CHECK(waits.fragments >= 256);
    CHECK(waits.held >= 256);
    CHECK(workers * (waits.fragments + waits.held) <= (least - of_queues) / 2);
  }
}

TEST_CASE("more queues than there were likely to be leave something to wait in") {
  const dataplane::Waits waits = waits_for(4096, 64, 2);
  CHECK(waits.fragments == 256);
  CHECK(waits.held == 256);
}

}  // namespace
}  // namespace control
