#include "scheduler/round_robin.h"

#include "scheduler/turn_sequence.h"

namespace scheduler {

std::unique_ptr<const Plan> compile_round_robin(std::span<const Server> servers, Options) {
  std::vector<uint32_t> turns;
  for (uint32_t i = 0; i < servers.size(); ++i) {
    if (servers[i].weight > 0) turns.push_back(i);
  }
  return std::make_unique<TurnSequence>(std::move(turns), servers);
}

}  // namespace scheduler
