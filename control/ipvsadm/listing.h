// ipvsadm's tables, to the letter of version 1.31.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "control/facts.h"
#include "control/ipvsadm/options.h"

namespace control::ipvsadm {

// The name of a port without -n, or its number.
using PortName = std::function<std::string(uint16_t port, lb::Protocol protocol)>;

// Asks the services database (/etc/services).
std::string system_port_name(uint16_t port, lb::Protocol protocol);

// "Prot LocalAddress:Port …" and the services, sorted unless --nosort. `port_name` is used without
// -n; addresses stay numeric, where ipvsadm would ask the DNS.
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
