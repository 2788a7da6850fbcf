// What stands in workers' tables, in the words of the configuration: connections and the clients
// that hold to servers, next hops. For the running director and for whatever else drives workers.
// The control thread's.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "conf/config.h"
#include "control/facts.h"
#include "control/inspect.h"
#include "control/roster.h"
#include "control/worker_facts.h"

namespace control {

ConnectionFacts connection_facts(const lb::Connection<lb::V4>& entry, lb::Tick now,
                                 const lb::Timeouts& timeouts, const Roster& roster);

NeighbourFacts neighbour_facts(const dataplane::Neighbour<lb::V4>& neighbour, lb::Tick now,
                               const conf::Config& config);

// What the workers that answer know; of a neighbour that several know, what the best informed says.
std::vector<NeighbourFacts> list_neighbours(Workers workers, const conf::Config& config,
                                            const Wait& wait);

// Errors: an unknown service, with the known ones; a worker that does not answer.
std::expected<ConnectionPage, std::string> list_connections(
    Workers workers, const lb::Persistence& persistence, const conf::Config& config,
    const Roster& roster, const ConnectionQuery& query, const Wait& wait);

}  // namespace control
