#include "scheduler/table.h"

#include "scheduler/destination_hashing.h"
#include "scheduler/fail_over.h"
#include "scheduler/hash_table.h"
#include "scheduler/least_connection.h"
#include "scheduler/locality_least_connection.h"
#include "scheduler/maglev_hashing.h"
#include "scheduler/never_queue.h"
#include "scheduler/overflow.h"
#include "scheduler/round_robin.h"
#include "scheduler/shortest_expected_delay.h"
#include "scheduler/source_hashing.h"
#include "scheduler/two_choices.h"
#include "scheduler/weighted_least_connection.h"
#include "scheduler/weighted_round_robin.h"

namespace scheduler {
namespace {

constexpr Entry kTable[] = {
    {"rr", "round robin: every server in turn, in the order of the file", compile_round_robin},
    {"wrr", "weighted round robin: turns in proportion to weight, evenly spread",
     compile_weighted_round_robin},
    {"lc", "least connection: fewest connections, an active one counting as 256 inactive ones",
     compile_least_connection},
    {"wlc", "weighted least connection: fewest connections in proportion to weight",
     compile_weighted_least_connection},
    {"sed", "shortest expected delay: fewest active connections, this one included, by weight",
     compile_shortest_expected_delay},
    {"nq", "never queue: an idle server, else the shortest expected delay", compile_never_queue},
    {"sh", "source hashing: the client's address decides, by weight", compile_source_hashing,
     kHashOptions},
    {"mh", "Maglev hashing: the client's address decides, by weight; changes move few clients",
     compile_maglev_hashing, kHashOptions},
    {"dh", "destination hashing: the destination's address decides", compile_destination_hashing},
    {"lblc", "locality-based least connection: the destination's last server, unless it is busy",
     compile_locality_least_connection},
    {"fo", "fail over: the heaviest server that is there", compile_fail_over},
    {"ovf", "overflow: the heaviest server with no more active connections than its weight",
     compile_overflow},
    {"twos", "two choices: the less loaded of two drawn at random, by weight", compile_two_choices},
};

}  // namespace

std::span<const Entry> table() { return kTable; }

const Entry* find(std::string_view name) {
  for (const Entry& entry : kTable) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace scheduler
