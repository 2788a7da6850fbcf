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
  for (const Link& link : snapshot.links)
    headers.push_back({link.mac, link.mtu, link.ports.front()});
  return headers;
}

bool is_well_formed(const ArpPacket& arp) {
  const uint8_t first = static_cast<uint8_t>(arp.sender.bits.value() >> 24);
  const uint16_t operation = arp.operation.value();
  return arp.hardware_type.value() == 1 && arp.protocol_type.value() == ethertype::kIpv4 &&
         arp.hardware_length == 6 && arp.protocol_length == 4 &&
         (operation == ArpPacket::kRequest || operation == ArpPacket::kReply) &&
         !arp.sender_mac.is_multicast() && !arp.sender_mac.is_zero() && first != 127 && first < 224;
}

// The frame begins where the packet now says, which a tunnel has moved into the headroom, and ends
// with it: whatever a short frame was padded with stays here.
void fit_frame(const Packet<lb::V4>& packet) {
  const uint8_t* begin = packet.ip - sizeof(EthernetHeader);
  packet.mbuf->data_off =
      static_cast<uint16_t>(begin - static_cast<const uint8_t*>(packet.mbuf->buf_addr));
  const auto length = static_cast<uint16_t>(sizeof(EthernetHeader) + packet.length);
  packet.mbuf->data_len = length;
  packet.mbuf->pkt_len = length;
}

}  // namespace

Host<lb::V4>::Host(Io& io, Outbox& outbox, WorkerCounters& counters, EventQueue& events,
                   Reentry& reentry, const Snapshot& snapshot, std::vector<uint16_t> link_of_port)
    : io_(io),
      outbox_(outbox),
      counters_(counters),
      events_(events),
      reentry_(reentry),
      snapshot_(&snapshot),
      link_of_port_(std::move(link_of_port)),
      neighbours_(*this, headers_of(snapshot)) {}

// --- ARP

void Host<lb::V4>::handle_arp(PortNumber port, rte_mbuf* packet) {
  const uint8_t* frame = rte_pktmbuf_mtod(packet, const uint8_t*);
  if (packet->data_len < sizeof(EthernetHeader) + sizeof(ArpPacket)) {
    outbox_.drop(packet, DropReason::kBadArp);
    return;
  }
  const ArpPacket arp = view<ArpPacket>(frame + sizeof(EthernetHeader));
  const uint16_t link = link_of(port);
  const bool ours = snapshot_->own.contains(arp.sender);
  if (!is_well_formed(arp) || ours) {
    // Our own announcements come back from a wire with several of our ports; others are impostors.
    const bool own_echo =
        ours && std::any_of(snapshot_->links.begin(), snapshot_->links.end(),
                            [&](const Link& l) { return l.mac == arp.sender_mac; });
    if (ours && !own_echo)
      report({Event::Kind::kAddressConflict, link, arp.sender, arp.sender_mac});
    outbox_.drop(packet, own_echo ? DropReason::kNotForUs : DropReason::kBadArp);
    return;
  }
  const bool for_us = snapshot_->own.contains(arp.target);
  const bool asked = arp.operation.value() == ArpPacket::kRequest && for_us;
  if (is_on_link(link, arp.sender))
    neighbours_.learn(link, arp.sender, arp.sender_mac, asked, now_);
  if (asked) {
    ArpPacket reply = arp;
    reply.operation = Be16(ArpPacket::kReply);
    reply.sender_mac = snapshot_->links[link].mac;
    reply.sender = arp.target;
    reply.target_mac = arp.sender_mac;
    reply.target = arp.sender;
    send_arp(port, arp.sender_mac, reply);
  }
  counters_.consumed.add(1);
  outbox_.discard(packet);
}

void Host<lb::V4>::send_arp(PortNumber port, const lb::MacAddress& to, const ArpPacket& arp) {
  send_frame(port, to, ethertype::kArp, {reinterpret_cast<const uint8_t*>(&arp), sizeof arp});
}

