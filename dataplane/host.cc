#include "dataplane/host.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "dataplane/checksum.h"
#include "dataplane/fragment.h"
#include "dataplane/ip_options.h"
#include "dataplane/parse.h"

namespace dataplane {
namespace {

using lb::DropReason;

std::vector<LinkHeader> headers_of(const Snapshot<lb::V4>& snapshot) {
  std::vector<LinkHeader> headers;
  for (const Link& link : snapshot.links) headers.push_back({link.mac, link.mtu});
  return headers;
}

}  // namespace

Host<lb::V4>::Host(const Means& means, Reentry& reentry, const Snapshot& snapshot)
    : io_(means.io),
      outbox_(means.outbox),
      peers_(means.peers),
      counters_(means.counters),
      events_(means.events),
      answer_limit_(means.answer_limit),
      kernel_(means.kernel),
      reentry_(reentry),
      snapshot_(&snapshot),
      neighbours_(*this, headers_of(snapshot), means.peers.self(), means.waits.held) {}

// --- what is for the director itself, and what is for nobody here

void Host<lb::V4>::handle_other(LinkNumber link, Packet& packet) {
  if (!snapshot_->own.contains(packet.destination.address)) {
    route(link, packet);
    return;
  }
  if (is_bad_source(packet.source.address)) {
    drop(packet, DropReason::kBadSource);
    return;
  }
  const bool kernel_takes_it = kernel_takes(link, packet.destination.address);
  if (view<Ipv4Header>(packet.ip).protocol != kProtocolIcmp) {
    if (kernel_takes_it) {
      give_to_kernel(link, packet);
      return;
    }
    refuse(link, packet, DropReason::kUnknownProtocol, IcmpError::protocol_unreachable());
    return;
  }
  if (!is_whole_icmp(packet)) {
    drop(packet, DropReason::kBadTransportHeader);
    return;
  }
  if (!turn_into_echo_reply(packet)) {
    if (kernel_takes_it) {
      give_to_kernel(link, packet);
    } else {
      drop(packet, DropReason::kIcmpUnhandled);
    }
    return;
  }
  auto& ethernet = view<EthernetHeader>(packet.ip - sizeof(EthernetHeader));
  if (ethernet.source.is_multicast()) {
    drop(packet, DropReason::kBadSource);
    return;
  }
  if (packet.mbuf == nullptr) {
    const lb::MacAddress back = ethernet.source;
    packet.room = snapshot_->links[link].mtu;
    Neighbour<lb::V4> hop;
    hop.header = {back, snapshot_->links[link].mac, Be16(ethertype::kIpv4)};
    hop.link = link;
    send_in_fragments(hop, packet);
    return;
  }
  ethernet.destination = ethernet.source;
  ethernet.source = snapshot_->links[link].mac;
  fit_frame(packet);
  counters_.consumed.add(1);
  counters_.answers.add(1);
  outbox_.send(link, packet.mbuf);
}

std::optional<DropReason> Host<lb::V4>::why_unmatched(const Packet& packet) const {
  if (!owns(packet.destination.address)) return why_not_routed(packet);
  return is_bad_source(packet.source.address) ? DropReason::kBadSource : DropReason::kClosedPort;
}

std::optional<DropReason> Host<lb::V4>::why_not_routed(const Packet& packet) const {
  if (is_broadcast(packet.destination.address)) return DropReason::kNotForUs;
  if (is_bad_source(packet.source.address)) return DropReason::kBadSource;
  if (snapshot_->elsewhere.contains(packet.destination.address)) return DropReason::kStandby;
  return std::nullopt;
}

void Host<lb::V4>::handle_unmatched(LinkNumber link, Packet& packet) {
  const std::optional<DropReason> why_not = why_unmatched(packet);
  if (!why_not) {
    send_on(link, packet);
  } else if (*why_not != DropReason::kClosedPort) {
    drop(packet, *why_not);
  } else if (kernel_takes(link, packet.destination.address)) {
    give_to_kernel(link, packet);
  } else {
    refuse_as_closed(link, packet, *why_not);
  }
}

void Host<lb::V4>::route(LinkNumber link, Packet& packet) {
  if (const auto why_not = why_not_routed(packet)) {
    drop(packet, *why_not);
  } else {
    send_on(link, packet);
  }
}

void Host<lb::V4>::send_on(LinkNumber link, Packet& packet) {
  lb::NextHop known = 0;
  Neighbour<lb::V4>* hop =
      next_hop(known, packet.destination.address, link, packet, IcmpError::network_unreachable());
  if (hop != nullptr && may_leave(*hop, link, packet)) send(*hop, packet);
}

bool Host<lb::V4>::is_on_link(LinkNumber link, lb::Ipv4Address address) const {
  const lb::IpAddress ip(address);
  const std::vector<lb::Prefix>& prefixes = snapshot_->links[link].addresses;
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const lb::Prefix& prefix) { return prefix.contains(ip); });
}

