// mh: the server to which the client's address is hashed, by Maglev's table of 4,093 places: each
// server fills them in an order of its own, in turn by weight, so that a change of servers moves
// few other clients. LVS: ip_vs_mh.c, to the place. A server of weight 0 keeps the places that its
// last other weight gave it, and its clients are refused. Options: `port` hashes the client's port
// too; `fallback` takes the clients of a server that is quiesced or overloaded to others. State:
// none. Cost: one hash, one index; a fallback hashes on, some 10 ns a step. Weakness: the hash's
// key is known (it is LVS's, the same on every director), so clients can choose their server.
#pragma once

#include "scheduler/plan.h"

namespace scheduler {

std::unique_ptr<const Plan> compile_maglev_hashing(std::span<const Server> servers,
                                                   Options options);

}  // namespace scheduler
