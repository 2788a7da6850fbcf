// Schedulers that prefer one server until it has enough: fo, ovf, lblc; and twos.
#include <atomic>
#include <catch2/catch.hpp>
#include <vector>

#include "test/scheduler/support.h"

using scheduler_test::compile;
using scheduler_test::optional_of;
using scheduler_test::Random;
using scheduler_test::servers_of;
using scheduler_test::Weights;

namespace {

// Servers whose slots are their positions, with counts at one worker and what a request needs
// besides.
struct Cluster {
  explicit Cluster(size_t servers) : loads(servers), overloads(servers) {}

  std::optional<uint32_t> pick(const scheduler::Plan& plan, uint32_t destination = 1,
                               uint64_t random = 0) {
    const lb::Load* const workers[] = {loads.data()};
    return optional_of(plan.pick({.loads = scheduler::LoadView(workers),
                                  .overloads = scheduler::Overloads(overloads.data()),
                                  .destination = destination,
                                  .random = random,
                                  .memory = &memory}));
  }
  void hold(size_t server, uint32_t connections) { loads[server].active.set(connections); }

  std::vector<lb::Load> loads;
  std::vector<std::atomic<uint8_t>> overloads;
  std::atomic<uint64_t> memory = 0;
};

}  // namespace

TEST_CASE("fo takes the heaviest, the first of equals, and others only while it is overloaded") {
  Cluster cluster(4);
  const auto plan = compile("fo", {1, 7, 7, 3});
  cluster.hold(1, 1000);
  CHECK(cluster.pick(*plan) == 1u);
  cluster.overloads[1] = 1;
  CHECK(cluster.pick(*plan) == 2u);
  cluster.overloads[2] = 1;
  CHECK(cluster.pick(*plan) == 3u);
  cluster.overloads[1] = 0;
  CHECK(cluster.pick(*plan) == 1u);
}

TEST_CASE("ovf fills servers to one more than their weight, the heaviest first, then refuses") {
  Cluster cluster(3);
  const auto plan = compile("ovf", {1, 2, 2});
  std::vector<uint32_t> held(3);
  std::vector<uint32_t> order;
  while (const auto chosen = cluster.pick(*plan)) {
    order.push_back(*chosen);
    cluster.hold(*chosen, ++held[*chosen]);
  }
  CHECK(order == std::vector<uint32_t>{1, 1, 1, 2, 2, 2, 0, 0});
}

TEST_CASE("lblc stays with a destination's server until that is busy and another idle") {
  Cluster cluster(3);
  const auto plan = compile("lblc", {4, 4, 4});
  CHECK(cluster.pick(*plan) == 0u);
  cluster.hold(0, 4);
  CHECK(cluster.pick(*plan) == 0u);
  // More than its weight, but nobody has less than half of its own.
  cluster.hold(0, 5);
  cluster.hold(1, 2);
  cluster.hold(2, 2);
  CHECK(cluster.pick(*plan) == 0u);
  cluster.hold(2, 1);
  CHECK(cluster.pick(*plan) == 2u);
  // From now on that one is the destination's.
  cluster.hold(0, 0);
  CHECK(cluster.pick(*plan) == 2u);
}

TEST_CASE("lblc chooses anew for another destination, and when the server is no more to be had") {
  Cluster cluster(3);
  const auto plan = compile("lblc", {4, 4, 4});
  CHECK(cluster.pick(*plan, 1) == 0u);
  cluster.hold(0, 1);
  CHECK(cluster.pick(*plan, 1) == 0u);
  CHECK(cluster.pick(*plan, 2) == 1u);
  cluster.hold(1, 1);
  CHECK(cluster.pick(*plan, 2) == 1u);
  cluster.overloads[1] = 1;
  CHECK(cluster.pick(*plan, 2) == 2u);
  CHECK(cluster.pick(*compile("lblc", {4, 4, 0}), 2) == 0u);
}

TEST_CASE("what lblc remembers outlives its plan, by slot") {
  Cluster cluster(3);
  CHECK(cluster.pick(*compile("lblc", {4, 4, 4})) == 0u);
  cluster.hold(0, 3);
  const std::vector<scheduler::Server> reordered = {{2, 4}, {1, 4}, {0, 4}};
  CHECK(cluster.pick(*scheduler::find("lblc")->compile(reordered)) == 2u);
}

TEST_CASE("whatever an earlier scheduler left in the cell, lblc takes a server that there is") {
  Cluster cluster(3);
  const auto plan = compile("lblc", {4, 4, 0});
  for (const uint64_t left : {uint64_t{0}, uint64_t{3}, uint64_t{1} << 32, uint64_t{1} << 32 | 3,
                              uint64_t{1} << 32 | 77, ~uint64_t{0}}) {
    cluster.memory = left;
    CHECK(cluster.pick(*plan, 1) == 0u);
    cluster.memory = left;
    CHECK(cluster.pick(*plan, 0xffffffff) == 0u);
  }
}

TEST_CASE("twos draws servers by weight, for random numbers") {
  Cluster cluster(3);
  const auto plan = compile("twos", {1, 2, 5});
  Random random(1);
  std::vector<uint32_t> counts(3);
  // All idle, so the first drawn is taken.
  for (int i = 0; i < 80000; ++i) ++counts[cluster.pick(*plan, 1, random.next()).value()];
  CHECK(counts[0] == Approx(10000).epsilon(0.05));
  CHECK(counts[1] == Approx(20000).epsilon(0.05));
  CHECK(counts[2] == Approx(50000).epsilon(0.05));
}

TEST_CASE("twos takes the less loaded of its two: the busiest only if it was drawn twice") {
  Cluster cluster(4);
  const auto plan = compile("twos", {1, 1, 1, 1});
  cluster.hold(2, 10);
  Random random(2);
  uint32_t busiest = 0;
  for (int i = 0; i < 16000; ++i) busiest += cluster.pick(*plan, 1, random.next()) == 2u;
  CHECK(busiest == Approx(1000).epsilon(0.15));
}

TEST_CASE("twos draws among those not overloaded, by their weights") {
  Cluster cluster(4);
  const auto plan = compile("twos", {1, 90, 3, 0});
  cluster.overloads[1] = 1;
  Random random(3);
  std::vector<uint32_t> counts(4);
  for (int i = 0; i < 40000; ++i) ++counts[cluster.pick(*plan, 1, random.next()).value()];
  CHECK(counts[0] == Approx(10000).epsilon(0.05));
  CHECK(counts[2] == Approx(30000).epsilon(0.05));
}

TEST_CASE("twos keeps a hundred servers nearly level, as two choices do") {
  Cluster cluster(100);
  const auto plan = compile("twos", Weights(100, 1));
  Random random(4);
  std::vector<uint32_t> held(100);
  for (int i = 0; i < 10000; ++i) {
    const uint32_t chosen = cluster.pick(*plan, 1, random.next()).value();
    cluster.hold(chosen, ++held[chosen]);
  }
  for (const uint32_t count : held) CHECK(count < 100 + 6);
}
