// ovf: the heaviest server that has no more active connections than its weight, the first of
// equals; so one fills after the other, each to its weight and one more, as in LVS. None left:
// refused. LVS: ip_vs_ovf.c. State: none of its own, reads all workers' counts. Cost: one look at
// each full server. Weakness: UDP is never active, so one server gets all of it.
#pragma once

#include "scheduler/plan.h"

namespace scheduler {

std::unique_ptr<const Plan> compile_overflow(std::span<const Server> servers, Options options);

}  // namespace scheduler
