// nq: an idle server, whatever its weight, the first of several; where all are busy, the one with
// the least (active + 1) / weight. LVS: ip_vs_nq.c. State: none of its own, reads all workers'
// counts. Cost: one pass over the servers. Weakness: UDP is never active, so the first server gets
// all of it.
#pragma once

#include "scheduler/plan.h"

namespace scheduler {

std::unique_ptr<const Plan> compile_never_queue(std::span<const Server> servers, Options options);

}  // namespace scheduler
