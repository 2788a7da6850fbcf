// lc, wlc, sed and nq: the least loaded, counted over all workers.
#include "scheduler/least_connection.h"

#include <catch2/catch.hpp>
#include <vector>

#include "scheduler/weighted_least_connection.h"
#include "test/scheduler/support.h"

using scheduler_test::compile;
using scheduler_test::optional_of;
using scheduler_test::Random;
using scheduler_test::Weights;

namespace {

// Counts of servers at workers.
class Loads {
 public:
  Loads(size_t workers, size_t slots) {
    for (size_t i = 0; i < workers; ++i) loads_.emplace_back(slots);
    for (const auto& loads : loads_) views_.push_back(loads.data());
  }
  void set(size_t worker, size_t slot, uint32_t active, uint32_t inactive) {
    loads_[worker][slot].active.set(active);
    loads_[worker][slot].inactive.set(inactive);
  }
  scheduler::LoadView view() const { return scheduler::LoadView(views_); }

 private:
  std::vector<std::vector<lb::Load>> loads_;
  std::vector<const lb::Load*> views_;
};

struct Counts {
  uint32_t active, inactive;
};

// What a scheduler takes at these counts, all of one worker.
std::optional<uint32_t> choice(const char* name, const Weights& weights,
                               const std::vector<Counts>& counts) {
  Loads loads(1, weights.size());
  for (size_t i = 0; i < counts.size(); ++i) loads.set(0, i, counts[i].active, counts[i].inactive);
  return optional_of(compile(name, weights)->pick({0, loads.view()}));
}

}  // namespace

TEST_CASE("the load of a server is summed over all workers") {
  Loads loads(3, 4);
  loads.set(0, 2, 1, 10);
  loads.set(1, 2, 20, 200);
  loads.set(2, 2, 300, 3000);
  loads.set(1, 3, 9, 9);
  CHECK(loads.view().of(2).active == 321);
  CHECK(loads.view().of(2).inactive == 3210);
  CHECK(loads.view().of(2).overhead() == 256 * 321 + 3210);
  CHECK(loads.view().of(0).overhead() == 0);
}

TEST_CASE("one active connection weighs as much as 256 inactive ones") {
  for (const char* name : {"lc", "wlc"}) {
    CAPTURE(name);
    CHECK(choice(name, {1, 1}, {{1, 0}, {0, 255}}) == 1u);
    CHECK(choice(name, {1, 1}, {{1, 0}, {0, 256}}) == 0u);
    CHECK(choice(name, {1, 1}, {{1, 0}, {0, 257}}) == 0u);
    CHECK(choice(name, {1, 1}, {{1, 1}, {0, 257}}) == 0u);
    CHECK(choice(name, {1, 1}, {{1, 2}, {0, 257}}) == 1u);
  }
}

TEST_CASE("of equally loaded servers the first in the file is taken") {
  for (const char* name : {"lc", "wlc"}) {
    CAPTURE(name);
    CHECK(choice(name, {1, 1, 1}, {{5, 5}, {5, 5}, {5, 5}}) == 0u);
    CHECK(choice(name, {1, 1, 1}, {{5, 6}, {5, 5}, {5, 5}}) == 1u);
    CHECK(choice(name, {0, 1, 1}, {{0, 0}, {5, 5}, {5, 5}}) == 1u);
  }
  CHECK(choice("wlc", {2, 1, 4}, {{2, 0}, {1, 0}, {4, 0}}) == 0u);
}

TEST_CASE("lc does not look at weights, wlc divides by them") {
  CHECK(choice("lc", {10, 1}, {{2, 0}, {1, 0}}) == 1u);
  CHECK(choice("wlc", {10, 1}, {{2, 0}, {1, 0}}) == 0u);
  CHECK(choice("wlc", {10, 1}, {{9, 255}, {1, 0}}) == 0u);
  CHECK(choice("wlc", {10, 1}, {{10, 1}, {1, 0}}) == 1u);
}

TEST_CASE("wlc compares without rounding, at the largest counts and weights there can be") {
  constexpr uint32_t kMax = 0xffffffff;
  CHECK(choice("wlc", {65535, 65535}, {{kMax, 1}, {kMax, 0}}) == 1u);
  CHECK(choice("wlc", {65535, 65534}, {{kMax, kMax}, {kMax, kMax}}) == 0u);
  CHECK(choice("wlc", {65534, 65535}, {{kMax, kMax}, {kMax, kMax}}) == 1u);
  CHECK(choice("wlc", {3, 2}, {{0, 1}, {0, 1}}) == 0u);
  CHECK(choice("wlc", {2, 3}, {{0, 1}, {0, 1}}) == 1u);
}

TEST_CASE("a slot is where a server's counts stand, not its position") {
  Loads loads(2, 12);
  loads.set(0, 10, 5, 0);
  loads.set(1, 7, 3, 0);
  for (const char* name : {"lc", "wlc"}) {
    CAPTURE(name);
    const std::vector<scheduler::Server> servers = {{10, 1}, {7, 1}};
    CHECK(scheduler::find(name)->compile(servers)->pick({0, loads.view()}) == 1u);
    loads.set(0, 7, 3, 0);  // six in all
    CHECK(scheduler::find(name)->compile(servers)->pick({0, loads.view()}) == 0u);
    loads.set(0, 7, 0, 0);
  }
}

