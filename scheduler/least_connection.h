// lc: the server with the least 256 * active + inactive connections, the first of equals, whatever
// its weight (0 excepted). LVS: ip_vs_lc.c. State: none of its own, reads all workers' counts.
// Cost: one pass over the servers. Weakness: a new server takes every connection until it has
// caught up.
#pragma once

#include "scheduler/plan.h"

namespace scheduler {

std::unique_ptr<const Plan> compile_least_connection(std::span<const Server> servers,
                                                     Options options);

}  // namespace scheduler
