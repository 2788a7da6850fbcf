// The part of the host that answers what cannot be delivered.
#include <algorithm>
#include <array>
#include <cstring>

#include "dataplane/host.h"

namespace dataplane {

lb::Ipv4Address Host<lb::V4>::source_on(LinkNumber link, lb::Ipv4Address towards) const {
  const std::vector<lb::Prefix>& addresses = snapshot_->links[link].addresses;
  for (const lb::Prefix& prefix : addresses) {
    if (prefix.contains(lb::IpAddress(towards))) return prefix.address.ipv4();
  }
  if (!addresses.empty()) return addresses.front().address.ipv4();
  // Rather than a VIP, which tunnels' ends have too: they would take its packets for forged ones.
  for (const Link& other : snapshot_->links) {
    if (!other.addresses.empty()) return other.addresses.front().address.ipv4();
  }
  return snapshot_->own.all().empty() ? lb::Ipv4Address{} : snapshot_->own.all().front();
}

std::optional<lb::Ipv4Address> Host<lb::V4>::answering_address(LinkNumber link,
                                                               const Packet& packet) const {
  if (snapshot_->own.contains(packet.destination.address)) return packet.destination.address;
  const lb::Ipv4Address source = source_on(link, packet.source.address);
  if (source == lb::Ipv4Address{}) return std::nullopt;
  return source;
}

void Host<lb::V4>::refuse(LinkNumber link, const Packet& packet, lb::DropReason reason,
                          IcmpError error) {
  const auto source = answering_address(link, packet);
  if (source && deserves_icmp_error(packet) && may_send(error)) {
    std::array<uint8_t, kLargestAnswer> bytes;
    const size_t length = write_icmp_error(bytes, packet, *source, error, next_id_++);
    answer(link, packet, {bytes.data(), length});
  }
  drop(packet, reason);
}

void Host<lb::V4>::refuse_as_closed(LinkNumber link, const Packet& packet, lb::DropReason reason) {
  if (!has_good_transport_checksum(packet)) {
    drop(packet, lb::DropReason::kBadTransportHeader);
    return;
  }
  if (packet.protocol() == lb::Protocol::kUdp) {
    refuse(link, packet, reason, IcmpError::port_unreachable());
    return;
  }
  if ((packet.tcp_flags & lb::tcp::kRst) == 0 && may_answer()) {
    std::array<uint8_t, kLargestAnswer> bytes;
    const size_t length = write_reset(bytes, packet);
    answer(link, packet, {bytes.data(), length});
  }
  drop(packet, reason);
}

void Host<lb::V4>::give_up_fragment(LinkNumber link, rte_mbuf* fragment) {
  const Packet packet = as_it_came(link, fragment);
  if (owns(packet.destination.address)) {
    refuse(link, packet, lb::DropReason::kFragmentTimeout, IcmpError::reassembly_exceeded());
  } else {
    drop(packet, lb::DropReason::kFragmentTimeout);
  }
}

bool Host<lb::V4>::may_answer() {
  if (answer_limit_.take(now_)) return true;
  counters_.suppressed.add(1);
  return false;
}

// Without being told to send less at once a connection hangs. So that is never held back, as in
// Linux (icmpv4_mask_allow), or whoever uses up the limit would stop what others send.
bool Host<lb::V4>::may_send(const IcmpError& error) {
  return error.is_fragmentation_needed() || may_answer();
}

// Back to whoever handed us the packet: its sender, or the router it came by. A frame that names a
// group there has been forged, so that all would hear the answer.
void Host<lb::V4>::answer(LinkNumber link, const Packet& about,
                          std::span<const uint8_t> ip_packet) {
  const auto& ethernet = view<EthernetHeader>(about.ip - sizeof(EthernetHeader));
  if (ethernet.source.is_multicast()) {
    counters_.suppressed.add(1);
    return;
  }
  send_frame(link, ethernet.source, ethertype::kIpv4, ip_packet);
}

// Operators' cuts are no reflection of what somebody sends: they are not limited.
void Host<lb::V4>::send_reset(LinkNumber link, const Packet& about) {
  std::array<uint8_t, kLargestAnswer> bytes;
  const size_t length = write_reset(bytes, about);
  answer(link, about, {bytes.data(), length});
}

void Host<lb::V4>::send_error(const Packet& about, lb::Ipv4Address source, IcmpError error) {
  if (!may_send(error)) return;
  std::array<uint8_t, kLargestAnswer> bytes;
  const size_t length = write_icmp_error(bytes, about, source, error, next_id_++);
  send_own(about.source.address, {bytes.data(), length});
}

void Host<lb::V4>::send_own(lb::Ipv4Address destination, std::span<const uint8_t> ip_packet) {
  const auto way = way_to(destination);
  if (!way) {
    counters_.suppressed.add(1);
    return;
  }
  const lb::NextHop next = neighbours_.find_or_add(way->link, way->next, now_);
  const Neighbour<lb::V4>* hop = neighbours_.get(next);
  rte_mbuf* packet = hop != nullptr ? make_frame(hop->header, ip_packet) : nullptr;
  if (packet == nullptr) return;
  const HeldPacket made{packet, HeldPacket::kMade};
  if (hop->usable()) {
    outbox_.send(hop->link, packet);
  } else if (!neighbours_.hold(next, {&made, 1}, now_)) {
    outbox_.drop(packet, lb::DropReason::kNeighbourPending);
  }
}

// nullptr: no buffer, and the packet counts as suppressed.
rte_mbuf* Host<lb::V4>::make_frame(const EthernetHeader& header, std::span<const uint8_t> payload) {
  rte_mbuf* packet = io_.allocate();
  const auto length = static_cast<uint16_t>(sizeof(EthernetHeader) + payload.size());
  auto* bytes =
      packet != nullptr ? reinterpret_cast<uint8_t*>(rte_pktmbuf_append(packet, length)) : nullptr;
  if (bytes == nullptr) {
    counters_.suppressed.add(1);
    if (packet != nullptr) outbox_.discard(packet);
    return nullptr;
  }
  view<EthernetHeader>(bytes) = header;
  std::memcpy(bytes + sizeof(EthernetHeader), payload.data(), payload.size());
  counters_.answers.add(1);
  return packet;
}

void Host<lb::V4>::send_frame(LinkNumber link, const lb::MacAddress& to, uint16_t type,
                              std::span<const uint8_t> payload) {
  rte_mbuf* packet = make_frame({to, snapshot_->links[link].mac, Be16(type)}, payload);
  if (packet != nullptr) outbox_.send(link, packet);
}

}  // namespace dataplane
