// The usual packet, recognised in one straight run of comparisons. What is unusual in any way is
// left to parse.h, which alone knows every case and every reason.
#pragma once

#include "dataplane/checksum.h"
#include "dataplane/parse.h"

namespace dataplane {

// RFC 1122 section 3.2.1.3: addresses that may never be a source.
inline bool is_impossible_source(lb::Ipv4Address address) {
  const uint8_t first = static_cast<uint8_t>(address.bits.value() >> 24);
  return first == 0 || first == 127 || first >= 224;
}

// Whether a transport header, and of UDP its data, are whole in what an IP packet of that many
// bytes behind its own header holds. Nothing is read beyond.
inline bool is_whole(const TcpHeader& tcp, size_t length) {
  if (length < sizeof(TcpHeader)) return false;
  const size_t header = tcp.header_length();
  return header >= sizeof(TcpHeader) && header <= length;
}
inline bool is_whole(const UdpHeader& udp, size_t length) {
  return length >= sizeof(UdpHeader) && udp.length.value() >= sizeof(UdpHeader) &&
         udp.length.value() <= length;
}

// Whether the frame holds a whole TCP or UDP packet for this MAC, in IPv4 without options, with
// nothing wrong about it and hops to go: parse would call it a flow, and `packet` is filled as by
// that, but for `service`, and for `usual` where the packet is of the kind that leaves its
// connection's state alone. False: parse decides, and `packet` may have changed.
// `own_mac`: as_number().
inline bool parse_plain(std::span<uint8_t> frame, uint64_t own_mac, bool checksum_known_good,
                        Packet<lb::V4>& packet) {
  constexpr uint16_t kFragmented = Ipv4Header::kMoreFragments | Ipv4Header::kOffset;
  constexpr size_t kShortest = sizeof(EthernetHeader) + sizeof(Ipv4Header) + sizeof(UdpHeader);
  if (frame.size() < kShortest) return false;
  const auto& ethernet = view<EthernetHeader>(frame.data());
  uint8_t* bytes = frame.data() + sizeof(EthernetHeader);
  const auto& ip = view<Ipv4Header>(bytes);
  if (!(checksum_known_good || has_good_checksum(ip)) || !ethernet.is_for(own_mac) ||
      ethernet.type != Be16(ethertype::kIpv4) || ip.version_and_length != Ipv4Header::kPlain ||
      (ip.fragment.raw() & Be16(kFragmented).raw()) != 0 || ip.ttl <= 1 ||
      is_impossible_source(ip.source)) {
    return false;
  }
  const uint16_t length = ip.total_length.value();
  // Of less than a header it is a huge number.
  const size_t transport = size_t{length} - sizeof(Ipv4Header);
  if (transport > frame.size() - sizeof(EthernetHeader) - sizeof(Ipv4Header)) return false;
  const auto& udp = view<UdpHeader>(bytes + sizeof(Ipv4Header));
  lb::V4::EndKey protocol;
  if (ip.protocol == kProtocolTcp) [[likely]] {
    const auto& tcp = view<TcpHeader>(bytes + sizeof(Ipv4Header));
    if (!is_whole(tcp, transport)) return false;
    protocol = lb::V4::key_part(lb::Protocol::kTcp);
    packet.tcp_flags = tcp.flags;
    packet.usual = !lb::may_change_usual_state(tcp.flags);
  } else {
    if (ip.protocol != kProtocolUdp || !is_whole(udp, transport)) return false;
    protocol = lb::V4::key_part(lb::Protocol::kUdp);
    packet.tcp_flags = 0;
    packet.usual = true;
  }
  packet.source.set(lb::V4::end_key(ip.source, udp.source_port, protocol));
  packet.destination.set(lb::V4::end_key(ip.destination, udp.destination_port, protocol));
  packet.ip = bytes;
  packet.ip_header_length = sizeof(Ipv4Header);
  packet.length = length;
  return true;
}

}  // namespace dataplane
