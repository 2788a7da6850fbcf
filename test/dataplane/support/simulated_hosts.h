// The hosts of a simulation.
#pragma once

#include "dataplane/io.h"
#include "test/dataplane/support/describe.h"

namespace dataplane_test::simulated {

inline constexpr uint32_t kFirstTag =
    0x10000000;  // what the director makes itself carries no such number
inline constexpr dataplane::LinkNumber kWan = 0, kLan = 1;

// The last ones of each are no static neighbours.
inline const std::vector<std::string> kClients = {"10.1.0.10", "10.1.0.11", "10.1.0.12",
                                                  "10.1.0.13"};
inline const std::vector<std::string> kServers = {"10.2.0.11", "10.2.0.12", "10.2.0.13",
                                                  "10.2.0.14"};

inline std::string host_of(const std::string& end) { return end.substr(0, end.find(':')); }

}  // namespace dataplane_test::simulated
