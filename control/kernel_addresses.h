// The addresses that the kernel has, in lbd's network namespace.
#pragma once

#include <compare>
#include <string>
#include <vector>

#include "lb/address.h"

namespace control {

struct KernelAddress {
  std::string device;
  lb::IpAddress address;
  auto operator<=>(const KernelAddress&) const = default;
};

// IPv4 only. None where the kernel does not say.
std::vector<KernelAddress> kernel_addresses();

}  // namespace control
