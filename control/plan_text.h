// The difference of two configurations in words, for people who are about to make it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "conf/difference.h"
#include "control/changes.h"

namespace control {

// A line each; empty: nothing differs. `connections`: how many a running server has.
std::vector<std::string> plan_text(
    const conf::Difference& difference,
    const std::function<uint64_t(const ServiceKey&, const lb::Endpoint&)>& connections);

// Why it cannot be made without a restart, naming what differs. Precondition: something does.
std::string restart_text(const conf::Difference& difference);

}  // namespace control
