// The part of the host that speaks ARP: for its own addresses and the VIPs, and about next hops.
#include <algorithm>

#include "dataplane/host.h"

namespace dataplane {

using lb::DropReason;

namespace {

bool is_well_formed(const ArpPacket& arp) {
  const uint8_t first = static_cast<uint8_t>(arp.sender.bits.value() >> 24);
  const uint16_t operation = arp.operation.value();
  return arp.hardware_type.value() == 1 && arp.protocol_type.value() == ethertype::kIpv4 &&
         arp.hardware_length == 6 && arp.protocol_length == 4 &&
         (operation == ArpPacket::kRequest || operation == ArpPacket::kReply) &&
         !arp.sender_mac.is_multicast() && !arp.sender_mac.is_zero() && first != 127 && first < 224;
}

}  // namespace

void Host<lb::V4>::handle_arp(LinkNumber link, rte_mbuf* packet) {
  const uint8_t* frame = rte_pktmbuf_mtod(packet, const uint8_t*);
  if (packet->data_len < sizeof(EthernetHeader) + sizeof(ArpPacket)) {
    outbox_.drop(packet, DropReason::kBadArp);
    return;
  }
  const ArpPacket arp = view<ArpPacket>(frame + sizeof(EthernetHeader));
  if (!is_well_formed(arp) || snapshot_->broadcasts.contains(arp.sender)) {
    outbox_.drop(packet, DropReason::kBadArp);
    return;
  }
  // What the director itself has sent comes back from a wire with several of its ports. Nobody else
  // is there: a packet to him would come back as well.
  if (std::ranges::any_of(snapshot_->links,
                          [&](const Link& one) { return one.mac == arp.sender_mac; })) {
    outbox_.drop(packet, DropReason::kNotForUs);
    return;
  }
  if (owns(arp.sender)) {
    report({Event::Kind::kAddressConflict, link, arp.sender, arp.sender_mac});
    outbox_.drop(packet, DropReason::kAddressConflict);
    return;
  }
  const bool for_us = owns(arp.target);
  const bool asked = arp.operation.value() == ArpPacket::kRequest && for_us;
  if (is_on_link(link, arp.sender)) {
    const bool news = neighbours_.learn(link, arp.sender, arp.sender_mac, asked, now_);
    // An answer may be another worker's, who asked a moment after this one.
    if (news || arp.operation.value() == ArpPacket::kReply) {
      peers_.tell({.kind = Notice::Kind::kNeighbour,
                   .create = asked,
                   .link = link,
                   .address = arp.sender,
                   .mac = arp.sender_mac});
    }
  }
  if (asked) {
    ArpPacket reply = arp;
    reply.operation = Be16(ArpPacket::kReply);
    reply.sender_mac = snapshot_->links[link].mac;
    reply.sender = arp.target;
    reply.target_mac = arp.sender_mac;
    reply.target = arp.sender;
    send_arp(link, arp.sender_mac, reply);
  }
  if (arp.operation.value() == ArpPacket::kReply && snapshot_->elsewhere.contains(arp.sender)) {
    // Without a limit: none of these becomes a line of log, and one that is missing looks like
    // silence.
    events_.push({Event::Kind::kAnswersForVip, link, arp.sender, arp.sender_mac});
  }
  // The kernel has neighbours of its own; requests are answered here alone.
  const bool tells = arp.operation.value() == ArpPacket::kReply || arp.sender == arp.target;
  if (tells && kernel_.leads_out(link)) {
    give_to_kernel(link, {&packet, 1}, KernelShare::kNeighbours);
    return;
  }
  counters_.consumed.add(1);
  outbox_.discard(packet);
}

void Host<lb::V4>::send_arp(LinkNumber link, const lb::MacAddress& to, const ArpPacket& arp) {
  send_frame(link, to, ethertype::kArp, {reinterpret_cast<const uint8_t*>(&arp), sizeof arp});
}

void Host<lb::V4>::solicit(LinkNumber link, lb::Ipv4Address address, const lb::MacAddress* known) {
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
  send_arp(link, known != nullptr ? *known : lb::kBroadcastMac, arp);
}

void Host<lb::V4>::claim(LinkNumber link, lb::Ipv4Address address) {
  const ArpPacket arp{Be16(1), Be16(ethertype::kIpv4),    6,
                      4,       Be16(ArpPacket::kRequest), snapshot_->links[link].mac,
                      address, lb::MacAddress{},          address};
  send_arp(link, lb::kBroadcastMac, arp);
}

// Where a prefix holds the address, or, where none does, everywhere.
bool Host<lb::V4>::belongs_on(LinkNumber link, lb::Ipv4Address address) const {
  if (is_on_link(link, address)) return true;
  for (LinkNumber other = 0; other < snapshot_->links.size(); ++other) {
    if (is_on_link(other, address)) return false;
  }
  return true;
}

uint32_t Host<lb::V4>::announce(LinkNumber link, uint32_t from, uint32_t most) {
  const std::vector<lb::Ipv4Address>& all = snapshot_->own.all();
  const size_t end = std::min<size_t>(all.size(), from + size_t{most});
  for (size_t i = from; i < end; ++i) {
    if (belongs_on(link, all[i])) claim(link, all[i]);
  }
  return end < all.size() ? static_cast<uint32_t>(end) : 0;
}

void Host<lb::V4>::announce_address(lb::Ipv4Address address) {
  if (!owns(address)) return;
  for (LinkNumber link = 0; link < snapshot_->links.size(); ++link) {
    if (belongs_on(link, address)) claim(link, address);
  }
}

// One director has them all: a few tell.
void Host<lb::V4>::ask_elsewhere() {
  constexpr size_t kAsked = 8;
  const std::vector<lb::Ipv4Address>& all = snapshot_->elsewhere.all();
  for (size_t i = 0; i < std::min(kAsked, all.size()); ++i) {
    for (LinkNumber link = 0; link < snapshot_->links.size(); ++link) {
      if (!belongs_on(link, all[i])) continue;
      const ArpPacket probe{Be16(1), Be16(ethertype::kIpv4),    6,
                            4,       Be16(ArpPacket::kRequest), snapshot_->links[link].mac,
                            {},      lb::MacAddress{},          all[i]};
      send_arp(link, lb::kBroadcastMac, probe);
    }
  }
}

void Host<lb::V4>::silent(LinkNumber link, lb::Ipv4Address address) {
  report({Event::Kind::kNeighbourFailed, link, address});
}

void Host<lb::V4>::moved(LinkNumber link, lb::Ipv4Address address, const lb::MacAddress& from,
                         const lb::MacAddress& to) {
  report({Event::Kind::kNeighbourMoved, link, address, from, to});
}

}  // namespace dataplane
