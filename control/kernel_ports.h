// The kernel's own ports, and masquerade's and services', which must not meet where they have one
// address.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "conf/config.h"

namespace control {

// Where the kernel says which ports it gives out, and which of these it spares. Where the first
// cannot be read, Linux's usual range counts.
struct KernelPortFiles {
  std::string range = "/proc/sys/net/ipv4/ip_local_port_range";
  std::string reserved = "/proc/sys/net/ipv4/ip_local_reserved_ports";
};

// Why a connection that the kernel starts through a twin could have the port of a masqueraded one,
// as one line that says what to do; nullopt: none can.
std::optional<std::string> why_ports_collide(const conf::Config& config,
                                             const KernelPortFiles& files = {});

// Services on a twin's own address at ports that the kernel gives out there, each as one line that
// says what to do.
std::vector<std::string> ports_taken_from_kernel(const conf::Config& config,
                                                 const KernelPortFiles& files = {});

}  // namespace control
