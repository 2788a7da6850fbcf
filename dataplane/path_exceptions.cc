// The part of the path that few packets take: fragments, ICMP, and what real servers start.
#include "dataplane/parse.h"
#include "dataplane/path.h"

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

// By its type: an identifier may be 0, as a port may not.
bool is_echo(const Packet<lb::V4>& packet, uint8_t type) {
  return packet.protocol() == lb::Protocol::kIcmp &&
         packet.transport_length() >= sizeof(IcmpHeader) &&
         view<IcmpHeader>(packet.transport()).type == type;
}

}  // namespace

template <class F>
void Path<F>::process_piece(LinkNumber link, rte_mbuf* fragment) {
  Packet packet;
  packet.mbuf = fragment;
  const ParseResult result = parse(frame_of(*fragment), snapshot_->links[link].mac, true, packet);
  if (result.kind != Parsed::kFragment) {
    // It was one when it was handed over, and nobody has written to it.
    outbox_.drop(fragment, DropReason::kBadFragment);
    return;
  }
  put_together(link, packet);
  settle();
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

// A datagram whose last missing fragment this is goes on as if it had come whole.
template <class F>
void Path<F>::put_together(LinkNumber link, const Packet& fragment) {
  const auto datagram = reassembly_.add(link, fragment.mbuf, fragment.ip, now_);
  if (!datagram) return;
  // Its fragments may have come by several links. The frame is the first one's.
  link = datagram->fragments.front().link;
  Packet packet;
  const lb::MacAddress& own_mac = snapshot_->links[link].mac;
  const ParseResult result = parse(datagram->frame, own_mac, true, packet);
  packet.mbuf = nullptr;
  packet.datagram = &*datagram;
  switch (result.kind) {
    case Parsed::kFlow:
      classify(packet);
      if (!pass_on(link, packet, HandoverReason::kFragment) && !drop_in_standby(packet)) {
        forward(link, packet);
      }
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
  const bool asks = is_echo(packet, IcmpHeader::kEchoRequest);
  const bool answers = is_echo(packet, IcmpHeader::kEchoReply);
  if ((asks || answers) && !snapshot_->masquerade.empty()) {
    classify(packet);
    if (pass_on(link, packet, HandoverReason::kIcmp)) return;
    // What a server sends in answer to somebody is no packet of its own masqueraded echo, though
    // with the identifier 0 it has the same ends.
    const bool fits = asks == (packet.direction() == lb::Direction::kOutbound);
    EntryIndex index = fits ? find(packet) : kNoEntry;
    if (index != kNoEntry && ends_with_its_masquerade(packet, index)) index = kNoEntry;
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

template <class F>
bool Path<F>::stands_by(const Packet& packet) const {
  if (!snapshot_->standby) return false;
  if (packet.service < Packet::kMasqueraded) return true;
  if (snapshot_->elsewhere.contains(packet.destination.address)) return true;
  if (packet.direction() == lb::Direction::kInbound) return false;
  const EntryIndex index = find(packet);
  if (index != kNoEntry) return !connections_.entry(index).from_inside;
  return snapshot_->one_packet_reply(packet.source, packet.protocol()).has_value();
}

template <class F>
bool Path<F>::drop_in_standby(const Packet& packet) {
  if (!stands_by(packet)) return false;
  host_.drop(packet, DropReason::kStandby);
  return true;
}

// Whether a packet can be the first of something that its sender starts. TCP and ICMP tell; what
// answers a client that was routed to the server directly must keep its address. With UDP nobody
// can know.
template <class F>
bool Path<F>::starts_something(const Packet& packet) const {
  switch (packet.protocol()) {
    case lb::Protocol::kTcp: {
      constexpr uint8_t kMask = lb::tcp::kSyn | lb::tcp::kAck | lb::tcp::kRst;
      return (packet.tcp_flags & kMask) == lb::tcp::kSyn;
    }
    case lb::Protocol::kUdp:
      return true;
    case lb::Protocol::kIcmp:
      break;
  }
  return is_echo(packet, IcmpHeader::kEchoRequest);
}

// The rule by which a packet that a real server sends of its own accord leaves, or nullptr.
template <class F>
const MasqueradeRule<F>* Path<F>::masquerade_rule(const Packet& packet) const {
  if (snapshot_->masquerade.empty() || !starts_something(packet)) return nullptr;
  if (host_.why_unmatched(packet)) return nullptr;
  return masquerade_rule_for(packet);
}

template <class F>
const MasqueradeRule<F>* Path<F>::masquerade_rule_for(const Packet& packet) const {
  const lb::Route<F>* route = snapshot_->routes.find(packet.destination.address);
  if (route == nullptr) return nullptr;
  return snapshot_->masquerade.find(packet.source.address, route->interface);
}

template <class F>
bool Path<F>::has_lost_its_masquerade(const Packet& packet, const Entry& entry) const {
  if (!entry.from_inside || packet.direction() != lb::Direction::kOutbound) return false;
  if ((entry.flags & Entry::kCut) != 0) return true;
  if (!host_.is_stale(entry.next_hop_outside)) return false;
  const MasqueradeRule<F>* rule = masquerade_rule_for(packet);
  return rule == nullptr || !rule->gives(entry.virtual_end);
}

// Ends a connection that leaves by another way than it did, or under an address that is its way's
// no more: nobody's answers would find it, and what is sent again and again would keep it for ever.
// Linux ends those too (nf_nat_oif_changed, masq_inet_event). True: it is gone, and the packet may
// open another. False: it goes on, of TCP that has begun as one that is cut, so that its server
// hears of it.
template <class F>
bool Path<F>::ends_with_its_masquerade(const Packet& packet, EntryIndex index) {
  Entry& entry = connections_.entry(index);
  if (!has_lost_its_masquerade(packet, entry)) [[likely]]
    return false;
  if (starts_something(packet)) {
    connections_.close(index);
    return true;
  }
  if (packet.protocol() == lb::Protocol::kTcp && (entry.flags & Entry::kCut) == 0) {
    entry.flags |= Entry::kCut;
    connections_.touch(entry, lb::State::kClose, now_);
  }
  return false;
}

template <class F>
EntryIndex Path<F>::open_masqueraded(const Packet& packet, const MasqueradeRule<F>& rule) {
  const auto masquerade =
      pick_port(connections_, rule, packet.source, packet.destination, packet.protocol());
  if (!masquerade) {
    if (exhausted_ != packet.destination.address) {
      host_.report_exhausted(rule.interface, packet.destination.address);
    }
    exhausted_ = packet.destination.address;
    host_.drop(packet, DropReason::kNoMasqueradePort);
    return kNoEntry;
  }
  if (exhausted_ == packet.destination.address) exhausted_.reset();
  const EntryIndex index = connections_.open({.outside = packet.destination,
                                              .virtual_end = {rule.address, *masquerade},
                                              .inside = packet.source,
                                              .state = first_state(packet),
                                              .method = nat_,
                                              .replies_seen = true,
                                              .from_inside = true,
                                              .service = live_.masquerade_service,
                                              .server = live_.masquerade_server},
                                             now_);
  if (index == kNoEntry) {
    host_.drop(packet, DropReason::kTableFull);
    return kNoEntry;
  }
  live_.traffic[live_.masquerade_server].connections.add(1);
  return index;
}

template void Path<lb::V4>::process_piece(LinkNumber, rte_mbuf*);
template void Path<lb::V4>::process_again(LinkNumber, rte_mbuf*);
template void Path<lb::V4>::put_together(LinkNumber, const Packet&);
template void Path<lb::V4>::handle_other(LinkNumber, Packet&);
template bool Path<lb::V4>::stands_by(const Packet&) const;
template bool Path<lb::V4>::drop_in_standby(const Packet&);
template const MasqueradeRule<lb::V4>* Path<lb::V4>::masquerade_rule(const Packet&) const;
template bool Path<lb::V4>::has_lost_its_masquerade(const Packet&, const Entry&) const;
template bool Path<lb::V4>::ends_with_its_masquerade(const Packet&, EntryIndex);
template EntryIndex Path<lb::V4>::open_masqueraded(const Packet&, const MasqueradeRule<lb::V4>&);

}  // namespace dataplane
