// A worker's loop on an lcore of its own.
#include "dataplane/loop.h"

#include <rte_launch.h>
#include <sys/prctl.h>

#include <chrono>
#include <thread>

#include "test/dataplane/support/eal.h"
#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

namespace {

int timer_slack(void*) { return prctl(PR_GET_TIMERSLACK); }

int timer_slack_of(unsigned lcore) {
  REQUIRE(rte_eal_remote_launch(timer_slack, nullptr, lcore) == 0);
  return rte_eal_wait_lcore(lcore);
}

}  // namespace

TEST_CASE("a worker that sleeps forwards what comes, and lets no timer run late by intent",
          "[one-worker]") {
  const unsigned lcore = started_eal().worker_lcores()[0];
  Lab lab(Setup{.services = one_service("udp"), .workers = 1});
  for (int i = 0; i < 3; ++i) {
    lab.io().put(lab.link_number("wan"), udp(kClient, kVip).build(lab.mac_of_link("wan")));
  }
  {
    const dataplane::Clock clock;
    const dataplane::IdlePolicy idle{.sleep_us = 50, .after_polls = 0};
    dataplane::Loop loop(lab.worker(), clock, lcore, idle);
    REQUIRE(loop.start());
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (lab.count(&dataplane::WorkerCounters::packets) < 3) {
      REQUIRE(std::chrono::steady_clock::now() < end);
      std::this_thread::yield();
    }
  }
  CHECK(lab.io().take_sent().size() == 3);
  CHECK(timer_slack_of(lcore) == 1);
}
