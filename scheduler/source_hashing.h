// sh: the server to which the client's address is hashed, by a table of 256 buckets that servers
// fill in the file's order, each as many in a row as its weight. LVS: ip_vs_sh.c, to the bucket,
// but for weights of more than 256 in all, of which LVS gives the last servers nothing: these are
// scaled. A server of weight 0 keeps one bucket a round, and its clients are refused. Options:
// `port` hashes the client's port too; `fallback` takes the clients of a server that is quiesced or
// overloaded to others. State: none. Cost: one hash, one index; a fallback walks the table.
// Weakness: a change of servers or weights moves most clients, and more than 256 servers do not all
// get one. mh is better at both.
#pragma once

#include "scheduler/plan.h"

namespace scheduler {

std::unique_ptr<const Plan> compile_source_hashing(std::span<const Server> servers,
                                                   Options options);

}  // namespace scheduler
