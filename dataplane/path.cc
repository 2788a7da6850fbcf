#include "dataplane/path.h"

#include "dataplane/parse.h"

namespace dataplane {

using lb::DropReason;
using lb::EntryIndex;
using lb::kNoEntry;

namespace {

// Precondition: an IPv4 packet whose header is whole.
bool is_fragment(const rte_mbuf* packet) {
  const auto* frame = rte_pktmbuf_mtod(packet, const uint8_t*);
  const uint16_t bits = view<Ipv4Header>(frame + sizeof(EthernetHeader)).fragment.value();
  return (bits & (Ipv4Header::kMoreFragments | Ipv4Header::kOffset)) != 0;
}

}  // namespace

template <class F>
Path<F>::Path(Io& io, Outbox& outbox, Peers& peers, WorkerCounters& counters, EventQueue& events,
              TokenBucket& answer_limit, lb::Connections<F>& connections, LiveFigures live,
              const Snapshot<F>& snapshot)
    : outbox_(outbox),
      peers_(peers),
      connections_(connections),
      live_(live),
      turns_(live.turns),
      snapshot_(&snapshot),
      host_(io, outbox, peers, counters, events, answer_limit, *this, snapshot),
      relay_(host_, peers, connections),
      reassembly_(outbox) {}

template <class F>
void Path<F>::begin(const Snapshot<F>& snapshot, lb::Tick now) {
  snapshot_ = &snapshot;
  now_ = now;
  host_.begin(snapshot, now);
}

template <class F>
void Path<F>::process(LinkNumber link, rte_mbuf** packets, uint16_t count) {
  Burst burst;
  parse_all(link, packets, count, burst);
  classify_all(link, burst);
  locate_all(burst);
  forward_all(link, burst);
  handle_exceptions(link, burst);
  turns_.settle();
}

// Reads each packet's headers, once; broken ones end here.
template <class F>
void Path<F>::parse_all(LinkNumber link, rte_mbuf** packets, uint16_t count, Burst& burst) {
  const lb::MacAddress& own_mac = snapshot_->links[link].mac;
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
void Path<F>::classify_all(LinkNumber link, Burst& burst) {
  uint16_t kept = 0;
  for (uint16_t i = 0; i < burst.flows; ++i) {
    Packet& packet = burst.flow[i];
    classify(packet);
    if (pass_on(link, packet, HandoverReason::kOwner)) continue;
    connections_.table().prefetch(packet.hash);
    if (kept != i) burst.flow[kept] = packet;
    ++kept;
  }
  burst.flows = kept;
}

// Gives the packet to the worker that owns its connection, if that is another one. Asked of every
// packet, whatever the devices promised to steer.
template <class F>
bool Path<F>::pass_on(LinkNumber link, const Packet& packet, HandoverReason reason) {
  return peers_.pass_on(packet.outside(), packet.hash, link, packet, reason);
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
    const Packet& packet = burst.flow[i];
    const EntryIndex candidate = connections_.table().candidate(packet.hash);
    if (candidate != kNoEntry) {
      rte_prefetch0(&connections_.entry(candidate));
    } else if (is_likely_new(packet)) {
      turns_.expect(packet.service);
    }
  }
}

// Whether a packet of no known connection will open one whose server is chosen by turns.
template <class F>
bool Path<F>::is_likely_new(const Packet& packet) const {
  if (packet.service >= Packet::kMasqueraded || !may_open(packet)) return false;
  return snapshot_->services[packet.service]->plan->takes_turns();
}

template <class F>
void Path<F>::forward_all(LinkNumber link, Burst& burst) {
  for (uint16_t i = 0; i < burst.flows; ++i) forward(link, burst.flow[i]);
}

template <class F>
void Path<F>::handle_exceptions(LinkNumber link, Burst& burst) {
  for (uint16_t i = 0; i < burst.fragments; ++i) {
    const Packet& fragment = burst.fragment[i];
    const WorkerNumber home = peers_.home(view<Ipv4Header>(fragment.ip));
    if (home == peers_.self()) {
      put_together(link, fragment);
    } else {
      peers_.hand_over(home, link, fragment.mbuf, HandoverReason::kFragment);
    }
  }
  for (uint16_t i = 0; i < burst.others; ++i) handle_other(link, burst.other[i]);
  for (uint16_t i = 0; i < burst.arps; ++i) host_.handle_arp(link, burst.arp[i]);
}

template <class F>
void Path<F>::process_piece(LinkNumber link, rte_mbuf* fragment) {
  Packet packet;
  packet.mbuf = fragment;
  const ParseResult result =
      parse({rte_pktmbuf_mtod(fragment, uint8_t*), fragment->data_len},
            snapshot_->links[link].mac, true, packet);
  if (result.kind != Parsed::kFragment) {
    // It was one when it was handed over, and nobody has written to it.
    outbox_.drop(fragment, DropReason::kBadFragment);
    return;
  }
  put_together(link, packet);
  turns_.settle();
}

// What was held for a next hop is this worker's, fragments of a datagram included.
template <class F>
void Path<F>::process_again(LinkNumber link, rte_mbuf* packet) {
  if (is_fragment(packet)) {
    process_piece(link, packet);
  } else {
    process(link, &packet, 1);
  }
}

template <class F>
void Path<F>::forward(LinkNumber link, Packet& packet) {
  const EntryIndex index = find_or_open(link, packet);
  if (index != kNoEntry) forward_with(link, packet, index);
}

template <class F>
void Path<F>::forward_with(LinkNumber link, Packet& packet, EntryIndex index) {
  Entry& entry = connections_.entry(index);
  const Method<F>& method = methods_[entry.method];
  if (packet.direction() == lb::Direction::kInbound) {
    Neighbour<F>* hop = host_.next_hop(entry.next_hop_inside, entry.inside.address, link, packet,
                                       IcmpError::host_unreachable());
    if (hop == nullptr) return;
    account(packet, index, entry);
    const bool may =
        method.overhead == 0
            ? host_.may_leave(*hop, link, packet)
            : host_.may_leave_in_tunnel(*hop, link, packet, method.overhead, entry.inside.address);
    if (!may) return;
    method.inbound(packet, entry, hop->source);
    host_.send(*hop, packet);
    return;
  }
  Neighbour<F>* hop = host_.next_hop(entry.next_hop_outside, entry.outside.address, link, packet,
                                     IcmpError::host_unreachable());
  if (hop == nullptr) return;
  account(packet, index, entry);
  if (!host_.may_leave(*hop, link, packet)) return;
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
EntryIndex Path<F>::find_or_open(LinkNumber link, Packet& packet) {
  const EntryIndex index = find(packet);
  if (packet.direction() == lb::Direction::kOutbound) {
    if (index != kNoEntry) return index;
    if (const MasqueradeRule<F>* rule = masquerade_rule(packet)) {
      return open_masqueraded(packet, *rule);
    }
    host_.handle_unmatched(link, packet);
    return kNoEntry;
  }
  if (packet.service == Packet::kMasqueraded) {
    if (index == kNoEntry) host_.handle_unmatched(link, packet);
    return index;
  }
  if (index == kNoEntry) return open(link, packet);
  constexpr uint8_t kMask = lb::tcp::kSyn | lb::tcp::kAck | lb::tcp::kRst;
  if ((packet.tcp_flags & kMask) == lb::tcp::kSyn) [[unlikely]] {
    const Entry& entry = connections_.entry(index);
    if (lb::gives_way_to_syn(entry.state, entry.replies_seen)) {
      connections_.close(index);
      return open(link, packet);
    }
  }
  return index;
}

// Whether a packet may be the first of a service's connection. LVS looks at SYN alone, so a SYN+ACK
// is scheduled too (recorded vector nat-first-SA-sloppy0).
template <class F>
bool Path<F>::may_open(const Packet& packet) {
  constexpr uint8_t kMask = lb::tcp::kSyn | lb::tcp::kRst;
  return packet.protocol != lb::Protocol::kTcp || (packet.tcp_flags & kMask) == lb::tcp::kSyn;
}

template <class F>
EntryIndex Path<F>::open(LinkNumber link, Packet& packet) {
  if (!may_open(packet)) {
    host_.refuse_with_reset(link, packet, DropReason::kNotASyn);
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
         packet.protocol == lb::Protocol::kTcp ? lb::State::kSynRecv : lb::State::kUdp, server->method,
         methods_[server->method].replies_seen, false, service.slot, server->slot},
        now_);
    if (index != kNoEntry) {
      live_.traffic[server->slot].connections.add(1);
      return index;
    }
    why_not = DropReason::kTableFull;
  }
  live_.refused[service.slot].add(1);
  // Where other workers may make room, the client is left to try again.
  if (why_not == DropReason::kTableFull && !peers_.alone() && connections_.is_waiting(now_)) {
    host_.drop(packet, why_not);
    return kNoEntry;
  }
  host_.refuse(link, packet, why_not, IcmpError::port_unreachable());
  return kNoEntry;
}

