// -S: the table as the ipvsadm commands that make it.
#pragma once

#include <string>
#include <vector>

#include "control/ipvsadm/names.h"

namespace control::ipvsadm {

// A line for each service and server, in the order of -L. Thresholds, which ipvsadm loses, are
// written where a server has them; what ipvsadm has no options for (names, states, slow starts) is
// in lbd's file only.
std::string rules(std::vector<ServiceFacts> services, bool numeric, const PortName& port_name);

}  // namespace control::ipvsadm
