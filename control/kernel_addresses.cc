#include "control/kernel_addresses.h"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <memory>
#include <string_view>

namespace control {

std::optional<std::vector<KernelAddress>> kernel_addresses() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return std::nullopt;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> all(first, freeifaddrs);
  std::vector<KernelAddress> result;
  for (const ifaddrs* one = all.get(); one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET) continue;
    const auto* address = reinterpret_cast<const sockaddr_in*>(one->ifa_addr);
    // It is the address's label, the device's name with anything behind a colon (netdevice(7)): the
    // kernel gives its second address and the next such ones when a device is renamed.
    const std::string_view label = one->ifa_name;
    result.push_back(
        {std::string(label.substr(0, label.find(':'))),
         lb::IpAddress(lb::Ipv4Address{lb::Be32::from_raw(address->sin_addr.s_addr)})});
  }
  return result;
}

}  // namespace control
