// rr: every server in turn, in the order of the file, whatever its weight (0 excepted).
// State: the service's turn, shared by all workers. Cost: one atomic and one index. Weakness: blind
// to how long connections last.
#pragma once

#include "scheduler/plan.h"

namespace scheduler {

std::unique_ptr<const Plan> compile_round_robin(std::span<const Server> servers, Options options);

}  // namespace scheduler
