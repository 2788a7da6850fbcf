// What the tests of this room share: servers with counts, numbers, the pickers of one turn.
#pragma once

#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include "scheduler/table.h"
#include "test/random.h"

namespace scheduler_test {

using shared_test::Random;

using Weights = std::vector<uint32_t>;

// Servers of these weights in the order of the file; server i has slot `first_slot + i`.
inline std::vector<scheduler::Server> servers_of(const Weights& weights, uint32_t first_slot = 0) {
  std::vector<scheduler::Server> servers;
  for (uint32_t i = 0; i < weights.size(); ++i) servers.push_back({first_slot + i, weights[i]});
  return servers;
}

inline std::unique_ptr<const scheduler::Plan> compile(std::string_view name,
                                                      const Weights& weights) {
  return scheduler::find(name)->compile(servers_of(weights));
}

// As tests compare and report it.
inline std::optional<uint32_t> optional_of(scheduler::Picked picked) {
  return picked ? std::optional(*picked) : std::nullopt;
}

// For plans that look at turns alone.
inline std::optional<uint32_t> pick(const scheduler::Plan& plan, uint64_t turn) {
  return optional_of(plan.pick({turn, scheduler::LoadView({})}));
}

// The cycle of a weighted round robin: the sum of weights by their greatest common divisor.
inline uint64_t divisor_of(const Weights& weights) {
  uint64_t divisor = 0;
  for (const uint32_t weight : weights) divisor = std::gcd(divisor, uint64_t{weight});
  return divisor;
}
inline uint64_t cycle_of(const Weights& weights) {
  const uint64_t sum = std::accumulate(weights.begin(), weights.end(), uint64_t{0});
  return sum == 0 ? 0 : sum / divisor_of(weights);
}

}  // namespace scheduler_test
