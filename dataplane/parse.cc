#include "dataplane/ip_options.h"
#include "dataplane/parse_plain.h"

namespace dataplane {
namespace {

using lb::DropReason;

ParseResult drop(DropReason reason) { return {Parsed::kDrop, reason}; }

ParseResult parse_transport(Packet<lb::V4>& packet) {
  const uint16_t length = packet.transport_length();
  const auto& ip = view<Ipv4Header>(packet.ip);
  const auto set_ends = [&](Be16 from, Be16 to, lb::Protocol protocol) {
    packet.set_ends({ip.source, from}, {ip.destination, to}, protocol);
  };
  switch (ip.protocol) {
    case kProtocolTcp: {
      const auto& tcp = view<TcpHeader>(packet.transport());
      if (!is_whole(tcp, length)) return drop(DropReason::kBadTransportHeader);
      packet.tcp_flags = tcp.flags;
      set_ends(tcp.source_port, tcp.destination_port, lb::Protocol::kTcp);
      return {Parsed::kFlow};
    }
    case kProtocolUdp: {
      const auto& udp = view<UdpHeader>(packet.transport());
      if (!is_whole(udp, length)) return drop(DropReason::kBadTransportHeader);
      set_ends(udp.source_port, udp.destination_port, lb::Protocol::kUdp);
      return {Parsed::kFlow};
    }
    case kProtocolIcmp:
      set_ends(Be16(0), Be16(0), lb::Protocol::kIcmp);
      if (length >= sizeof(IcmpHeader)) {
        const auto& icmp = view<IcmpHeader>(packet.transport());
        if (icmp.type == IcmpHeader::kEchoRequest) packet.source.port = icmp.rest_high;
        if (icmp.type == IcmpHeader::kEchoReply) packet.destination.port = icmp.rest_high;
      }
      return {Parsed::kOther};
    default:
      return {Parsed::kOther};
  }
}

ParseResult parse_ipv4(std::span<uint8_t> bytes, bool checksum_known_good, Packet<lb::V4>& packet) {
  if (bytes.size() < sizeof(Ipv4Header)) return drop(DropReason::kTruncated);
  const auto& ip = view<Ipv4Header>(bytes.data());
  const unsigned header_length = ip.header_length();
  const unsigned total_length = ip.total_length.value();
  if (ip.version_and_length >> 4 != 4 || header_length < sizeof(Ipv4Header) ||
      total_length < header_length) {
    return drop(DropReason::kBadIpHeader);
  }
  if (total_length > bytes.size()) return drop(DropReason::kTruncated);
  if (!checksum_known_good && fold(sum_of(bytes.first(header_length))) != 0xffff) {
    return drop(DropReason::kBadIpChecksum);
  }
  if (!lb::may_be_host(ip.source)) return drop(DropReason::kBadSource);
  if (header_length > sizeof(Ipv4Header)) {
    if (const auto fault = fault_of_options(bytes.first(header_length))) return drop(*fault);
  }
  packet.ip = bytes.data();
  packet.ip_header_length = static_cast<uint8_t>(header_length);
  packet.length = static_cast<uint16_t>(total_length);
  packet.set_ends({ip.source, Be16(0)}, {ip.destination, Be16(0)}, lb::Protocol{});
  packet.tcp_flags = 0;
  packet.usual = false;
  packet.service = Packet<lb::V4>::kNoService;
  constexpr uint16_t kFragmented = Ipv4Header::kMoreFragments | Ipv4Header::kOffset;
  if ((ip.fragment.value() & kFragmented) != 0) return {Parsed::kFragment};
  return parse_transport(packet);
}

}  // namespace

ParseResult parse(std::span<uint8_t> frame, const lb::MacAddress& own_mac, bool checksum_known_good,
                  Packet<lb::V4>& packet) {
  if (frame.size() < sizeof(EthernetHeader)) return drop(DropReason::kTruncated);
  const auto& ethernet = view<EthernetHeader>(frame.data());
  const uint16_t type = ethernet.type.value();
  const bool group = ethernet.destination.is_multicast();
  if (!group && ethernet.destination != own_mac) return drop(DropReason::kForeignMac);
  switch (type) {
    case ethertype::kIpv4:
      // IP to a group address on the link layer is never for a service (RFC 1122 section 3.3.6).
      if (group) return drop(DropReason::kNotForUs);
      return parse_ipv4(frame.subspan(sizeof(EthernetHeader)), checksum_known_good, packet);
    case ethertype::kArp:
      return {Parsed::kArp};
    case ethertype::kVlan:
    case ethertype::kServiceVlan:
      return drop(DropReason::kVlan);
    default:
      return drop(DropReason::kUnknownEthertype);
  }
}

}  // namespace dataplane
