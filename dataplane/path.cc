#include "dataplane/path.h"

#include "dataplane/parse.h"

namespace dataplane {

using lb::DropReason;
using lb::EntryIndex;
using lb::kNoEntry;

template <class F>
Path<F>::Path(Io& io, Outbox& outbox, WorkerCounters& counters, EventQueue& events,
              lb::Connections<F>& connections, LiveFigures live, const Snapshot<F>& snapshot,
              std::vector<uint16_t> link_of_port)
    : outbox_(outbox),
      connections_(connections),
      live_(live),
      snapshot_(&snapshot),
      host_(io, outbox, counters, events, *this, snapshot, std::move(link_of_port)),
      relay_(host_, connections),
      reassembly_(outbox) {}

template <class F>
void Path<F>::begin(const Snapshot<F>& snapshot, lb::Tick now) {
  snapshot_ = &snapshot;
  now_ = now;
  host_.begin(snapshot, now);
}

template <class F>
void Path<F>::process(PortNumber port, rte_mbuf** packets, uint16_t count) {
  Burst burst;
  parse_all(port, packets, count, burst);
  classify_all(burst);
  locate_all(burst);
  forward_all(port, burst);
  handle_exceptions(port, burst);
}

// Reads each packet's headers, once; broken ones end here.
template <class F>
void Path<F>::parse_all(PortNumber port, rte_mbuf** packets, uint16_t count, Burst& burst) {
  const lb::MacAddress& own_mac = snapshot_->links[host_.link_of(port)].mac;
  constexpr uint16_t kAhead = 4;
  for (uint16_t i = 0; i < std::min(kAhead, count); ++i) {
    rte_prefetch0(rte_pktmbuf_mtod(packets[i], void*));
  }
  for (uint16_t i = 0; i < count; ++i) {
    if (i + kAhead < count) rte_prefetch0(rte_pktmbuf_mtod(packets[i + kAhead], void*));
    rte_mbuf* mbuf = packets[i];
    if (mbuf->nb_segs > 1 && rte_pktmbuf_linearize(mbuf) != 0) {
      outbox_.drop(mbuf, DropReason::kChained);
      continue;
    }
    Packet& packet = burst.flow[burst.flows];
    packet.mbuf = mbuf;
    const bool verified =
        (mbuf->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD;
    const ParseResult result =
        parse({rte_pktmbuf_mtod(mbuf, uint8_t*), mbuf->data_len}, own_mac, verified, packet);
    switch (result.kind) {
      case Parsed::kFlow:
        ++burst.flows;
        break;
      case Parsed::kOther:
        burst.other[burst.others++] = packet;
        break;
      case Parsed::kFragment:
        burst.fragment[burst.fragments++] = packet;
        break;
      case Parsed::kArp:
        burst.arp[burst.arps++] = mbuf;
        break;
      case Parsed::kDrop:
        outbox_.drop(mbuf, result.reason);
        break;
    }
  }
}

template <class F>
void Path<F>::classify_all(Burst& burst) {
  for (uint16_t i = 0; i < burst.flows; ++i) {
    classify(burst.flow[i]);
    connections_.table().prefetch(burst.flow[i].hash);
  }
}

// One probe tells whether a packet goes to a service; from that follow its direction and outside
// end.
template <class F>
void Path<F>::classify(Packet& packet) const {
  packet.service =
      snapshot_->endpoints.find(packet.destination, packet.protocol).value_or(Packet::kNoService);
  if (packet.service == Packet::kNoService && snapshot_->masquerade.covers(packet.destination)) {
    packet.service = Packet::kMasqueraded;
  }
  packet.hash = connections_.table().hash(packet.outside(), packet.protocol);
}

// By now the buckets are in the cache; what they point to is fetched for the whole burst at once. Not
// by __builtin_prefetch: to GCC a function that does nothing else has no effect and is left out.
template <class F>
void Path<F>::locate_all(const Burst& burst) {
  for (uint16_t i = 0; i < burst.flows; ++i) {
    const EntryIndex candidate = connections_.table().candidate(burst.flow[i].hash);
    if (candidate != kNoEntry) rte_prefetch0(&connections_.entry(candidate));
  }
}

template <class F>
void Path<F>::forward_all(PortNumber port, Burst& burst) {
  for (uint16_t i = 0; i < burst.flows; ++i) forward(port, burst.flow[i]);
}

template <class F>
void Path<F>::handle_exceptions(PortNumber port, Burst& burst) {
  for (uint16_t i = 0; i < burst.fragments; ++i) put_together(port, burst.fragment[i]);
  for (uint16_t i = 0; i < burst.others; ++i) handle_other(port, burst.other[i]);
  for (uint16_t i = 0; i < burst.arps; ++i) host_.handle_arp(port, burst.arp[i]);
}

template <class F>
void Path<F>::forward(PortNumber port, Packet& packet) {
  const EntryIndex index = find_or_open(port, packet);
  if (index != kNoEntry) forward_with(port, packet, index);
}

template <class F>
void Path<F>::forward_with(PortNumber port, Packet& packet, EntryIndex index) {
  Entry& entry = connections_.entry(index);
  const Method<F>& method = methods_[entry.method];
  if (packet.direction() == lb::Direction::kInbound) {
    Neighbour<F>* hop = host_.next_hop(entry.next_hop_inside, entry.inside.address, port, packet,
                                       IcmpError::host_unreachable());
    if (hop == nullptr) return;
    account(packet, index, entry);
    const bool may =
        method.overhead == 0
            ? host_.may_leave(*hop, port, packet)
            : host_.may_leave_in_tunnel(*hop, port, packet, method.overhead, entry.inside.address);
    if (!may) return;
    method.inbound(packet, entry, hop->source);
    host_.send(*hop, packet);
    return;
  }
  Neighbour<F>* hop = host_.next_hop(entry.next_hop_outside, entry.outside.address, port, packet,
                                     IcmpError::host_unreachable());
  if (hop == nullptr) return;
  account(packet, index, entry);
  if (!host_.may_leave(*hop, port, packet)) return;
  method.outbound(packet, entry);
  host_.send(*hop, packet);
}

template <class F>
EntryIndex Path<F>::find(const Packet& packet) const {
  return connections_.table().find(packet.hash, packet.direction(), packet.outside(),
                                   packet.other(), packet.protocol);
}

// The packet's connection, an old or a new one. kNoEntry: it has none, and its fate is decided.
template <class F>
EntryIndex Path<F>::find_or_open(PortNumber port, Packet& packet) {
  const EntryIndex index = find(packet);
  if (packet.direction() == lb::Direction::kOutbound) {
    if (index != kNoEntry) return index;
    if (const MasqueradeRule<F>* rule = masquerade_rule(packet)) {
      return open_masqueraded(packet, *rule);
    }
    host_.handle_unmatched(port, packet);
    return kNoEntry;
  }
  if (packet.service == Packet::kMasqueraded) {
    if (index == kNoEntry) host_.handle_unmatched(port, packet);
    return index;
  }
  if (index == kNoEntry) return open(port, packet);
  constexpr uint8_t kMask = lb::tcp::kSyn | lb::tcp::kAck | lb::tcp::kRst;
  if ((packet.tcp_flags & kMask) == lb::tcp::kSyn) [[unlikely]] {
    const Entry& entry = connections_.entry(index);
    if (lb::gives_way_to_syn(entry.state, entry.replies_seen)) {
      connections_.close(index);
      return open(port, packet);
    }
  }
  return index;
}

template <class F>
EntryIndex Path<F>::open(PortNumber port, Packet& packet) {
  const bool tcp = packet.protocol == lb::Protocol::kTcp;
  constexpr uint8_t kMask = lb::tcp::kSyn | lb::tcp::kRst;
  // LVS looks at SYN alone, so a SYN+ACK is scheduled too (recorded vector nat-first-SA-sloppy0).
  if (tcp && (packet.tcp_flags & kMask) != lb::tcp::kSyn) {
    host_.refuse_with_reset(port, packet, DropReason::kNotASyn);
    return kNoEntry;
  }
  if (snapshot_->own.contains(packet.source.address)) {
    host_.drop(packet, DropReason::kBadSource);
    return kNoEntry;
  }
  const VirtualService<F>& service = *snapshot_->services[packet.service];
  DropReason why_not{};
  EntryIndex index = kNoEntry;
  const RealServer<F>* server = choose(service, packet, why_not);
  if (server != nullptr) {
    index = connections_.open(
        {packet.source, packet.destination, server->end, packet.protocol,
         tcp ? lb::State::kSynRecv : lb::State::kUdp, server->method,
         methods_[server->method].replies_seen, false, service.slot, server->slot},
        now_);
    if (index != kNoEntry) {
      live_.traffic[server->slot].connections.add(1);
      return index;
    }
    why_not = DropReason::kTableFull;
  }
  live_.refused[service.slot].add(1);
  host_.refuse(port, packet, why_not, IcmpError::port_unreachable());
  return kNoEntry;
}

// The scheduler's server, or, where that would make two connections look alike to their replies,
// the next in order that does not.
template <class F>
const RealServer<F>* Path<F>::choose(const VirtualService<F>& service, const Packet& packet,
                                     DropReason& why_not) {
  uint64_t turn = 0;
  if (service.plan->takes_turns()) {
    turn = live_.turns[service.slot].fetch_add(1, std::memory_order_relaxed);
  }
  const auto picked = service.plan->pick({turn, scheduler::LoadView(live_.loads)});
  if (!picked) {
    why_not = DropReason::kNoServer;
    return nullptr;
  }
  const size_t servers = service.servers.size();
  for (size_t step = 0; step < servers; ++step) {
    const RealServer<F>& server = service.servers[(*picked + step) % servers];
    if (server.accepts && !is_ambiguous(server, packet)) return &server;
  }
  why_not = DropReason::kAmbiguousTuple;
  return nullptr;
}

// In NAT a reply names only the client's end and the server's: two services that share a server
// cannot both have it for one client port.
template <class F>
bool Path<F>::is_ambiguous(const RealServer<F>& server, const Packet& packet) const {
  if (!methods_[server.method].replies_seen) return false;
  return connections_.table().find(packet.hash, lb::Direction::kOutbound, packet.source, server.end,
                                   packet.protocol) != kNoEntry;
}

template <class F>
void Path<F>::account(const Packet& packet, EntryIndex index, Entry& entry) {
  lb::Traffic& traffic = live_.traffic[entry.server];
  lb::Side side;
  if (packet.direction() == lb::Direction::kInbound) {
    traffic.packets_in.add(1);
    traffic.bytes_in.add(packet.length);
    side = entry.from_inside    ? lb::Side::kServer
           : entry.replies_seen ? lb::Side::kClient
                                : lb::Side::kClientOnly;
  } else {
    traffic.packets_out.add(1);
    traffic.bytes_out.add(packet.length);
    side = entry.from_inside ? lb::Side::kClient : lb::Side::kServer;
  }
  const lb::State state = packet.protocol == lb::Protocol::kTcp
                              ? lb::next_tcp_state(entry.state, side, packet.tcp_flags)
                              : entry.state;
  connections_.touch(index, state, now_);
}

// Whether a packet can be the first of something that its sender starts. TCP and ICMP tell; what
// answers a client that was routed to the server directly must keep its address. With UDP nobody
// can know.
template <class F>
bool Path<F>::starts_something(const Packet& packet) const {
  switch (packet.protocol) {
    case lb::Protocol::kTcp: {
      constexpr uint8_t kMask = lb::tcp::kSyn | lb::tcp::kAck | lb::tcp::kRst;
      return (packet.tcp_flags & kMask) == lb::tcp::kSyn;
    }
    case lb::Protocol::kUdp:
      return true;
    case lb::Protocol::kIcmp:
      break;
  }
  return packet.source.port != Be16(0);  // the identifier is the port of the end that asks
}

// The rule by which a packet that a real server sends of its own accord leaves, or nullptr.
template <class F>
const MasqueradeRule<F>* Path<F>::masquerade_rule(const Packet& packet) const {
  if (snapshot_->masquerade.empty() || host_.owns(packet.destination.address)) return nullptr;
  if (!starts_something(packet)) return nullptr;
  const lb::Route<F>* route = snapshot_->routes.find(packet.destination.address);
  if (route == nullptr) return nullptr;
  return snapshot_->masquerade.find(packet.source.address, route->interface);
}

template <class F>
EntryIndex Path<F>::open_masqueraded(const Packet& packet, const MasqueradeRule<F>& rule) {
  const auto masquerade =
      pick_port(connections_, rule, packet.source, packet.destination, packet.protocol);
  if (!masquerade) {
    if (!exhaustion_told_) host_.report_exhausted(rule.interface, packet.destination.address);
    exhaustion_told_ = true;
    host_.drop(packet, DropReason::kNoMasqueradePort);
    return kNoEntry;
  }
  exhaustion_told_ = false;
  const lb::State state = packet.protocol == lb::Protocol::kTcp   ? lb::State::kSynRecv
                          : packet.protocol == lb::Protocol::kUdp ? lb::State::kUdp
                                                                  : lb::State::kIcmp;
  const EntryIndex index = connections_.open({packet.destination,
                                              {rule.address, *masquerade},
                                              packet.source,
                                              packet.protocol,
                                              state,
                                              nat_,
                                              true,
                                              true,
                                              live_.masquerade_service,
                                              live_.masquerade_server},
                                             now_);
  if (index == kNoEntry) {
    host_.drop(packet, DropReason::kTableFull);
    return kNoEntry;
  }
  live_.traffic[live_.masquerade_server].connections.add(1);
  return index;
}

// A datagram whose last missing fragment this is goes on as if it had come whole.
template <class F>
void Path<F>::put_together(PortNumber port, const Packet& fragment) {
  const auto datagram = reassembly_.add(port, fragment.mbuf, fragment.ip, now_);
  if (!datagram) return;
  Packet packet;
  const lb::MacAddress& own_mac = snapshot_->links[host_.link_of(port)].mac;
  const ParseResult result = parse(datagram->frame, own_mac, true, packet);
  packet.mbuf = nullptr;
  packet.fragments = datagram->fragments.data();
  packet.fragment_count = static_cast<uint16_t>(datagram->fragments.size());
  packet.largest_fragment = datagram->largest_fragment;
  switch (result.kind) {
    case Parsed::kFlow:
      classify(packet);
      forward(port, packet);
      break;
    case Parsed::kOther:
      handle_other(port, packet);
      break;
    default:
      host_.drop(packet, result.reason);
      break;
  }
}

// ICMP errors may be about a connection, and an echo may be a masqueraded one.
template <class F>
void Path<F>::handle_other(PortNumber port, Packet& packet) {
  if (relay_.is_error(packet)) {
    relay_.relay(port, packet);
    return;
  }
  const bool echo =
      packet.protocol == lb::Protocol::kIcmp && packet.source.port != packet.destination.port;
  if (echo && !snapshot_->masquerade.empty()) {
    classify(packet);
    EntryIndex index = find(packet);
    if (index == kNoEntry && packet.direction() == lb::Direction::kOutbound) {
      if (const MasqueradeRule<F>* rule = masquerade_rule(packet)) {
        index = open_masqueraded(packet, *rule);
        if (index == kNoEntry) return;
      }
    }
    if (index != kNoEntry) {
      forward_with(port, packet, index);
      return;
    }
  }
  host_.handle_other(port, packet);
}

template class Path<lb::V4>;

}  // namespace dataplane
