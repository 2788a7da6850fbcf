// twos: of two servers drawn at random, with chances in proportion to weight, the one with the less
// (256 * active + inactive) / weight, the first drawn of equals. LVS: ip_vs_twos.c, whose draw
// favours the list's first server by a trifle. State: none of its own, reads all workers' counts of
// two servers. Cost: two binary searches, which makes it the cheapest of those that know of load,
// where servers are many; one pass if an overloaded one was drawn. Weakness: a little less even
// than wlc.
#pragma once

#include "scheduler/plan.h"

namespace scheduler {

std::unique_ptr<const Plan> compile_two_choices(std::span<const Server> servers, Options options);

}  // namespace scheduler
