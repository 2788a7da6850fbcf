// The addresses that the kernel has, in lbd's network namespace.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <vector>

#include "lb/address.h"

namespace control {

struct KernelAddress {
  std::string device;
  lb::IpAddress address;
  auto operator<=>(const KernelAddress&) const = default;
};

// IPv4 only. Nothing: the kernel does not say, as to a process without descriptors.
std::optional<std::vector<KernelAddress>> kernel_addresses();

}  // namespace control
