// The usual packet, recognised in one straight run of comparisons. What is unusual in any way is
// left to parse.h, which alone knows every case and every reason.
#pragma once

#if defined(__SSE4_1__)
#include <smmintrin.h>
#endif

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

// How the frame of a plain packet for a MAC begins: with an Ethernet header, from anybody, and the
// first byte of an IPv4 header without options. One comparison does for all of it.
class PlainStart {
 public:
  explicit PlainStart(const lb::MacAddress& mac) {
    const Start start{{mac, {}, Be16(ethertype::kIpv4)}, Ipv4Header::kPlain, 0};
    const Start fixed{{lb::kBroadcastMac, {}, Be16(0xffff)}, 0xff, 0};
    std::memcpy(&start_, &start, sizeof start);
    std::memcpy(&fixed_, &fixed, sizeof fixed);
  }

  // Of at least 16 bytes.
  bool is_of(const uint8_t* frame) const {
    Words bytes;
    std::memcpy(&bytes, frame, sizeof bytes);
    const Words others = bytes ^ start_;
#if defined(__SSE4_1__)
    return _mm_testz_si128(__m128i(others), __m128i(fixed_)) != 0;
#else
    return ((others[0] & fixed_[0]) | (others[1] & fixed_[1])) == 0;
#endif
  }

 private:
  struct Start {
    EthernetHeader ethernet;
    uint8_t version_and_length;
    uint8_t tos;
  };
  using Words [[gnu::vector_size(sizeof(Start))]] = uint64_t;
  Words start_;
  Words fixed_;  // the bits that are always the same
};

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

// Whether the frame begins so and holds a whole TCP or UDP packet in IPv4 without options, with
// nothing wrong about it and hops to go: parse would call it a flow, and `packet` is filled as by
// that, but for `service`, and for `usual` where the packet is of the kind that leaves its
// connection's state alone. Only its source may be no host's: no connection has such an end, and
// who finds none has to look. False: parse decides, and `packet` may have changed.
inline bool parse_plain(std::span<uint8_t> frame, const PlainStart& start, bool checksum_known_good,
                        Packet<lb::V4>& packet) {
  constexpr uint16_t kFragmented = Ipv4Header::kMoreFragments | Ipv4Header::kOffset;
  constexpr size_t kShortest = sizeof(EthernetHeader) + sizeof(Ipv4Header) + sizeof(UdpHeader);
  if (frame.size() < kShortest) [[unlikely]]
    return false;
  uint8_t* bytes = frame.data() + sizeof(EthernetHeader);
  const auto& ip = view<Ipv4Header>(bytes);
  if (!(checksum_known_good || has_good_checksum(ip)) || !start.is_of(frame.data()) ||
      (ip.fragment.raw() & Be16(kFragmented).raw()) != 0 || ip.ttl <= 1) [[unlikely]] {
    return false;
  }
  const uint16_t length = ip.total_length.value();
  // Of less than a header it is a huge number.
  const size_t transport = size_t{length} - sizeof(Ipv4Header);
  if (transport > frame.size() - sizeof(EthernetHeader) - sizeof(Ipv4Header)) [[unlikely]]
    return false;
  const auto& udp = view<UdpHeader>(bytes + sizeof(Ipv4Header));
  if (ip.protocol == kProtocolTcp) [[likely]] {
    const auto& tcp = view<TcpHeader>(bytes + sizeof(Ipv4Header));
    if (!is_whole(tcp, transport)) [[unlikely]]
      return false;
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
