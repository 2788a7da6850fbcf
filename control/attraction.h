// Which VIPs are to stand on a twin in the kernel, for BIRD or FRR to announce them.
#pragma once

#include <vector>

#include "control/roster.h"

namespace control {

// Whether clients of the service would be served by those who should: a server takes new
// connections, and the quorum, where one was lost, is there again.
bool attracts(const conf::Service& service, const Roster::Service& entry);

// The VIPs of services with `announce` of which at least one attracts, sorted; none while `vips`
// are another director's. Precondition: all are in the roster.
std::vector<lb::IpAddress> attracting_vips(const std::vector<conf::Service>& services,
                                           const Roster& roster, conf::Vips vips);

}  // namespace control
