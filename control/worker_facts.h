// Facts from a worker's figures and tables, in the words of the configuration: one place for the
// running director and for whatever else drives a worker, such as a replay. The control thread's.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "conf/config.h"
#include "control/facts.h"
#include "control/inspect.h"
#include "control/slots.h"

namespace control {

Traffic totals_of(const lb::Traffic& live);

// All but the rates, which need a clock.
ServerFacts server_facts(const conf::Server& configured, const lb::Load& load,
                         const lb::Traffic& traffic);

// All but servers, totals and rates.
ServiceFacts service_facts(const conf::Service& configured, uint64_t refused);

std::vector<DropFacts> drop_facts(const dataplane::WorkerCounters& counters);

TimeoutFacts timeout_facts(const conf::Timeouts& seconds);

// What is known when the worker answers; nothing when it does not.
std::vector<NeighbourFacts> neighbour_facts(dataplane::Worker& worker, const conf::Config& config,
                                            const Wait& wait);

// Errors: an unknown service, with the known ones; a worker that does not answer.
std::expected<ConnectionPage, std::string> connection_facts(dataplane::Worker& worker,
                                                            const conf::Config& config,
                                                            const Slots& slots,
                                                            const ConnectionQuery& query,
                                                            const Wait& wait);

// One line for the log.
std::string event_text(const dataplane::Event& event, const conf::Config& config);

}  // namespace control
