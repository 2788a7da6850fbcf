// dh: the server to which the destination's address is hashed, by a table of 256 buckets that
// servers fill in turn, whatever their weights. LVS: ip_vs_dh.c, to the bucket. What is hashed to a
// server that is quiesced or overloaded is refused. State: none. Cost: one hash, one index.
// Weakness: of use only where a service has many addresses; one address goes to one server.
#pragma once

#include "scheduler/plan.h"

namespace scheduler {

std::unique_ptr<const Plan> compile_destination_hashing(std::span<const Server> servers,
                                                        Options options);

}  // namespace scheduler
