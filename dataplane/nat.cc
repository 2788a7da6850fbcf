#include "dataplane/nat.h"

#include "dataplane/checksum.h"

namespace dataplane {
namespace {

Be16 computed_udp_checksum(const Packet<lb::V4>& packet) {
  const auto& ip = view<Ipv4Header>(packet.ip);
  const uint16_t length = view<UdpHeader>(packet.transport()).length.value();
  return finish(sum_of({packet.transport(), length},
                       pseudo_header_sum(ip.source, ip.destination, kProtocolUdp, length)));
}

// RFC 768: a sum that comes out as zero is sent as all ones, zero meaning "no checksum".
Be16 never_zero(Be16 checksum) { return checksum.raw() == 0 ? Be16(0xffff) : checksum; }

// Puts `to` in the place of one address of the IP header and its port.
void rewrite(const Packet<lb::V4>& packet, lb::Ipv4Address& address, Be16& port,
             const lb::End<lb::V4>& to) {
  auto& ip = view<Ipv4Header>(packet.ip);
  const ChecksumDelta address_delta = ChecksumDelta().replace(address, to.address);
  const ChecksumDelta port_delta = ChecksumDelta().replace(port, to.port);
  address = to.address;
  port = to.port;
  ip.checksum = address_delta.apply(ip.checksum);
  if (packet.protocol() == lb::Protocol::kIcmp) {
    // No pseudo header: the addresses are not in the sum.
    auto& icmp = view<IcmpHeader>(packet.transport());
    icmp.checksum = port_delta.apply(icmp.checksum);
    return;
  }
  const ChecksumDelta delta = address_delta + port_delta;
  if (packet.protocol() == lb::Protocol::kTcp) {
    auto& tcp = view<TcpHeader>(packet.transport());
    tcp.checksum = delta.apply(tcp.checksum);
    return;
  }
  auto& udp = view<UdpHeader>(packet.transport());
  udp.checksum = never_zero(udp.checksum.raw() == 0 ? computed_udp_checksum(packet)
                                                    : delta.apply(udp.checksum));
}

// Where the port of an end stands; TCP and UDP both begin with the two ports, and the identifier of
// an ICMP echo serves as the port of the end that chose it.
Be16& port_of(const Packet<lb::V4>& packet, Be16 UdpHeader::*port) {
  if (packet.protocol() == lb::Protocol::kIcmp) {
    return view<IcmpHeader>(packet.transport()).rest_high;
  }
  return view<UdpHeader>(packet.transport()).*port;
}

}  // namespace

void nat_inbound(Packet<lb::V4>& packet, const lb::Connection<lb::V4>& connection,
                 lb::Ipv4Address) {
  rewrite(packet, view<Ipv4Header>(packet.ip).destination,
          port_of(packet, &UdpHeader::destination_port), connection.inside);
}

void nat_outbound(Packet<lb::V4>& packet, const lb::Connection<lb::V4>& connection) {
  rewrite(packet, view<Ipv4Header>(packet.ip).source, port_of(packet, &UdpHeader::source_port),
          connection.virtual_end);
}

}  // namespace dataplane
