// The configuration as workers read it: immutable, replaced as a whole by swapping one pointer, so
// a packet sees either the old one or the new one. Services are shared between snapshots: a change
// of one rebuilds one. What lives longer (counts, turns, connections) stands beside it, found by
// slot.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "dataplane/io.h"
#include "dataplane/masquerade.h"
#include "dataplane/methods.h"
#include "lb/connection.h"
#include "lb/endpoint_table.h"
#include "lb/routes.h"
#include "lb/serial.h"
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
  // Connections at which it takes no more, and below which it does again (lb/server_limits.h); 0:
  // none.
  uint32_t upper_threshold = 0;
  uint32_t lower_threshold = 0;

  // Where a connection goes: a server of a service that has every port keeps the client's.
  lb::End<F> end_for(const lb::End<F>& virtual_end) const {
    return {end.address, end.port == Be16(0) ? virtual_end.port : end.port};
  }
};

// How a service's clients hold to their servers.
template <class F>
struct ClientHolds {
  lb::Tick timeout = 0;          // after a client's last new connection; 0: they do not
  typename F::Address mask{};    // clients that are alike under it are one
  bool leave_quiescent = false;  // they leave a server that takes no new connections
};

template <class F>
struct VirtualService {
  uint32_t slot = 0;
  lb::Protocol protocol{};
  lb::End<F> end{};                    // port 0: every port that no other service has
  std::vector<RealServer<F>> servers;  // in the order of the file
  // Of a service that keeps no connections: those that get no packets, being down or deleted, and
  // may still have some to answer.
  std::vector<RealServer<F>> absent;
  std::unique_ptr<const scheduler::Plan> plan;
  // Deleted, with connections that go on: to others its port is as closed as any.
  bool closed = false;
  ClientHolds<F> holds;
  bool one_packet = false;  // UDP: every datagram is scheduled by itself, and no connection is kept
  bool sloppy_tcp = false;  // TCP: any packet but a reset opens a connection

  // Its server of that slot, or nullptr.
  const RealServer<F>* server_of_slot(uint32_t slot) const {
    const auto found = std::ranges::lower_bound(by_slot, slot, {}, &Position::slot);
    if (found == by_slot.end() || found->slot != slot) return nullptr;
    return &servers[found->position];
  }
  // To be called once all servers are in.
  void index_by_slot() {
    by_slot.clear();
    for (uint32_t i = 0; i < servers.size(); ++i) by_slot.push_back({servers[i].slot, i});
    std::ranges::sort(by_slot, {}, &Position::slot);
  }

  struct Position {
    uint32_t slot;
    uint32_t position;
  };
  std::vector<Position> by_slot;
};

// A server whose datagrams are replies of a one-packet service, in NAT: nothing else tells.
template <class F>
struct OnePacketServer {
  lb::End<F> virtual_end;
  uint32_t service = 0;  // slots
  uint32_t server = 0;
};

// Asked for each new connection's source, hence hashed.
template <class F>
class AddressSet {
 public:
  using Address = typename F::Address;
  AddressSet() = default;
  explicit AddressSet(std::vector<Address> addresses) : addresses_(std::move(addresses)) {
    std::sort(addresses_.begin(), addresses_.end());
    addresses_.erase(std::unique(addresses_.begin(), addresses_.end()), addresses_.end());
    std::vector<typename lb::EndpointTable<F>::Item> items;
    for (const Address& address : addresses_) items.push_back({{address, lb::Be16(0)}, kAny, 0});
    table_ = lb::EndpointTable<F>(items, {});
  }
  bool contains(Address address) const {
    return table_.find({address, lb::Be16(0)}, kAny).has_value();
  }
  const std::vector<Address>& all() const { return addresses_; }

 private:
  static constexpr lb::Protocol kAny = lb::Protocol::kTcp;
  std::vector<Address> addresses_;  // in order
  lb::EndpointTable<F> table_;
};

// The servers that have a threshold: their slots, in order, and the upper and lower one of each.
struct ServerLimits {
  lb::Serial serial;
  std::vector<uint32_t> servers;
  std::vector<std::pair<uint32_t, uint32_t>> thresholds;

  bool same_as(const ServerLimits& other) const {
    return servers == other.servers && thresholds == other.thresholds;
  }
};

template <class F>
struct Snapshot {
  lb::Serial serial;
  std::vector<Link> links;
  // By slot; a slot whose service is gone holds nothing, one whose service leaves a closed one.
  std::vector<std::shared_ptr<const VirtualService<F>>> services;
  lb::EndpointTable<F> endpoints;  // to the service's slot
  // Another one only where they differ, as every worker looks at all of them then.
  std::shared_ptr<const ServerLimits> limits = std::make_shared<ServerLimits>();
  // By the server's end, to an element of the other.
  lb::EndpointTable<F> one_packet_ends;
  std::vector<OnePacketServer<F>> one_packet_servers;
  AddressSet<F> own;         // interface addresses and VIPs, while these are not another director's
  AddressSet<F> broadcasts;  // of the links' prefixes
  AddressSet<F> no_sources;  // the director's own and broadcasts: nobody can have sent from there
  AddressSet<F> kernels;     // the addresses that the kernel has too
  // Whether the VIPs, `elsewhere`, are another director's now: nothing is answered or forwarded for
  // them, and what their connections were stays as it is.
  bool standby = false;
  AddressSet<F> elsewhere;
  lb::RouteTable<F> routes;  // connected prefixes included
  Masquerade<F> masquerade;
  lb::Timeouts timeouts{};
  // Whether many servers' counters and next hops, to which connections' entries lead, are more than
  // the near caches hold.
  bool leads_far = false;
  uint16_t most_overhead = 0;  // bytes that packets grow by at most
  // Differs where links' addresses or routes do, which connections' next hops follow from.
  uint32_t routing_version = 0;

