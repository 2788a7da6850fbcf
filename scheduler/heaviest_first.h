// The order in which schedulers that fill one server after the other try them.
#pragma once

#include <algorithm>

#include "scheduler/plan.h"

namespace scheduler {

struct Heavy {
  uint32_t position;
  uint32_t slot;
  uint32_t weight;
};

// By weight, equals in the order of the file, without those of weight 0.
inline std::vector<Heavy> heaviest_first(std::span<const Server> servers) {
  std::vector<Heavy> order;
  for (uint32_t i = 0; i < servers.size(); ++i) {
    if (servers[i].weight > 0) order.push_back({i, servers[i].slot, servers[i].weight});
  }
  std::ranges::stable_sort(order, std::greater<>(), &Heavy::weight);
  return order;
}

}  // namespace scheduler
