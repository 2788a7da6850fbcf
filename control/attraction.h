// Which VIPs are to stand on a twin in the kernel, for BIRD or FRR to announce them.
#pragma once

#include <vector>

#include "conf/config.h"

namespace control {

// Whether clients of the service would be served: a server of it takes new connections.
bool attracts(const conf::Service& service);

// The VIPs of services with `announce` of which at least one attracts, sorted; none while `vips`
// are another director's.
std::vector<lb::IpAddress> attracting_vips(const std::vector<conf::Service>& services,
                                           conf::Vips vips);

}  // namespace control