// --- next hops

bool Host<lb::V4>::kernel_takes_from(lb::Ipv4Address source, lb::Ipv4Address address) const {
  const auto way = way_to(source);
  return way && kernel_takes(way->link, address);
}

std::optional<Neighbour<lb::V4>> Host<lb::V4>::look_at_next_hop(lb::NextHop known,
                                                                lb::Ipv4Address destination) const {
  if (const Neighbour<lb::V4>* hop = neighbours_.get(known)) return *hop;
  const auto way = way_to(destination);
  if (!way) return std::nullopt;
  if (const Neighbour<lb::V4>* hop = neighbours_.look_up(way->link, way->next)) return *hop;
  Neighbour<lb::V4> unknown{};
  unknown.link = way->link;
  unknown.address = way->next;
  unknown.header.source = snapshot_->links[way->link].mac;
  unknown.mtu = snapshot_->links[way->link].mtu;
  unknown.source = source_on(way->link, way->next);
  return unknown;
}

Neighbour<lb::V4>* Host<lb::V4>::find_next_hop(lb::NextHop& known, lb::Ipv4Address destination,
                                               LinkNumber link, const Packet& packet,
                                               IcmpError without_route) {
  Neighbour<lb::V4>* hop = neighbours_.get(known);
  if (hop == nullptr) {
    const auto way = way_to(destination);
    if (!way) {
      refuse(link, packet, DropReason::kNoRoute, without_route);
      return nullptr;
    }
    known = neighbours_.find_or_add(way->link, way->next, now_);
    hop = neighbours_.get(known);
    if (hop == nullptr) {
      drop(packet, DropReason::kNeighbourPending);
      return nullptr;
    }
  }
  if (!hop->usable()) {
    wait_for(known, link, packet);
    return nullptr;
  }
  return hop;
}

// What connections have remembered of their next hops may be wrong now.
void Host<lb::V4>::follow_routing(const Snapshot& snapshot) {
  snapshot_ = &snapshot;
  routing_version_ = snapshot.routing_version;
  neighbours_.invalidate();
}

void Host<lb::V4>::wait_for(lb::NextHop hop, LinkNumber link, const Packet& packet) {
  std::array<HeldPacket, Reassembly::kFragmentsOfOne> pieces;
  size_t count = 0;
  if (packet.mbuf != nullptr) {
    pieces[count++] = {packet.mbuf, link};
  } else {
    // They come back as fragments and are put together again.
    for (const Fragment& fragment : packet.pieces())
      pieces[count++] = {fragment.mbuf, fragment.link};
  }
  const std::span held(pieces.data(), count);
  if (neighbours_.hold(hop, held, now_)) return;
  for (const HeldPacket& piece : held) outbox_.drop(piece.packet, DropReason::kNeighbourPending);
}

void Host<lb::V4>::resolved(const Neighbour<lb::V4>& hop, std::span<const HeldPacket> packets) {
  // A packet that goes on may ask for other neighbours, but this one keeps its place.
  for (const HeldPacket& held : packets) {
    if (held.link != HeldPacket::kMade) {
      reentry_.process_again(held.link, held.packet);
      continue;
    }
    std::memcpy(rte_pktmbuf_mtod(held.packet, void*), &hop.header, sizeof(EthernetHeader));
    outbox_.send(hop.link, held.packet);
  }
}

void Host<lb::V4>::unreachable(std::span<const HeldPacket> packets) {
  for (const HeldPacket& held : packets) {
    if (held.link == HeldPacket::kMade) {
      outbox_.drop(held.packet, DropReason::kNeighbourFailed);
      continue;
    }
    refuse(held.link, as_it_came(held.link, held.packet), DropReason::kNeighbourFailed,
           IcmpError::host_unreachable());
  }
}

// Of a packet that has waited. Precondition: it was found sound when it came.
Packet<lb::V4> Host<lb::V4>::as_it_came(LinkNumber link, rte_mbuf* mbuf) const {
  Packet packet;
  packet.mbuf = mbuf;
  parse(frame_of(*mbuf), snapshot_->links[link].mac, true, packet);
  return packet;
}

