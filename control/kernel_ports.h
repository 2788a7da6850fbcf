// The kernel's own ports and masquerade's, which must not meet where both use one address.
#pragma once

#include <optional>
#include <string>

#include "conf/config.h"

namespace control {

// Why a connection that the kernel starts through a twin could have the port of a masqueraded one,
// as one line that says what to do; nullopt: none can. `port_range`: the file in which the kernel
// says which ports it gives out; where it cannot be read, Linux's usual range counts.
std::optional<std::string> why_ports_collide(
    const conf::Config& config,
    const std::string& port_range = "/proc/sys/net/ipv4/ip_local_port_range");

}  // namespace control
