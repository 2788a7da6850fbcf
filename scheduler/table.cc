#include "scheduler/table.h"

#include "scheduler/least_connection.h"
#include "scheduler/round_robin.h"
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