bool Host<lb::V4>::fits_unless_refused(const Neighbour<lb::V4>& hop, LinkNumber link,
                                       Packet& packet, uint16_t overhead) {
  auto& ip = view<Ipv4Header>(packet.ip);
  if (ip.ttl <= 1) {
    refuse(link, packet, DropReason::kTtlExpired, IcmpError::ttl_exceeded());
    return false;
  }
  count_down_ttl(ip);
  // With a tunnel's header it would be longer than an IP packet can be, in however many fragments.
  if (packet.length + overhead > 0xffff) {
    drop(packet, DropReason::kTooBig);
    return false;
  }
  const uint16_t length =
      packet.mbuf != nullptr ? packet.length : packet.datagram->largest_fragment;
  if (length + overhead > packet.room && (ip.fragment.value() & Ipv4Header::kDontFragment) != 0) {
    refuse(link, packet, DropReason::kTooBig,
           IcmpError::fragmentation_needed(static_cast<uint16_t>(packet.room - overhead)));
    return false;
  }
  // From here on it leaves: what waits or is refused holds no record of this hop. Of what is quoted
  // as too big the TTL has been counted down, as with LVS.
  if (packet.ip_header_length != sizeof(Ipv4Header)) {
    record_route({packet.ip, packet.ip_header_length}, recorded_hop(hop, packet));
  }
  return true;
}

// A router records its address on the link by which it sends (RFC 1812 section 4.2.2.2). With LVS
// a packet to a service has been delivered to the director before it goes on, and records the VIP.
lb::Ipv4Address Host<lb::V4>::recorded_hop(const Neighbour<lb::V4>& hop,
                                           const Packet& packet) const {
  const bool delivered = packet.service != Packet::kMasqueraded && owns(packet.destination.address);
  return delivered ? packet.destination.address : hop.source;
}

void Host<lb::V4>::send_in_fragments(Neighbour<lb::V4>& hop, const Packet& packet) {
  hop.used = now_;
  const uint16_t largest = packet.mbuf != nullptr
                               ? packet.room
                               : std::min(packet.room, packet.datagram->largest_fragment);
  bool whole = true;
  split({packet.ip, packet.length}, largest,
        [&](std::span<const uint8_t> header, std::span<const uint8_t> payload) {
          rte_mbuf* mbuf = io_.allocate();
          const auto length =
              static_cast<uint16_t>(sizeof(EthernetHeader) + header.size() + payload.size());
          char* bytes = mbuf != nullptr ? rte_pktmbuf_append(mbuf, length) : nullptr;
          if (bytes == nullptr) {
            if (mbuf != nullptr) outbox_.discard(mbuf);
            whole = false;
            return;
          }
          std::memcpy(bytes, &hop.header, sizeof(EthernetHeader));
          std::memcpy(bytes + sizeof(EthernetHeader), header.data(), header.size());
          std::memcpy(bytes + sizeof(EthernetHeader) + header.size(), payload.data(),
                      payload.size());
          counters_.fragments.add(1);
          outbox_.send(hop.link, mbuf);
        });
  if (whole) {
    consume(packet);
  } else {
    drop(packet, DropReason::kNoBuffer);
  }
}

void Host<lb::V4>::drop(const Packet& packet, lb::DropReason reason) {
  if (packet.mbuf != nullptr) {
    outbox_.drop(packet.mbuf, reason);
    return;
  }
  for (const Fragment& fragment : packet.pieces()) outbox_.drop(fragment.mbuf, reason);
}

void Host<lb::V4>::consume(const Packet& packet) {
  if (packet.mbuf != nullptr) {
    counters_.consumed.add(1);
    outbox_.discard(packet.mbuf);
    return;
  }
  for (const Fragment& fragment : packet.pieces()) {
    counters_.consumed.add(1);
    outbox_.discard(fragment.mbuf);
  }
}

uint16_t Host<lb::V4>::learn_path_mtu(lb::Ipv4Address tunnel_end, uint16_t mtu, uint16_t link_mtu) {
  if (mtu < link_mtu) {
    path_mtus_.learn(tunnel_end, mtu, now_);
    peers_.tell({.kind = Notice::Kind::kPathMtu, .mtu = mtu, .address = tunnel_end});
  }
  return path_mtus_.limit(tunnel_end, link_mtu, now_);
}

void Host<lb::V4>::hear(const Notice& notice) {
  switch (notice.kind) {
    case Notice::Kind::kNeighbour:
      neighbours_.learn(notice.link, notice.address, notice.mac, notice.create, now_);
      break;
    case Notice::Kind::kPathMtu:
      path_mtus_.learn(notice.address, notice.mtu, now_);
      break;
  }
}

void Host<lb::V4>::tick() { neighbours_.tick(now_); }

}  // namespace dataplane
