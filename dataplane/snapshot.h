// The configuration as workers read it: immutable, replaced as a whole by swapping one pointer, so
// a packet sees either the old one or the new one. Services are shared between snapshots: a change
// of one rebuilds one. What lives longer (counts, turns, connections) stands beside it, found by
// slot.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "dataplane/io.h"
#include "dataplane/masquerade.h"
#include "lb/connection.h"
#include "lb/endpoint_table.h"
#include "lb/routes.h"
#include "scheduler/plan.h"

namespace dataplane {

// An interface as a worker sees it.
struct Link {
  lb::MacAddress mac;
  uint16_t mtu = 1500;  // largest IP packet
  std::vector<lb::Prefix> addresses;
};

template <class F>
struct RealServer {
  lb::End<F> end;
  uint32_t slot = 0;
  lb::MethodNumber method = 0;
  bool accepts = true;  // takes new connections: its weight is not 0
};

template <class F>
struct VirtualService {
  uint32_t slot = 0;
  lb::Protocol protocol{};
  lb::End<F> end{};
  std::vector<RealServer<F>> servers;  // in the order of the file
  std::unique_ptr<const scheduler::Plan> plan;
  // Deleted, with connections that go on: to others its port is as closed as any.
  bool closed = false;
};

template <class F>
class OwnAddresses {
 public:
  using Address = typename F::Address;
  OwnAddresses() = default;
  explicit OwnAddresses(std::vector<Address> addresses) : addresses_(std::move(addresses)) {
    std::sort(addresses_.begin(), addresses_.end());
    addresses_.erase(std::unique(addresses_.begin(), addresses_.end()), addresses_.end());
  }
  bool contains(Address address) const {
    return std::binary_search(addresses_.begin(), addresses_.end(), address);
  }
  const std::vector<Address>& all() const { return addresses_; }

 private:
  std::vector<Address> addresses_;
};

template <class F>
struct Snapshot {
  std::vector<Link> links;
  // By slot; a slot whose service is gone holds nothing, one whose service leaves a closed one.
  std::vector<std::shared_ptr<const VirtualService<F>>> services;
  lb::EndpointTable<F> endpoints;  // to the service's slot
  OwnAddresses<F> own;             // interface addresses and VIPs
  lb::RouteTable<F> routes;        // connected prefixes included
  Masquerade<F> masquerade;
  lb::Timeouts timeouts{};
  // Differs where links' addresses or routes do, which connections' next hops follow from.
  uint32_t routing_version = 0;
};

}  // namespace dataplane
