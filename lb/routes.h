// Static routes by longest prefix (RFC 1812 section 5.2.4.3). Asked when a connection opens or a
// packet is merely routed, never for a packet of a known connection, and tables are short: a scan
// of prefixes ordered by length is enough.
#pragma once

#include <algorithm>
#include <vector>

#include "lb/family.h"

namespace lb {

template <class F>
struct Route {
  Prefix destination;
  uint32_t interface = 0;  // position in the configuration
  // The next router; unspecified when the destination is on the link itself.
  typename F::Address gateway{};
};

template <class F>
class RouteTable {
 public:
  RouteTable() = default;
  explicit RouteTable(std::vector<Route<F>> routes) : routes_(std::move(routes)) {
    std::stable_sort(routes_.begin(), routes_.end(), [](const Route<F>& a, const Route<F>& b) {
      return a.destination.length > b.destination.length;
    });
    for (const Route<F>& route : routes_) {
      const unsigned bits = route.destination.length;
      networks_.push_back({F::prefix_of(F::from_ip(route.destination.address), bits), bits});
    }
  }

  const Route<F>* find(typename F::Address destination) const {
    for (size_t i = 0; i < networks_.size(); ++i) {
      if (F::prefix_of(destination, networks_[i].bits) == networks_[i].address) return &routes_[i];
    }
    return nullptr;
  }

 private:
  struct Network {
    typename F::Address address;
    unsigned bits;
  };
  std::vector<Route<F>> routes_;
  std::vector<Network> networks_;  // of each route, for a quick scan
};

// Where a packet goes next on a route.
template <class F>
typename F::Address next_hop(const Route<F>& route, typename F::Address destination) {
  return route.gateway == typename F::Address{} ? destination : route.gateway;
}

}  // namespace lb