void Host<lb::V4>::solicit(uint16_t link, lb::Ipv4Address address, const lb::MacAddress* known) {
  const Link& l = snapshot_->links[link];
  const ArpPacket arp{Be16(1),
                      Be16(ethertype::kIpv4),
                      6,
                      4,
                      Be16(ArpPacket::kRequest),
                      l.mac,
                      source_on(link, address),
                      lb::MacAddress{},
                      address};
  send_arp(l.ports.front(), known != nullptr ? *known : lb::kBroadcastMac, arp);
}

void Host<lb::V4>::claim(PortNumber port, lb::Ipv4Address address) {
  const ArpPacket arp{Be16(1), Be16(ethertype::kIpv4),    6,
                      4,       Be16(ArpPacket::kRequest), snapshot_->links[link_of(port)].mac,
                      address, lb::MacAddress{},          address};
  send_arp(port, lb::kBroadcastMac, arp);
}

void Host<lb::V4>::announce(uint16_t link) {
  for (const lb::Ipv4Address address : snapshot_->own.all()) {
    const bool elsewhere =
        std::any_of(snapshot_->links.begin(), snapshot_->links.end(), [&](const Link& other) {
          return &other != &snapshot_->links[link] &&
                 is_on_link(static_cast<uint16_t>(&other - snapshot_->links.data()), address);
        });
    if (is_on_link(link, address) || !elsewhere) {
      claim(snapshot_->links[link].ports.front(), address);
    }
  }
}

void Host<lb::V4>::silent(uint16_t link, lb::Ipv4Address address) {
  report({Event::Kind::kNeighbourFailed, link, address});
}

void Host<lb::V4>::moved(uint16_t link, lb::Ipv4Address address, const lb::MacAddress& from,
                         const lb::MacAddress& to) {
  report({Event::Kind::kNeighbourMoved, link, address, from, to});
}

// --- what is for the director itself, and what is for nobody here

void Host<lb::V4>::handle_other(PortNumber port, Packet& packet) {
  if (!snapshot_->own.contains(packet.destination.address)) {
    route(port, packet);
    return;
  }
  if (snapshot_->own.contains(packet.source.address)) {
    drop(packet, DropReason::kBadSource);
    return;
  }
  if (view<Ipv4Header>(packet.ip).protocol != kProtocolIcmp) {
    refuse(port, packet, DropReason::kUnknownProtocol, IcmpError::protocol_unreachable());
    return;
  }
  if (!is_whole_icmp(packet)) {
    drop(packet, DropReason::kBadTransportHeader);
    return;
  }
  if (!turn_into_echo_reply(packet)) {
    drop(packet, DropReason::kIcmpUnhandled);
    return;
  }
  auto& ethernet = view<EthernetHeader>(packet.ip - sizeof(EthernetHeader));
  if (packet.mbuf == nullptr) {
    const lb::MacAddress back = ethernet.source;
    const uint16_t mtu = snapshot_->links[link_of(port)].mtu;
    Neighbour<lb::V4> hop;
    hop.header = {back, snapshot_->links[link_of(port)].mac, Be16(ethertype::kIpv4)};
    hop.port = port;
    send_in_fragments(hop, packet, std::min(mtu, packet.largest_fragment));
    return;
  }
  ethernet.destination = ethernet.source;
  ethernet.source = snapshot_->links[link_of(port)].mac;
  fit_frame(packet);
  counters_.consumed.add(1);
  counters_.answers.add(1);
  outbox_.send(port, packet.mbuf);
}

void Host<lb::V4>::handle_unmatched(PortNumber port, Packet& packet) {
  if (!snapshot_->own.contains(packet.destination.address)) {
    route(port, packet);
  } else if (snapshot_->own.contains(packet.source.address)) {
    drop(packet, DropReason::kBadSource);
  } else if (packet.protocol == lb::Protocol::kTcp) {
    refuse_with_reset(port, packet, DropReason::kClosedPort);
  } else {
    refuse(port, packet, DropReason::kClosedPort, IcmpError::port_unreachable());
  }
}

