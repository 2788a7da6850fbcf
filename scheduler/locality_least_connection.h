// lblc: the server that the destination had last, and only where that has more active connections
// than its weight while another has less than half of its own, the one that wlc takes. LVS:
// ip_vs_lblc.c, except that a server at its threshold is left at once. State: one destination and
// its server, in the service's cell, shared by all workers; it outlives changes of the servers and
// does not expire. Cost: one search; a pass over the servers where the last one is busy. Weakness:
// for caches behind many destinations; a service of one address fills one server up to its weight
// before it uses another, and one of several remembers just the latest.
#pragma once

#include "scheduler/plan.h"

namespace scheduler {

std::unique_ptr<const Plan> compile_locality_least_connection(std::span<const Server> servers,
                                                              Options options);

}  // namespace scheduler
