// sed: the server with the least (active + 1) / weight, the first of equals: where the connection
// will wait least if each takes its turn. LVS: ip_vs_sed.c. State: none of its own, reads all
// workers' counts. Cost: one pass over the servers. Weakness: while connections are few the
// heaviest servers get them all, for UDP, which is never active, always.
#pragma once

#include "scheduler/plan.h"

namespace scheduler {

std::unique_ptr<const Plan> compile_shortest_expected_delay(std::span<const Server> servers,
                                                            Options options);

}  // namespace scheduler
