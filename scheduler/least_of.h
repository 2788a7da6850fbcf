// A plan that takes the server of least load, the first of equals.
#pragma once

#include "scheduler/plan.h"

namespace scheduler {

// `Order` has static bool less(load_a, weight_a, load_b, weight_b): whether server a is strictly less
// loaded than server b. Weights are not 0.
template <class Order>
class LeastOf final : public Plan {
 public:
  explicit LeastOf(std::span<const Server> servers) {
    for (uint32_t i = 0; i < servers.size(); ++i) {
      if (servers[i].weight > 0) candidates_.push_back({i, servers[i].slot, servers[i].weight});
    }
  }

  std::optional<uint32_t> pick(const Request& request) const override {
    if (candidates_.empty()) return std::nullopt;
    const Candidate* best = &candidates_[0];
    ServerLoad least = request.loads.of(best->slot);
    for (size_t i = 1; i < candidates_.size(); ++i) {
      const Candidate& candidate = candidates_[i];
      const ServerLoad load = request.loads.of(candidate.slot);
      if (Order::less(load, candidate.weight, least, best->weight)) {
        best = &candidate;
        least = load;
      }
    }
    return best->position;
  }
  bool takes_turns() const override { return false; }

 private:
  struct Candidate {
    uint32_t position;
    uint32_t slot;
    uint32_t weight;
  };
  std::vector<Candidate> candidates_;
};

}  // namespace scheduler
