// Facts about health, from what runs. The control thread's.
#pragma once

#include "control/facts.h"
#include "control/running.h"

namespace control {

QuorumFacts quorum_facts(const conf::Service& service, const Roster::Service& entry);
HealthFacts health_facts(const Running& running);

}  // namespace control
