// ipvsadm's tables, to the letter of version 1.31.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "control/facts.h"
#include "control/ipvsadm/names.h"
#include "control/ipvsadm/options.h"

namespace control::ipvsadm {

// By family, protocol, address and port, as ipvsadm means to (its subtraction of unsigned addresses
// puts 192.0.0.0 before 10.0.0.0).
void sort(std::vector<ServiceFacts>& services);

// "Prot LocalAddress:Port …" and the services, sorted unless --nosort. `port_name` is used without
// -n. Servers that were deleted and have connections left are not listed, as in LVS.
std::string list_services(std::vector<ServiceFacts> services, const ListOptions& options,
                          const PortName& port_name);

// The line that precedes the whole table. `size` is the capacity of the connection table.
std::string list_title(uint64_t size);

// -Lc
std::string list_connections(std::span<const ConnectionFacts> connections,
                             const ListOptions& options, const PortName& port_name);

// -L --timeout
std::string list_timeouts(const TimeoutFacts& timeouts);

// A counter in nine columns: exact below 10^8 or with `exact`, else cut to K, M, G or T.
std::string large_number(uint64_t value, bool exact);

}  // namespace control::ipvsadm
