// How ipvsadm's output names things, in tables and in rules.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "control/facts.h"

namespace control::ipvsadm {

// The name of a port without -n, or its number.
using PortName = std::function<std::string(uint16_t port, lb::Protocol protocol)>;

// Asks the services database (/etc/services), once for each port: a table has thousands of lines.
PortName system_port_names();

// "IP:port". `port_name` is used unless `numeric`; addresses stay numeric, where ipvsadm would ask
// the DNS.
std::string endpoint_name(const lb::Endpoint& endpoint, lb::Protocol protocol, bool numeric,
                          const PortName& port_name);

// What a service's scheduler was told, as -b takes it: "sh-fallback,sh-port"; empty: nothing.
std::string scheduler_flags(const ServiceFacts& service);

// The service's mask, if its persistence has one that is not a host's own; else empty.
std::string persistence_mask(const ServiceFacts& service);

}  // namespace control::ipvsadm