void Host<lb::V4>::route(PortNumber port, Packet& packet) {
  if (is_broadcast(packet.destination.address)) {
    drop(packet, DropReason::kNotForUs);
    return;
  }
  if (owns(packet.source.address)) {
    drop(packet, DropReason::kBadSource);
    return;
  }
  lb::NextHop known = 0;
  Neighbour<lb::V4>* hop =
      next_hop(known, packet.destination.address, port, packet, IcmpError::network_unreachable());
  if (hop != nullptr && may_leave(*hop, port, packet)) send(*hop, packet);
}

bool Host<lb::V4>::is_broadcast(lb::Ipv4Address address) const {
  const uint32_t bits = address.bits.value();
  if (bits >= 0xe0000000 || bits >> 24 == 127 || bits >> 24 == 0) return true;
  for (const Link& link : snapshot_->links) {
    for (const lb::Prefix& prefix : link.addresses) {
      const uint32_t host_bits = prefix.length >= 31 ? 0 : 0xffffffffu >> prefix.length;
      if (host_bits != 0 && (bits & host_bits) == host_bits &&
          prefix.contains(lb::IpAddress(address))) {
        return true;
      }
    }
  }
  return false;
}

bool Host<lb::V4>::is_on_link(uint16_t link, lb::Ipv4Address address) const {
  const lb::IpAddress ip(address);
  const std::vector<lb::Prefix>& prefixes = snapshot_->links[link].addresses;
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const lb::Prefix& prefix) { return prefix.contains(ip); });
}

// --- next hops

Neighbour<lb::V4>* Host<lb::V4>::next_hop(lb::NextHop& known, lb::Ipv4Address destination,
                                          PortNumber port, const Packet& packet,
                                          IcmpError without_route) {
  Neighbour<lb::V4>* hop = neighbours_.get(known);
  if (hop == nullptr) [[unlikely]] {
    const lb::Route<lb::V4>* route = snapshot_->routes.find(destination);
    if (route == nullptr) {
      refuse(port, packet, DropReason::kNoRoute, without_route);
      return nullptr;
    }
    known = neighbours_.find_or_add(static_cast<uint16_t>(route->interface),
                                    lb::next_hop(*route, destination), now_);
    hop = neighbours_.get(known);
    if (hop == nullptr) {
      drop(packet, DropReason::kNeighbourPending);
      return nullptr;
    }
  }
  if (!hop->usable()) [[unlikely]] {
    wait_for(known, port, packet);
    return nullptr;
  }
  return hop;
}

void Host<lb::V4>::wait_for(lb::NextHop hop, PortNumber port, const Packet& packet) {
  const auto hold = [&](rte_mbuf* mbuf, PortNumber by) {
    if (!neighbours_.hold(hop, {mbuf, by}, now_)) {
      outbox_.drop(mbuf, DropReason::kNeighbourPending);
    }
  };
  if (packet.mbuf != nullptr) {
    hold(packet.mbuf, port);
    return;
  }
  // They come back as fragments and are put together again.
  for (const Fragment& fragment : packet.pieces()) hold(fragment.mbuf, fragment.port);
}

void Host<lb::V4>::resolved(const Neighbour<lb::V4>& hop, std::span<const HeldPacket> packets) {
  // A packet that goes on may ask for other neighbours, but this one keeps its place.
  for (const HeldPacket& held : packets) {
    if (held.port != HeldPacket::kMade) {
      reentry_.process_again(held.port, held.packet);
      continue;
    }
    std::memcpy(rte_pktmbuf_mtod(held.packet, void*), &hop.header, sizeof(EthernetHeader));
    outbox_.send(hop.port, held.packet);
  }
}

