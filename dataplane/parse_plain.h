// The usual packet, recognised in one straight run of comparisons. What is unusual in any way is
// left to parse.h, which alone knows every case and every reason.
#pragma once

#include "dataplane/checksum.h"
#include "dataplane/parse.h"

namespace dataplane {

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

// Sets both ends of a packet without IP options at once: their addresses and ports lie within 16
// bytes, and a shuffle of these makes both keys (lb::V4::end_key).
template <lb::Protocol protocol>
[[gnu::always_inline]] inline void set_ends(Packet<lb::V4>& packet, const Ipv4Header& plain) {
  using Bytes [[gnu::vector_size(16)]] = uint8_t;
  using Keys [[gnu::vector_size(16)]] = lb::V4::EndKey;
  constexpr lb::V4::EndKey kPart = lb::V4::key_part(protocol);
  constexpr lb::V4::EndKey kAddressAndPort = (lb::V4::EndKey{1} << 48) - 1;
  Bytes bytes;
  std::memcpy(&bytes, &plain.ttl, sizeof bytes);
  bytes = __builtin_shufflevector(bytes, bytes, 4, 5, 6, 7, 12, 13, -1, -1,  //
                                  8, 9, 10, 11, 14, 15, -1, -1);
  const Keys keys = (reinterpret_cast<Keys>(bytes) & kAddressAndPort) | kPart;
  packet.source.set(keys[0]);
  packet.destination.set(keys[1]);
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
      !lb::may_be_host(ip.source)) {
    return false;
  }
  const uint16_t length = ip.total_length.value();
  // Of less than a header it is a huge number.
  const size_t transport = size_t{length} - sizeof(Ipv4Header);
  if (transport > frame.size() - sizeof(EthernetHeader) - sizeof(Ipv4Header)) return false;
  const auto& udp = view<UdpHeader>(bytes + sizeof(Ipv4Header));
  if (ip.protocol == kProtocolTcp) [[likely]] {
    const auto& tcp = view<TcpHeader>(bytes + sizeof(Ipv4Header));
    if (!is_whole(tcp, transport)) return false;
    set_ends<lb::Protocol::kTcp>(packet, ip);
    packet.tcp_flags = tcp.flags;
    packet.usual = !lb::may_change_usual_state(tcp.flags);
  } else {
    if (ip.protocol != kProtocolUdp || !is_whole(udp, transport)) return false;
    set_ends<lb::Protocol::kUdp>(packet, ip);
    packet.tcp_flags = 0;
    packet.usual = true;
  }
  packet.ip = bytes;
  packet.ip_header_length = sizeof(Ipv4Header);
  packet.length = length;
  return true;
}

}  // namespace dataplane
