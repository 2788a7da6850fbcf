// Facts from workers' figures, in the words of the configuration: one place for the
// running director and for whatever else drives workers, such as a replay. The control thread's.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "conf/config.h"
#include "control/facts.h"
#include "control/roster.h"
#include "dataplane/worker.h"
#include "lb/live.h"
#include "scheduler/plan.h"

namespace control {

Traffic totals_of(const lb::Traffic& live);
// Of all workers.
Traffic totals_of(const dataplane::Figures& figures, uint32_t server_slot);

// All but the rates, which need a clock.
ServerFacts server_facts(const conf::Server& configured, const scheduler::ServerLoad& load,
                         const Traffic& totals);

// All but servers, totals and rates.
ServiceFacts service_facts(const conf::ServiceSettings& configured, uint64_t refused);

using Workers = std::span<dataplane::Worker* const>;

std::vector<DropFacts> drop_facts(Workers workers);

// All but lcore, busy and steering.
WorkerFacts worker_facts(const dataplane::WorkerCounters& counters);

TimeoutFacts timeout_facts(const conf::Timeouts& seconds);

// Puts into each server's facts how many clients hold to it, `services` being in the order of the
// configuration. The table is walked only where a service is persistent.
void count_persistent_clients(const lb::Persistence& persistence, lb::Tick now,
                              const Roster& roster, std::vector<ServiceFacts>& services);

}  // namespace control
