#include "conf/reach.h"

#include <algorithm>

namespace conf {

Reach::Reach(const Config& config) : config_(config) {
  for (const Interface& interface : config.interfaces) {
    for (const lb::Prefix& prefix : interface.addresses) own_.insert(prefix.address);
    virtual_.insert(interface.virtual_addresses.begin(), interface.virtual_addresses.end());
    for (const Neighbour& entry : interface.neighbours) neighbours_.insert(entry.address);
  }
  for (const Service& service : config.services) virtual_.insert(service.address.address);
}

bool Reach::on_link(const lb::IpAddress& address) const {
  if (neighbours_.contains(address)) return true;
  return std::ranges::any_of(config_.interfaces, [&](const Interface& interface) {
    return std::ranges::any_of(interface.addresses,
                               [&](const lb::Prefix& prefix) { return prefix.contains(address); });
  });
}

bool Reach::without_router(const lb::IpAddress& address) const {
  if (neighbours_.contains(address)) return true;
  int closest = -1;
  for (const Interface& interface : config_.interfaces) {
    for (const lb::Prefix& prefix : interface.addresses) {
      if (prefix.contains(address)) closest = std::max<int>(closest, prefix.length);
    }
  }
  return closest >= 0 && std::ranges::none_of(config_.routes, [&](const Route& route) {
           return route.destination.contains(address) && route.destination.length > closest;
         });
}

const Interface* Reach::connected_by(const lb::Prefix& network) const {
  const uint8_t host_bits = network.address.is_ipv4() ? 32 : 128;
  for (const Interface& interface : config_.interfaces) {
    for (const lb::Prefix& prefix : interface.addresses) {
      // What could not be read is no address, and has no network.
      if (!prefix.address.is_unspecified() && prefix.network() == network) return &interface;
    }
    for (const Neighbour& entry : interface.neighbours) {
      if (network == lb::Prefix{entry.address, host_bits}) return &interface;
    }
  }
  return nullptr;
}

bool Reach::reachable(const lb::IpAddress& address) const {
  return on_link(address) || std::ranges::any_of(config_.routes, [&](const Route& route) {
           return route.destination.contains(address);
         });
}

std::optional<lb::Prefix> Reach::edge_of(const lb::IpAddress& address) const {
  for (const Interface& interface : config_.interfaces) {
    for (const lb::Prefix& prefix : interface.addresses) {
      const auto broadcast = prefix.broadcast();
      if (broadcast && (address == *broadcast || address == prefix.network().address)) {
        return prefix.network();
      }
    }
  }
  return std::nullopt;
}

bool is_unicast(const lb::IpAddress& address) {
  if (address.is_ipv4()) return lb::may_be_host(address.ipv4());
  return !address.is_unspecified() && !address.is_multicast_or_broadcast() &&
         !address.is_loopback();
}

}  // namespace conf
