// Facts from workers' figures and tables, in the words of the configuration: one place for the
// running director and for whatever else drives workers, such as a replay. The control thread's.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <vector>

#include "conf/config.h"
#include "control/facts.h"
#include "control/inspect.h"
#include "control/roster.h"

namespace control {

Traffic totals_of(const lb::Traffic& live);

// All but the rates, which need a clock.
ServerFacts server_facts(const conf::Server& configured, const scheduler::ServerLoad& load,
                         const Traffic& totals);

// All but servers, totals and rates.
ServiceFacts service_facts(const conf::ServiceSettings& configured, uint64_t refused);

ConnectionFacts connection_facts(const lb::Connection<lb::V4>& entry, lb::Tick now,
                                 const lb::Timeouts& timeouts, const Roster& roster);

NeighbourFacts neighbour_facts(const dataplane::Neighbour<lb::V4>& neighbour, lb::Tick now,
                               const conf::Config& config);

using Workers = std::span<dataplane::Worker* const>;

std::vector<DropFacts> drop_facts(Workers workers);

// All but lcore, busy and steering.
WorkerFacts worker_facts(const dataplane::WorkerCounters& counters);

TimeoutFacts timeout_facts(const conf::Timeouts& seconds);

// What the workers that answer know; of a neighbour that several know, what the best informed says.
std::vector<NeighbourFacts> neighbour_facts(Workers workers, const conf::Config& config,
                                            const Wait& wait);

// Errors: an unknown service, with the known ones; a worker that does not answer.
std::expected<ConnectionPage, std::string> connection_facts(
    Workers workers, const lb::Persistence& persistence, const conf::Config& config,
    const Roster& roster, const ConnectionQuery& query, const Wait& wait);

// Puts into each server's facts how many clients hold to it, `services` being in the order of the
// configuration. The table is walked only where a service is persistent.
void count_persistent_clients(const lb::Persistence& persistence, lb::Tick now,
                              const Roster& roster, std::vector<ServiceFacts>& services);

}  // namespace control