// The scheduler's server, or, where that would make two connections look alike to their replies,
// the next in order that does not.
template <class F>
const RealServer<F>* Path<F>::choose(const VirtualService<F>& service, const Packet& packet,
                                     DropReason& why_not) {
  uint64_t turn = 0;
  if (service.plan->takes_turns()) {
    turn = turns_.take(service.slot);
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
void Path<F>::put_together(LinkNumber link, const Packet& fragment) {
  const auto datagram = reassembly_.add(link, fragment.mbuf, fragment.ip, now_);
  if (!datagram) return;
  Packet packet;
  const lb::MacAddress& own_mac = snapshot_->links[link].mac;
  const ParseResult result = parse(datagram->frame, own_mac, true, packet);
  packet.mbuf = nullptr;
  packet.fragments = datagram->fragments.data();
  packet.fragment_count = static_cast<uint16_t>(datagram->fragments.size());
  packet.largest_fragment = datagram->largest_fragment;
  switch (result.kind) {
    case Parsed::kFlow:
      classify(packet);
      if (!pass_on(link, packet, HandoverReason::kFragment)) forward(link, packet);
      break;
    case Parsed::kOther:
      handle_other(link, packet);
      break;
    default:
      host_.drop(packet, result.reason);
      break;
  }
}

// ICMP errors may be about a connection, and an echo may be a masqueraded one.
template <class F>
void Path<F>::handle_other(LinkNumber link, Packet& packet) {
  if (relay_.is_error(packet)) {
    relay_.relay(link, packet);
    return;
  }
  const bool echo =
      packet.protocol == lb::Protocol::kIcmp && packet.source.port != packet.destination.port;
  if (echo && !snapshot_->masquerade.empty()) {
    classify(packet);
    if (pass_on(link, packet, HandoverReason::kIcmp)) return;
    EntryIndex index = find(packet);
    if (index == kNoEntry && packet.direction() == lb::Direction::kOutbound) {
      if (const MasqueradeRule<F>* rule = masquerade_rule(packet)) {
        index = open_masqueraded(packet, *rule);
        if (index == kNoEntry) return;
      }
    }
    if (index != kNoEntry) {
      forward_with(link, packet, index);
      return;
    }
  }
  host_.handle_other(link, packet);
}

template class Path<lb::V4>;

}  // namespace dataplane
