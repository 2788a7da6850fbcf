// The difference of two configurations in words, for people who are about to make it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "conf/difference.h"
#include "control/changes.h"

namespace control {

// How many connections a running server has; of nullptr: all that its service has, with those of
// servers that leave already.
using CountConnections = std::function<uint64_t(const ServiceKey&, const lb::Endpoint* server)>;

// A line each; empty: nothing differs.
std::vector<std::string> plan_text(const conf::Difference& difference,
                                   const CountConnections& connections);

// Why it cannot be made without a restart, naming what differs. Precondition: something does.
std::string restart_text(const conf::Difference& difference);

}  // namespace control
