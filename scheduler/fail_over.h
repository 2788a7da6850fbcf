// fo: the heaviest server, the first of equals; another only while that is overloaded. LVS:
// ip_vs_fo.c. State: none. Cost: one look at each overloaded server. Weakness: balances nothing; a
// server that has died must be taken out, or be given weight 0.
#pragma once

#include "scheduler/plan.h"

namespace scheduler {

std::unique_ptr<const Plan> compile_fail_over(std::span<const Server> servers, Options options);

}  // namespace scheduler
