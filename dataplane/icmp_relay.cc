#include "dataplane/icmp_relay.h"

#include "dataplane/checksum.h"
#include "dataplane/tunnel.h"

namespace dataplane {
namespace {

using lb::DropReason;
using lb::EntryIndex;
using lb::kNoEntry;

void recompute_checksum(const Packet<lb::V4>& packet) {
  auto& icmp = view<IcmpHeader>(packet.transport());
  icmp.checksum = Be16(0);
  icmp.checksum = checksum_of({packet.transport(), packet.transport_length()});
}

void replace_address(const Packet<lb::V4>& packet, lb::Ipv4Address& address, lb::Ipv4Address to) {
  auto& ip = view<Ipv4Header>(packet.ip);
  ip.checksum = ChecksumDelta().replace(address, to).apply(ip.checksum);
  address = to;
}

}  // namespace

bool IcmpRelay<lb::V4>::is_error(const Packet& packet) {
  if (view<Ipv4Header>(packet.ip).protocol != kProtocolIcmp) return false;
  if (packet.transport_length() < sizeof(IcmpHeader)) return false;
  switch (view<IcmpHeader>(packet.transport()).type) {
    case IcmpHeader::kUnreachable:
    case IcmpHeader::kSourceQuench:
    case IcmpHeader::kTimeExceeded:
    case IcmpHeader::kParameterProblem:
      return true;
    default:
      return false;
  }
}

void IcmpRelay<lb::V4>::relay(LinkNumber link, Packet& packet) {
  if (!is_whole_icmp(packet)) {
    host_.drop(packet, DropReason::kBadTransportHeader);
    return;
  }
  if (host_.is_bad_source(packet.source.address)) {
    host_.drop(packet, DropReason::kBadSource);
    return;
  }
  const bool to_us = host_.owns(packet.destination.address);
  const auto quote = read_quote(
      {packet.transport() + sizeof(IcmpHeader), packet.transport_length() - sizeof(IcmpHeader)});
  if (!quote) {
    if (to_us) {
      host_.handle_unrelated(link, packet);
    } else {
      host_.route(link, packet);
    }
  } else if (!to_us) {
    relay_to_client(link, packet, *quote);
  } else if (quote->protocol == kProtocolIpip) {
    relay_from_tunnel(link, packet, *quote);
  } else {
    relay_to_server(link, packet, *quote);
  }
}

IcmpRelay<lb::V4>::Subject IcmpRelay<lb::V4>::subject(lb::Direction direction,
                                                      const lb::End<lb::V4>& outside,
                                                      const lb::End<lb::V4>& other,
                                                      uint8_t protocol) const {
  const auto known = static_cast<lb::Protocol>(protocol);
  return {direction, outside, other, known, connections_.table().hash(outside, known)};
}

bool IcmpRelay<lb::V4>::pass_on(LinkNumber link, const Packet& packet, const Subject& subject) {
  return peers_.pass_on(subject.outside, subject.hash, link, packet, HandoverReason::kIcmp);
}

EntryIndex IcmpRelay<lb::V4>::find(const Subject& subject) const {
  return connections_.table().find(subject.hash, subject.direction, subject.outside, subject.other,
                                   subject.protocol);
}

bool IcmpRelay<lb::V4>::drop_in_standby(const Packet& packet, EntryIndex about) {
  if (!snapshot_->standby || connections_.entry(about).from_inside) return false;
  host_.drop(packet, DropReason::kStandby);
  return true;
}

// About a reply, or about what a server started itself: it was sent as the VIP.
void IcmpRelay<lb::V4>::relay_to_server(LinkNumber link, Packet& packet, const Quote& quote) {
  const Subject about =
      subject(lb::Direction::kInbound, quote.destination, quote.source, quote.protocol);
  if (pass_on(link, packet, about)) return;
  const EntryIndex index = find(about);
  if (index == kNoEntry) {
    host_.handle_unrelated(link, packet);
    return;
  }
  if (drop_in_standby(packet, index)) return;
  lb::Connection<lb::V4>& entry = connections_.entry(index);
  const Method<lb::V4>& method = methods_[entry.method];
  Neighbour<lb::V4>* hop = host_.next_hop(entry.next_hop_inside, entry.inside.address, link, packet,
                                          IcmpError::host_unreachable());
  if (hop == nullptr ||
      !host_.may_leave_in_tunnel(*hop, link, packet, method.overhead, entry.inside.address)) {
    return;
  }
  if (method.replies_seen) {
    translate(quote, NamedEnd::kSource, entry.inside);
    replace_address(packet, view<Ipv4Header>(packet.ip).destination, entry.inside.address);
    recompute_checksum(packet);
  } else {
    method.rewrite_inbound(packet, entry, hop->source);
  }
  host_.send(*hop, packet);
}

// About a request in NAT, which went to the server under the client's address.
void IcmpRelay<lb::V4>::relay_to_client(LinkNumber link, Packet& packet, const Quote& quote) {
  const Subject about =
      subject(lb::Direction::kOutbound, quote.source, quote.destination, quote.protocol);
  if (pass_on(link, packet, about)) return;
  const EntryIndex index = find(about);
  const bool to_its_source = quote.source.address == packet.destination.address;
  if (index != kNoEntry && to_its_source) {
    if (drop_in_standby(packet, index)) return;
    lb::Connection<lb::V4>& entry = connections_.entry(index);
    send_to_client(link, packet, quote, entry.next_hop_outside, entry.virtual_end);
    return;
  }
  // About a datagram of a one-packet service there is no connection to be asked.
  const auto server = snapshot_->one_packet_reply(about.other, about.protocol);
  if (server && to_its_source) {
    if (snapshot_->standby) {
      host_.drop(packet, DropReason::kStandby);
      return;
    }
    lb::NextHop next_hop = 0;
    send_to_client(link, packet, quote, next_hop, server->virtual_end);
    return;
  }
  host_.route(link, packet);
}

void IcmpRelay<lb::V4>::send_to_client(LinkNumber link, Packet& packet, const Quote& quote,
                                       lb::NextHop& next_hop, const lb::End<lb::V4>& virtual_end) {
  Neighbour<lb::V4>* hop = host_.next_hop(next_hop, packet.destination.address, link, packet,
                                          IcmpError::network_unreachable());
  if (hop == nullptr || !host_.may_leave(*hop, link, packet)) return;
  translate(quote, NamedEnd::kDestination, virtual_end);
  replace_address(packet, view<Ipv4Header>(packet.ip).source, virtual_end.address);
  recompute_checksum(packet);
  host_.send(*hop, packet);
}

// The client hears the same error about its own packet, with the MTU less the outer header; a way
// that is too narrow is remembered, so that the next packet is refused here.
void IcmpRelay<lb::V4>::relay_from_tunnel(LinkNumber link, Packet& packet, const Quote& outer) {
  const auto inner = read_quote({outer.transport(), outer.transport_size()});
  if (!inner || !host_.owns(outer.source.address)) {
    host_.handle_unrelated(link, packet);
    return;
  }
  const Subject connection =
      subject(lb::Direction::kInbound, inner->source, inner->destination, inner->protocol);
  if (pass_on(link, packet, connection)) return;
  const EntryIndex index = find(connection);
  if (index == kNoEntry || connections_.entry(index).inside.address != outer.destination.address) {
    host_.handle_unrelated(link, packet);
    return;
  }
  if (drop_in_standby(packet, index)) return;
  const auto& icmp = view<IcmpHeader>(packet.transport());
  IcmpError error{icmp.type, icmp.code};
  if (error.is_fragmentation_needed()) {
    const auto hop = host_.look_at_next_hop(connections_.entry(index).next_hop_inside,
                                            outer.destination.address);
    if (!hop) {
      host_.handle_unrelated(link, packet);
      return;
    }
    const uint16_t mtu =
        host_.learn_path_mtu(outer.destination.address, icmp.rest_low.value(), hop->mtu);
    error.next_mtu = static_cast<uint16_t>(mtu - sizeof(Ipv4Header));
  }
  Packet about;
  about.ip = inner->ip;
  about.ip_header_length = static_cast<uint8_t>(view<Ipv4Header>(inner->ip).header_length());
  about.length = static_cast<uint16_t>(inner->size);
  about.set_ends(inner->source, inner->destination, static_cast<lb::Protocol>(inner->protocol));
  host_.send_error(about, inner->destination.address, error);
  host_.consume(packet);
}

}  // namespace dataplane
