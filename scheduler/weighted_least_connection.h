// wlc: the server with the least (256 * active + inactive) / weight, the first of equals, compared
// by cross-multiplication so that nothing is rounded. LVS: ip_vs_wlc.c. State: none of its own,
// reads all workers' counts. Cost: one pass over the servers. Weakness: a new server takes every
// connection until it has caught up.
#pragma once

#include "scheduler/plan.h"

namespace scheduler {

std::unique_ptr<const Plan> compile_weighted_least_connection(std::span<const Server> servers,
                                                              Options options);

}  // namespace scheduler
