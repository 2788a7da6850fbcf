// Least-load schedulers over many servers: exactly the first of the least, as one by one.
#include <catch2/catch.hpp>
#include <string_view>
#include <vector>

#include "test/scheduler/support.h"

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
  constexpr uint32_t kLimits[] = {1, 3, 40, 5000, 0x7fffffff};
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
      REQUIRE(plan->pick(request) == expected(name, servers, request));
      request.overloads = scheduler::Overloads(overloaded.data());
      REQUIRE(plan->pick(request) == expected(name, servers, request));
    }
  }
}