void Host<lb::V4>::unreachable(std::span<const HeldPacket> packets) {
  for (const HeldPacket& held : packets) {
    if (held.port == HeldPacket::kMade) {
      outbox_.drop(held.packet, DropReason::kNeighbourFailed);
      continue;
    }
    Packet packet;
    packet.mbuf = held.packet;
    parse({rte_pktmbuf_mtod(held.packet, uint8_t*), held.packet->data_len},
          snapshot_->links[link_of(held.port)].mac, true, packet);
    refuse(held.port, packet, DropReason::kNeighbourFailed, IcmpError::host_unreachable());
  }
}

bool Host<lb::V4>::may_leave(const Neighbour<lb::V4>& hop, PortNumber port, Packet& packet) {
  return fits(hop, port, packet, hop.mtu, 0);
}

bool Host<lb::V4>::may_leave_in_tunnel(const Neighbour<lb::V4>& hop, PortNumber port,
                                       Packet& packet, uint16_t overhead,
                                       lb::Ipv4Address tunnel_end) {
  return fits(hop, port, packet, path_mtus_.limit(tunnel_end, hop.mtu, now_), overhead);
}

bool Host<lb::V4>::fits(const Neighbour<lb::V4>& hop, PortNumber port, Packet& packet,
                        uint16_t room, uint16_t overhead) {
  auto& ip = view<Ipv4Header>(packet.ip);
  if (ip.ttl <= 1) [[unlikely]] {
    refuse(port, packet, DropReason::kTtlExpired, IcmpError::ttl_exceeded());
    return false;
  }
  --ip.ttl;
  // RFC 1141: the TTL is the high byte of its word.
  const uint32_t sum = uint32_t{ip.checksum.raw()} + Be16(0x0100).raw();
  ip.checksum = Be16::from_raw(static_cast<uint16_t>(sum + (sum >= 0xffff)));
  packet.room = room;
  const bool has_options = packet.ip_header_length != sizeof(Ipv4Header);
  if (packet.mbuf != nullptr && !has_options && packet.length + overhead <= room) [[likely]] {
    return true;
  }
  // With a tunnel's header it would be longer than an IP packet can be, in however many fragments.
  if (packet.length + overhead > 0xffff) {
    drop(packet, DropReason::kTooBig);
    return false;
  }
  const uint16_t length = packet.mbuf != nullptr ? packet.length : packet.largest_fragment;
  if (length + overhead > room && (ip.fragment.value() & Ipv4Header::kDontFragment) != 0) {
    refuse(port, packet, DropReason::kTooBig,
           IcmpError::fragmentation_needed(static_cast<uint16_t>(room - overhead)));
    return false;
  }
  // From here on it leaves: what waits or is quoted has been left as it came.
  if (has_options) [[unlikely]] {
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

void Host<lb::V4>::send(Neighbour<lb::V4>& hop, const Packet& packet) {
  if (hop.used != now_) hop.used = now_;
  if (packet.mbuf == nullptr || packet.length > packet.room) [[unlikely]] {
    send_in_fragments(
        hop, packet,
        packet.mbuf != nullptr ? packet.room : std::min(packet.room, packet.largest_fragment));
    return;
  }
  std::memcpy(packet.ip - sizeof(EthernetHeader), &hop.header, sizeof(EthernetHeader));
  fit_frame(packet);
  outbox_.send(hop.port, packet.mbuf);
}

void Host<lb::V4>::send_in_fragments(const Neighbour<lb::V4>& hop, const Packet& packet,
                                     uint16_t largest) {
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
          outbox_.send(hop.port, mbuf);
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

uint16_t Host<lb::V4>::learn_path_mtu(lb::Ipv4Address tunnel_end, uint16_t mtu) {
  path_mtus_.learn(tunnel_end, mtu, now_);
  return path_mtus_.limit(tunnel_end, 0xffff, now_);
}

void Host<lb::V4>::tick() { neighbours_.tick(now_); }

}  // namespace dataplane