  // Sets its own addresses, and what follows from them and the links.
  void set_own(std::vector<typename F::Address> addresses) {
    std::vector<typename F::Address> all_ones;
    for (const Link& link : links) {
      for (const lb::Prefix& prefix : link.addresses) {
        if (const auto address = prefix.broadcast()) all_ones.push_back(F::from_ip(*address));
      }
    }
    broadcasts = AddressSet<F>(all_ones);
    all_ones.insert(all_ones.end(), addresses.begin(), addresses.end());
    no_sources = AddressSet<F>(std::move(all_ones));
    own = AddressSet<F>(std::move(addresses));
  }

  // Whose reply a datagram from a server is, where that server's service keeps no connections.
  std::optional<OnePacketServer<F>> one_packet_reply(const lb::End<F>& from,
                                                     lb::Protocol protocol) const {
    if (one_packet_servers.empty()) [[likely]]
      return std::nullopt;
    const std::optional<uint32_t> found = one_packet_ends.find(from, protocol);
    if (!found) return std::nullopt;
    OnePacketServer<F> server = one_packet_servers[*found];
    if (server.virtual_end.port == Be16(0)) server.virtual_end.port = from.port;
    return server;
  }
};

// Derives from a snapshot's services what packets, limits and prefetching ask of all servers: to be
// called whenever one has been put in.
template <class F>
void derive_from_servers(Snapshot<F>& snapshot, lb::HashKey key) {
  std::vector<typename lb::EndpointTable<F>::Item> answering;
  std::set<std::tuple<typename F::Address, uint16_t, lb::Protocol>> taken;
  std::vector<std::tuple<uint32_t, uint32_t, uint32_t>> limits;
  snapshot.one_packet_servers.clear();
  constexpr size_t kNear = 512;  // two lines each
  size_t servers = 0;
  snapshot.most_overhead = 0;
  const auto put_answering = [&](const VirtualService<F>& service, const RealServer<F>& server) {
    if (!methods<F>()[server.method].replies_seen) return;
    // Where services share a server's end, nobody can know: the first has its replies.
    if (!taken.emplace(server.end.address, server.end.port.value(), service.protocol).second) {
      return;
    }
    answering.push_back(
        {server.end, service.protocol, static_cast<uint32_t>(snapshot.one_packet_servers.size())});
    snapshot.one_packet_servers.push_back({service.end, service.slot, server.slot});
  };
  for (const auto& service : snapshot.services) {
    if (!service) continue;
    servers += service->servers.size();
    for (const RealServer<F>& server : service->servers) {
      snapshot.most_overhead =
          std::max(snapshot.most_overhead, methods<F>()[server.method].overhead);
      if (server.upper_threshold > 0) {
        limits.emplace_back(server.slot, server.upper_threshold, server.lower_threshold);
      }
      if (service->one_packet) put_answering(*service, server);
    }
  }
  // After all that serve: another service may have the server by now.
  for (const auto& service : snapshot.services) {
    if (!service) continue;
    for (const RealServer<F>& server : service->absent) put_answering(*service, server);
  }
  snapshot.leads_far = servers > kNear;
  snapshot.one_packet_ends = lb::EndpointTable<F>(answering, key);
  std::ranges::sort(limits);
  auto wanted = std::make_shared<ServerLimits>();
  for (const auto& [slot, upper, lower] : limits) {
    wanted->servers.push_back(slot);
    wanted->thresholds.emplace_back(upper, lower);
  }
  if (!snapshot.limits->same_as(*wanted)) snapshot.limits = std::move(wanted);
}

// The same, and what services themselves are looked up by.
template <class F>
void index_services(Snapshot<F>& snapshot, lb::HashKey key) {
  using Name = std::pair<typename F::Address, lb::Protocol>;
  std::set<Name> all_ports;
  for (const auto& service : snapshot.services) {
    if (service && !service->closed && service->end.port == Be16(0)) {
      all_ports.emplace(service->end.address, service->protocol);
    }
  }
  std::vector<typename lb::EndpointTable<F>::Item> items;
  for (const auto& service : snapshot.services) {
    if (!service) continue;
    // The port of one that leaves is its no more where another service has every port: connections
    // are found by their ends, whatever service a packet is of.
    if (service->closed && all_ports.contains(Name(service->end.address, service->protocol)))
      continue;
    items.push_back({service->end, service->protocol, service->slot});
  }
  snapshot.endpoints = lb::EndpointTable<F>(items, key);
  derive_from_servers(snapshot, key);
}

}  // namespace dataplane