TEST_CASE("counts that workers hold between them decide as if one worker held them all") {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const uint32_t servers = 1 + random.below(10);
    const uint32_t workers = 1 + random.below(6);
    Weights weights(servers);
    for (uint32_t& weight : weights) weight = random.below(6);
    Loads spread(workers, servers);
    Loads whole(1, servers);
    std::vector<Counts> sums(servers, {0, 0});
    for (uint32_t worker = 0; worker < workers; ++worker) {
      for (uint32_t server = 0; server < servers; ++server) {
        const Counts counts = {random.below(4), random.below(300)};
        spread.set(worker, server, counts.active, counts.inactive);
        sums[server].active += counts.active;
        sums[server].inactive += counts.inactive;
        whole.set(0, server, sums[server].active, sums[server].inactive);
      }
    }
    for (const char* name : {"lc", "wlc"}) {
      const auto plan = compile(name, weights);
      REQUIRE(plan->pick({0, spread.view()}) == plan->pick({0, whole.view()}));
    }
  }
}

TEST_CASE("what is taken is the least of all, for random loads") {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    Weights weights(1 + random.below(12));
    std::vector<Counts> counts(weights.size());
    for (size_t i = 0; i < weights.size(); ++i) {
      weights[i] = random.below(8);
      counts[i] = {random.below(5), random.below(600)};
    }
    for (const bool weighted : {false, true}) {
      // Loads are small here, so a common multiple of the weights makes the comparison whole.
      const auto load = [&](size_t i) {
        const uint64_t overhead = 256 * counts[i].active + counts[i].inactive;
        return weighted ? overhead * (420 / weights[i]) : overhead;
      };
      std::optional<uint32_t> best;
      for (uint32_t i = 0; i < weights.size(); ++i) {
        if (weights[i] > 0 && (!best || load(i) < load(*best))) best = i;
      }
      REQUIRE(choice(weighted ? "wlc" : "lc", weights, counts) == best);
    }
  }
}

TEST_CASE("held connections of equal servers stay level, of weighted ones in proportion") {
  const Weights weights = {1, 2, 3, 4};
  for (const char* name : {"lc", "wlc"}) {
    const auto plan = compile(name, weights);
    Loads loads(1, 4);
    std::vector<uint32_t> held(4);
    for (int i = 0; i < 1000; ++i) {
      const uint32_t chosen = *plan->pick({0, loads.view()});
      loads.set(0, chosen, ++held[chosen], 0);
    }
    if (name == std::string_view("lc")) CHECK(held == std::vector<uint32_t>(4, 250));
    if (name == std::string_view("wlc")) CHECK(held == std::vector<uint32_t>{100, 200, 300, 400});
  }
}

TEST_CASE(
    "sed counts active connections and the one to come, by weight; nq prefers an idle server") {
  CHECK(choice("sed", {1, 3}, {{0, 0}, {0, 0}}) == 1u);
  CHECK(choice("sed", {1, 3}, {{0, 0}, {2, 0}}) == 0u);
  CHECK(choice("sed", {1, 3}, {{0, 0}, {1, 900}}) == 1u);
  CHECK(choice("nq", {1, 3}, {{0, 900}, {0, 0}}) == 0u);
  CHECK(choice("nq", {1, 3}, {{1, 0}, {0, 900}}) == 1u);
  CHECK(choice("nq", {1, 3}, {{1, 0}, {4, 0}}) == 1u);
  CHECK(choice("nq", {1, 3}, {{1, 0}, {5, 0}}) == 0u);
}

TEST_CASE("while a server's ramp is not full its weight counts in part") {
  Loads loads(1, 2);
  const auto ramped = [](uint32_t weight, uint32_t ramp) {
    return std::vector<scheduler::Server>{{.slot = 0, .weight = weight},
                                          {.slot = 1, .weight = weight, .ramp = ramp}};
  };
  for (const char* name : {"lc", "wlc", "sed", "nq"}) {
    CAPTURE(name);
    std::vector<uint32_t> held(2);
    const auto fill = [&](const std::vector<scheduler::Server>& servers) {
      held = {0, 0};
      for (size_t i = 0; i < 2; ++i) loads.set(0, i, 0, 0);
      const auto plan = scheduler::find(name)->compile(servers);
      for (int i = 0; i < 1000; ++i) {
        const uint32_t chosen = *plan->pick({0, loads.view()});
        loads.set(0, chosen, ++held[chosen], 0);
      }
    };
    fill(ramped(5, 256));
    CHECK(held == std::vector<uint32_t>{500, 500});
    fill(ramped(5, 64));
    CHECK(held[1] == Approx(200).margin(1));
    fill(ramped(65535, 1));
    CHECK(held[1] == Approx(1000 / 257).margin(1));
  }
}
