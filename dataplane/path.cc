#include "dataplane/path.h"

#include "dataplane/parse_plain.h"

namespace dataplane {

using lb::DropReason;
using lb::EntryIndex;
using lb::kNoEntry;

namespace {

// Whether the device has found its IP checksum right.
bool is_verified(const rte_mbuf& packet) {
  return (packet.ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD;
}

}  // namespace

template <class F>
Path<F>::Path(const Means& means, lb::Connections<F>& connections, LiveFigures live,
              lb::Persistence& persistence, lb::Limits& limits, const Snapshot<F>& snapshot)
    : outbox_(means.outbox),
      peers_(means.peers),
      connections_(connections),
      live_(live),
      holds_(persistence, snapshot),
      limits_(limits),
      server_hops_(live.traffic.size()),
      turns_(live.turns),
      reservations_(connections),
      snapshot_(&snapshot),
      host_(means, *this, snapshot),
      relay_(host_, peers_, connections),
      reassembly_(outbox_, means.waits.fragments) {
  connections_.look_after_holds_by(holds_);
  connections_.share_limits(limits_);
  adopt(snapshot);
}

template <class F>
void Path<F>::begin(const Snapshot<F>& snapshot, lb::Tick now) {
  now_ = now;
  if (snapshot.serial.number() != adopted_) [[unlikely]]
    adopt(snapshot);
  snapshot_ = &snapshot;
  host_.begin(snapshot, now);
  holds_.begin(snapshot, now);
  relay_.begin(snapshot);
}

template <class F>
void Path<F>::adopt(const Snapshot<F>& snapshot) {
  adopted_ = snapshot.serial.number();
  connections_.use(snapshot.timeouts);
  host_.adopt(snapshot);
  const ServerLimits& limits = *snapshot.limits;
  if (limits.serial.number() == adopted_limits_) return;
  adopted_limits_ = limits.serial.number();
  for (size_t i = 0; i < limits.servers.size(); ++i) {
    const auto [upper, lower] = limits.thresholds[i];
    limits_.set(limits.servers[i], upper, lower, adopted_limits_);
  }
  connections_.count_at_limits(limits.servers);
}

template <class F>
void Path<F>::process(LinkNumber link, rte_mbuf** packets, uint16_t count) {
  Burst burst;
  read_all(link, packets, count, burst);
  if (snapshot_->endpoints.is_large()) fetch_endpoints(burst);
  if (peers_.alone()) {
    classify_all<true>(link, burst);
  } else {
    classify_all<false>(link, burst);
  }
  locate_all(burst);
  if (snapshot_->leads_far) fetch_all(burst);
  forward_all(link, burst);
  handle_exceptions(link, burst);
  settle();
}

// Reads each packet's headers, once. Broken ones end here.
template <class F>
void Path<F>::read_all(LinkNumber link, rte_mbuf** packets, uint16_t count, Burst& burst) {
  const PlainStart start(snapshot_->links[link].mac);
  for (rte_mbuf* packet : std::span(packets, count)) {
    rte_prefetch0(rte_pktmbuf_mtod(packet, void*));
  }
  Packet* next = burst.flow;
  for (rte_mbuf* mbuf : std::span(packets, count)) {
    if (mbuf->nb_segs > 1 && rte_pktmbuf_linearize(mbuf) != 0) [[unlikely]] {
      outbox_.drop(mbuf, DropReason::kChained);
      continue;
    }
    Packet& packet = *next;
    packet.mbuf = mbuf;
    if (!parse_plain(frame_of(*mbuf), start, is_verified(*mbuf), packet)) [[unlikely]] {
      if (!parse_unusual(link, packet, burst)) continue;
    }
    ++next;
  }
  burst.flows = static_cast<uint16_t>(next - burst.flow);
}

// What tells services apart, where it is not near anyway.
template <class F>
void Path<F>::fetch_endpoints(const Burst& burst) const {
  for (const Packet& packet : std::span(burst.flow, burst.flows)) {
    snapshot_->endpoints.prefetch(packet.destination);
  }
}

// Tells each packet's direction and outside end. What another worker owns goes there, of the rest
// the bucket is fetched.
template <class F>
template <bool alone>
void Path<F>::classify_all(LinkNumber link, Burst& burst) {
  const auto endpoints = snapshot_->endpoints.reader();
  const lb::HashKey key = connections_.table().key();
  Packet* next = burst.flow;
  for (Packet& packet : std::span(burst.flow, burst.flows)) {
    classify(packet, endpoints, key);
    if constexpr (!alone) {
      if (pass_on(link, packet, HandoverReason::kOwner)) continue;
      if (next != &packet) *next = packet;
      ++next;
    }
    connections_.table().prefetch(packet.hash);
  }
  if constexpr (!alone) burst.flows = static_cast<uint16_t>(next - burst.flow);
}

// What is no usual packet. True: a flow after all. Else it has ended, or waits in the burst.
template <class F>
bool Path<F>::parse_unusual(LinkNumber link, Packet& packet, Burst& burst) {
  const ParseResult result =
      parse(frame_of(*packet.mbuf), snapshot_->links[link].mac, is_verified(*packet.mbuf), packet);
  switch (result.kind) {
    case Parsed::kFlow:
      return true;
    case Parsed::kOther:
      burst.other[burst.others++] = packet;
      return false;
    case Parsed::kFragment:
      burst.fragment[burst.fragments++] = packet;
      return false;
    case Parsed::kArp:
      burst.arp[burst.arps++] = packet.mbuf;
      return false;
    case Parsed::kDrop:
      host_.handle_unparsed(link, packet.mbuf, result.reason);
      return false;
  }
  return false;
}

// Gives the packet to the worker that owns its connection, if that is another one. Asked of every
// packet, whatever the devices promised to steer.
template <class F>
bool Path<F>::pass_on(LinkNumber link, const Packet& packet, HandoverReason reason) {
  return peers_.pass_on(packet.outside(), packet.hash, link, packet, reason);
}

// By now the buckets are in the cache; what they point to is fetched for the whole burst at once.
// Not by __builtin_prefetch: to GCC a function that does nothing else has no effect and is left
// out.
template <class F>
void Path<F>::locate_all(Burst& burst) {
  const lb::ConnectionTable<F>& table = connections_.table();
  const Entry* const entries = connections_.entries();
  const uint16_t growth = snapshot_->most_overhead;
  for (Packet& packet : std::span(burst.flow, burst.flows)) {
    if (growth != 0) rte_prefetch0(packet.ip - sizeof(EthernetHeader) - growth);
    if (table.find_candidate(packet.hash, packet.candidate)) [[likely]] {
      rte_prefetch0(&entries[packet.candidate]);
      continue;
    }
    packet.usual = false;
    if (packet.service < Packet::kMasqueraded) expect(packet);
  }
}

// By now the entries are in the cache. What they lead to is fetched, where that is not near anyway.
template <class F>
void Path<F>::fetch_all(const Burst& burst) const {
  const Entry* const entries = connections_.entries();
  for (const Packet& packet : std::span(burst.flow, burst.flows)) {
    if (packet.candidate == kNoEntry) continue;
    const Entry& entry = entries[packet.candidate];
    rte_prefetch0(&live_.traffic[entry.server]);
    if (packet.direction() == lb::Direction::kInbound) {
      host_.neighbours().fetch(entry.next_hop_inside);
    } else {
      host_.neighbours().fetch(entry.next_hop_outside);
    }
  }
}

template <class F>
void Path<F>::forward_all(LinkNumber link, Burst& burst) {
  using lb::Direction;
  if (snapshot_->standby) [[unlikely]] {
    for (Packet& packet : std::span(burst.flow, burst.flows)) {
      if (!drop_in_standby(packet)) forward(link, packet);
    }
    return;
  }
  const lb::ConnectionTable<F>& table = connections_.table();
  const uint64_t removals = table.removals();
  Entry* const entries = connections_.entries();
  Outbox::Run run(outbox_);
  Packet* packet = burst.flow;
  Packet* const end = packet + burst.flows;
  for (; packet != end; ++packet) {
    if (packet->usual) [[likely]] {
      Entry& entry = entries[packet->candidate];
      const bool done = packet->direction() == Direction::kInbound
                            ? forward_usual<Direction::kInbound>(*packet, entry, run)
                            : forward_usual<Direction::kOutbound>(*packet, entry, run);
      if (done) [[likely]]
        continue;
    }
    run.put_down();
    forward(link, *packet);
    // A candidate of the rest may be one of the connections that have ended.
    if (table.removals() != removals) [[unlikely]] {
      while (++packet != end) forward(link, *packet);
      return;
    }
    run.take_up();
  }
  run.put_down();
}

// Forwards what nearly every packet is: part of the connection of its candidate, which goes on as
// it is, and whole on its way to a known next hop. False: nothing is done yet, and `forward`, which
// knows all cases, decides. A connection that is cut is closed, in no usual state. Precondition:
// packet.usual.
template <class F>
template <lb::Direction direction>
inline bool Path<F>::forward_usual(Packet& packet, Entry& entry, Outbox::Run& run) {
  constexpr bool kInbound = direction == lb::Direction::kInbound;
  const lb::FlowEnd<F>& outside = kInbound ? packet.source : packet.destination;
  const lb::FlowEnd<F>& other = kInbound ? packet.destination : packet.source;
  if (!lb::ConnectionTable<F>::is_usual(entry, direction, outside, other)) return false;
  const Method<F>& method = methods_[entry.method];
  Neighbour<F>* hop =
      host_.known_next_hop(kInbound ? entry.next_hop_inside : entry.next_hop_outside);
  if (hop == nullptr) return false;
  if (!kInbound || method.overhead == 0) {
    if (packet.length > hop->mtu) return false;
  } else if (packet.length + method.overhead > host_.room_to(entry.inside.address, hop->mtu)) {
    return false;
  }

  count(packet, direction, entry.server);
  connections_.stamp(entry, now_);
  host_.count_down_ttl(packet);
  if constexpr (kInbound) {
    method.rewrite_inbound(packet, entry, hop->source);
  } else {
    method.outbound(packet, entry);
  }
  host_.send_whole(*hop, packet, run);
  return true;
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
void Path<F>::forward(LinkNumber link, Packet& packet) {
  const EntryIndex index = find_or_open(link, packet);
  if (index != kNoEntry) forward_with(link, packet, index);
}

template <class F>
void Path<F>::forward_with(LinkNumber link, Packet& packet, EntryIndex index) {
  Entry& entry = connections_.entry(index);
  // What an end still sends keeps no connection that was cut, and is no traffic of its server's.
  const bool is_cut = (entry.flags & Entry::kCut) != 0;
  if (is_cut && !reset_both(link, packet)) [[unlikely]]
    return;
  if (packet.direction() == lb::Direction::kInbound) {
    Neighbour<F>* hop = host_.next_hop(entry.next_hop_inside, entry.inside.address, link, packet,
                                       IcmpError::host_unreachable());
    if (hop == nullptr) return;
    if (!is_cut) account(packet, entry);
    leave_inbound(link, packet, entry, *hop);
    return;
  }
  Neighbour<F>* hop = host_.next_hop(entry.next_hop_outside, entry.outside.address, link, packet,
                                     IcmpError::network_unreachable());
  if (hop == nullptr) return;
  if (!is_cut) account(packet, entry);
  leave_outbound(link, packet, entry, *hop);
}

template <class F>
EntryIndex Path<F>::find(const Packet& packet) const {
  return connections_.table().find(packet.hash, packet.direction(), packet.outside(),
                                   packet.other(), packet.protocol());
}

// The packet's connection. kNoEntry: there was none, and the packet's fate is decided, of one that
// has opened a service's connection too.
template <class F>
EntryIndex Path<F>::find_or_open(LinkNumber link, Packet& packet) {
  const lb::ConnectionTable<F>& table = connections_.table();
  const auto first_of_end = [&] {
    return table.find_first(packet.hash, packet.outside(), packet.protocol());
  };
  packet.candidate = first_of_end();
  const EntryIndex index = table.find_among(packet.candidate, packet.direction(), packet.other());
  if (packet.direction() == lb::Direction::kOutbound) {
    if (index != kNoEntry && !ends_with_its_masquerade(packet, index)) return index;
    const auto server = snapshot_->one_packet_reply(packet.source, packet.protocol());
    if (server && !host_.owns(packet.destination.address)) {
      return_once(link, packet, *server);
      return kNoEntry;
    }
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
  if (index != kNoEntry) [[likely]] {
    if (!makes_way(packet, connections_.entry(index))) return index;
    connections_.close(index);
    packet.candidate = first_of_end();
  }
  open(link, packet);
  return kNoEntry;
}

template <class F>
void Path<F>::account(const Packet& packet, Entry& entry) {
  const lb::Direction direction = packet.direction();
  count(packet, direction, entry.server);
  const bool is_answer = (direction == lb::Direction::kInbound) == entry.from_inside;
  const lb::Side side = is_answer            ? lb::Side::kServer
                        : entry.replies_seen ? lb::Side::kClient
                                             : lb::Side::kClientOnly;
  connections_.touch(entry, lb::next_tcp_state(entry.state, side, packet.tcp_flags), now_);
}

template class Path<lb::V4>;

}  // namespace dataplane
