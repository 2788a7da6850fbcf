// Least-load schedulers over many servers: exactly the first of the least, as one by one.
#include <catch2/catch.hpp>
#include <string_view>
#include <vector>

#include "test/scheduler/support.h"

using scheduler_test::optional_of;
using scheduler_test::Random;

namespace {

__extension__ using Wide = unsigned __int128;

uint64_t measure(std::string_view name, uint64_t active, uint64_t inactive) {
  if (name == "sed") return active + 1;
  if (name == "nq") return active == 0 ? 0 : active + 1;
  return 256 * active + inactive;
}

// The definition, one server after the other.
std::optional<uint32_t> expected(std::string_view name,
                                 const std::vector<scheduler::Server>& servers,
                                 const scheduler::Request& request) {
  std::optional<uint32_t> best;
  uint64_t best_measure = 0, best_share = 0;
  for (uint32_t i = 0; i < servers.size(); ++i) {
    const scheduler::Server& server = servers[i];
    if (server.weight == 0 || request.overloads.has(server.slot)) continue;
    const scheduler::ServerLoad load = request.loads.of(server.slot);
    const uint64_t here = measure(name, load.active, load.inactive);
    const uint64_t share = uint64_t{name == "lc" ? 1 : server.weight} * server.ramp;
    if (best && Wide{here} * best_share >= Wide{best_measure} * share) continue;
    best = i;
    best_measure = here;
    best_share = share;
  }
  return best;
}

// Few counts, so that many are equal, or many.
uint32_t count(Random& random, uint32_t kind) {
  constexpr uint32_t kLimits[] = {1, 3, 40, 5000, 0x3fffffff};
  return random.below(kLimits[kind]);
}

}  // namespace

TEST_CASE("of many servers the same is taken as one by one, whatever slots, weights and counts") {
  for (uint64_t seed = 0; seed < 1500; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    constexpr uint32_t kWeights[] = {1, 3, 10, 24, 100, 65535};
    const uint32_t greatest_weight = kWeights[random.below(6)];
    const uint32_t gaps = random.below(3) * random.below(40);
    std::vector<scheduler::Server> servers(1 + random.below(300));
    uint32_t slot = random.below(5);
    for (scheduler::Server& server : servers) {
      server.slot = slot++;
      server.weight = 1 + random.below(greatest_weight);
      if (gaps > 0 && random.below(gaps) == 0) server.weight = 0;
      if (gaps > 0 && random.below(gaps) == 0) slot += random.below(9);
      if (gaps == 1 && random.below(9) == 0) server.ramp = 1 + random.below(256);
    }
    const uint32_t workers = 1 + random.below(3);
    std::vector<std::vector<lb::Load>> loads;
    std::vector<const lb::Load*> views;
    for (uint32_t i = 0; i < workers; ++i) loads.emplace_back(slot);
    for (const auto& counts : loads) views.push_back(counts.data());
    std::vector<std::atomic<uint8_t>> overloaded(slot);
    const uint32_t kind = random.below(5);
    const uint32_t kind_inactive = random.below(5);
    for (uint32_t i = 0; i < slot; ++i) {
      for (auto& counts : loads) {
        counts[i].active.set(count(random, kind));
        counts[i].inactive.set(count(random, kind_inactive));
      }
      overloaded[i] = gaps > 20 && random.below(4) == 0;
    }
    for (const char* name : {"lc", "wlc", "sed", "nq"}) {
      CAPTURE(name);
      const auto plan = scheduler::find(name)->compile(servers);
      scheduler::Request request{.loads = scheduler::LoadView(views)};
      REQUIRE(optional_of(plan->pick(request)) == expected(name, servers, request));
      request.overloads = scheduler::Overloads(overloaded.data());
      REQUIRE(optional_of(plan->pick(request)) == expected(name, servers, request));
    }
  }
}

TEST_CASE("a worker that remembers blocks of servers takes the same, whoever changes loads") {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const uint32_t slots = 20 + random.below(700);
    const uint32_t workers = 1 + random.below(3);
    std::vector<std::vector<lb::Load>> loads;
    std::vector<std::vector<lb::LoadChanges>> changes;
    for (uint32_t i = 0; i < workers; ++i) {
      loads.emplace_back(slots);
      changes.emplace_back(slots / lb::LoadChanges::kBlock + 1);
    }
    std::vector<const lb::Load*> views;
    std::vector<const lb::LoadChanges*> counts;
    for (uint32_t i = 0; i < workers; ++i) {
      views.push_back(loads[i].data());
      counts.push_back(changes[i].data());
    }
    scheduler::BlockMinima minima;
    const scheduler::Request request{.loads = scheduler::LoadView(views, counts),
                                     .minima = &minima};
    // Plans that share servers, as one and the next of a service do, and the worker's memory.
    struct Planned {
      std::vector<scheduler::Server> servers;
      std::string_view name;
      std::unique_ptr<const scheduler::Plan> plan;
    };
    std::vector<Planned> plans;
    const uint32_t greatest = 1 + random.below(2) * 20;
    for (const char* name : {"lc", "wlc", "sed", "nq"}) {
      Planned planned{.servers = {}, .name = name, .plan = nullptr};
      for (uint32_t slot = random.below(3); slot < slots; ++slot) {
        planned.servers.push_back({slot, 1 + random.below(greatest)});
        if (random.below(200) == 0) slot += random.below(90);
      }
      planned.plan = scheduler::find(name)->compile(planned.servers);
      plans.push_back(std::move(planned));
    }
    constexpr uint32_t kKinds[] = {1, 2, 2000, 0x3fffffff};
    const uint32_t most = kKinds[random.below(4)];
    for (int step = 0; step < 300; ++step) {
      const Planned& planned = plans[random.below(4)];
      const auto picked = optional_of(planned.plan->pick(request));
      REQUIRE(picked == expected(planned.name, planned.servers, request));
      // The connection opens at its server, as a rule, and some end elsewhere.
      for (uint32_t changed = random.below(3); changed-- > 0;) {
        const uint32_t worker = random.below(workers);
        const uint32_t slot =
            random.below(2) == 0 ? planned.servers[*picked].slot : random.below(slots);
        lb::Load& load = loads[worker][slot];
        (random.below(3) == 0 ? load.inactive : load.active).set(random.below(most + 1));
        changes[worker][slot / lb::LoadChanges::kBlock].writer_note();
      }
    }
  }
}

TEST_CASE("without workers there is no load") {
  const std::string name = GENERATE("lc", "wlc", "sed", "nq");
  std::vector<scheduler::Server> servers;
  for (uint32_t slot = 0; slot < 6; ++slot) servers.push_back({.slot = slot, .weight = 1 + slot});
  const auto plan = scheduler::find(name)->compile(servers, {});
  const std::vector<lb::Load> idle(6);
  const std::vector<const lb::Load*> one{idle.data()};
  CHECK(plan->pick({.loads = scheduler::LoadView({})}) ==
        plan->pick({.loads = scheduler::LoadView(one)}));
}
