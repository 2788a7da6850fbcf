#include "dataplane/answer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "dataplane/checksum.h"
#include "dataplane/ip_options.h"

namespace dataplane {
namespace {

constexpr uint8_t kOwnTtl = 64;
constexpr uint8_t kInternetworkControl = 0xc0;  // TOS of ICMP errors, RFC 1812 section 4.3.2.5

void write_ip(uint8_t* out, uint8_t tos, uint16_t length, uint16_t id, uint16_t fragment,
              uint8_t protocol, lb::Ipv4Address source, lb::Ipv4Address destination) {
  auto& ip = view<Ipv4Header>(out);
  ip = {Ipv4Header::kPlain, tos,     Be16(length), Be16(id),   Be16(fragment), kOwnTtl,
        protocol,           Be16(0), source,       destination};
  ip.checksum = checksum_of({out, sizeof(Ipv4Header)});
}

// Puts checksum and IP header to a TCP header without options or payload that stands behind it.
size_t finish_segment(std::span<uint8_t> out, lb::Ipv4Address from, lb::Ipv4Address to) {
  constexpr uint16_t kLength = sizeof(Ipv4Header) + sizeof(TcpHeader);
  auto& tcp = view<TcpHeader>(out.data() + sizeof(Ipv4Header));
  tcp.checksum = finish(sum_of(out.subspan(sizeof(Ipv4Header), sizeof(TcpHeader)),
                               pseudo_header_sum(from, to, kProtocolTcp, sizeof(TcpHeader))));
  write_ip(out.data(), 0, kLength, 0, Ipv4Header::kDontFragment, kProtocolTcp, from, to);
  return kLength;
}

}  // namespace

bool deserves_icmp_error(const Packet<lb::V4>& packet) {
  const auto& ip = view<Ipv4Header>(packet.ip);
  if (ip.destination.bits.value() >= 0xe0000000) return false;
  if ((ip.fragment.value() & Ipv4Header::kOffset) != 0) return false;
  if (ip.protocol != kProtocolIcmp) return true;
  if (packet.transport_length() < sizeof(IcmpHeader)) return false;
  const uint8_t type = view<IcmpHeader>(packet.transport()).type;
  return type == IcmpHeader::kEchoRequest || type == IcmpHeader::kEchoReply;
}

size_t write_icmp_error(std::span<uint8_t> out, const Packet<lb::V4>& about, lb::Ipv4Address source,
                        IcmpError error, uint16_t id) {
  constexpr size_t kHeaders = sizeof(Ipv4Header) + sizeof(IcmpHeader);
  const size_t quoted = std::min<size_t>(about.length, kLargestAnswer - kHeaders);
  const auto length = static_cast<uint16_t>(kHeaders + quoted);
  auto& icmp = view<IcmpHeader>(out.data() + sizeof(Ipv4Header));
  icmp = {error.type, error.code, Be16(0), Be16(0), Be16(error.next_mtu)};
  std::memcpy(out.data() + kHeaders, about.ip, quoted);
  icmp.checksum = checksum_of(out.subspan(sizeof(Ipv4Header), length - sizeof(Ipv4Header)));
  write_ip(out.data(), kInternetworkControl, length, id, 0, kProtocolIcmp, source,
           about.source.address);
  return length;
}

size_t write_reset(std::span<uint8_t> out, const Packet<lb::V4>& about) {
  const auto& in = view<TcpHeader>(about.transport());
  auto& tcp = view<TcpHeader>(out.data() + sizeof(Ipv4Header));
  tcp = {};
  tcp.source_port = in.destination_port;
  tcp.destination_port = in.source_port;
  tcp.data_offset = sizeof(TcpHeader) / 4 << 4;
  tcp.flags = lb::tcp::kRst;
  if ((in.flags & lb::tcp::kAck) != 0) {
    tcp.sequence = in.acknowledgement;
  } else {
    const uint32_t payload = about.transport_length() - in.header_length();
    const uint32_t taken =
        payload + ((in.flags & lb::tcp::kSyn) != 0) + ((in.flags & lb::tcp::kFin) != 0);
    tcp.flags |= lb::tcp::kAck;
    tcp.acknowledgement = Be32(in.sequence.value() + taken);
  }
  return finish_segment(out, about.destination.address, about.source.address);
}

size_t write_probe(std::span<uint8_t> out, const lb::End<lb::V4>& from, const lb::End<lb::V4>& to) {
  auto& tcp = view<TcpHeader>(out.data() + sizeof(Ipv4Header));
  tcp = {};
  tcp.source_port = from.port;
  tcp.destination_port = to.port;
  tcp.data_offset = sizeof(TcpHeader) / 4 << 4;
  tcp.flags = lb::tcp::kAck;
  return finish_segment(out, from.address, to.address);
}

void turn_into_reset(Packet<lb::V4>& packet) {
  auto& tcp = view<TcpHeader>(packet.transport());
  tcp.data_offset = sizeof(TcpHeader) / 4 << 4;
  tcp.flags = static_cast<uint8_t>(lb::tcp::kRst | (tcp.flags & lb::tcp::kAck));
  tcp.window = Be16(0);
  tcp.urgent = Be16(0);
  tcp.checksum = Be16(0);
  tcp.checksum = finish(sum_of({packet.transport(), sizeof(TcpHeader)},
                               pseudo_header_sum(packet.source.address, packet.destination.address,
                                                 kProtocolTcp, sizeof(TcpHeader))));
  packet.tcp_flags = tcp.flags;
  packet.length = static_cast<uint16_t>(packet.ip_header_length + sizeof(TcpHeader));
  auto& ip = view<Ipv4Header>(packet.ip);
  ip.total_length = Be16(packet.length);
  ip.checksum = Be16(0);
  ip.checksum = checksum_of({packet.ip, packet.ip_header_length});
}

bool has_good_transport_checksum(const Packet<lb::V4>& packet) {
  const bool is_udp = packet.protocol() == lb::Protocol::kUdp;
  uint16_t length = packet.transport_length();
  if (is_udp) {
    const auto& udp = view<UdpHeader>(packet.transport());
    if (udp.checksum.raw() == 0) return true;
    length = udp.length.value();
  }
  const auto& ip = view<Ipv4Header>(packet.ip);
  return fold(sum_of({packet.transport(), length},
                     pseudo_header_sum(ip.source, ip.destination, ip.protocol, length))) == 0xffff;
}

bool is_whole_icmp(const Packet<lb::V4>& packet) {
  return packet.transport_length() >= sizeof(IcmpHeader) &&
         fold(sum_of({packet.transport(), packet.transport_length()})) == 0xffff;
}

bool turn_into_echo_reply(const Packet<lb::V4>& packet) {
  auto& icmp = view<IcmpHeader>(packet.transport());
  if (icmp.type != IcmpHeader::kEchoRequest || icmp.code != 0) return false;
  icmp.type = IcmpHeader::kEchoReply;
  icmp.checksum = Be16(0);
  icmp.checksum = checksum_of({packet.transport(), packet.transport_length()});
  auto& ip = view<Ipv4Header>(packet.ip);
  std::swap(ip.source, ip.destination);
  ip.ttl = kOwnTtl;
  ip.checksum = Be16(0);
  ip.checksum = checksum_of({packet.ip, packet.ip_header_length});
  // RFC 1122 section 3.2.2.6: what came by is updated with this host, and goes back.
  record_route({packet.ip, packet.ip_header_length}, ip.source);
  return true;
}

}  // namespace dataplane
