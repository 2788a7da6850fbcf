// wrr: turns in proportion to weight. In every cycle of the sum of weights (divided by their
// greatest common divisor) each server has exactly its share, spread evenly over the cycle, unlike
// LVS, whose heaviest server gets its turns in a row.
//
// State: the service's turn, shared by all workers. Cost: one atomic and one index; above 65,536
// turns a cycle, a binary search over the servers. Weakness: blind to how long connections last.
#pragma once

#include "scheduler/plan.h"

namespace scheduler {

std::unique_ptr<const Plan> compile_weighted_round_robin(std::span<const Server> servers,
                                                         Options options);

}  // namespace scheduler
