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

// Puts `to` where `from` stands: one address of the IP header and its port.
void rewrite(const Packet<lb::V4>& packet, lb::Ipv4Address& address, Be16& port,
             const lb::End<lb::V4>& to) {
  auto& ip = view<Ipv4Header>(packet.ip);
  const lb::End<lb::V4> from{address, port};
  address = to.address;
  port = to.port;
  ip.checksum = ChecksumDelta().replace(from.address, to.address).apply(ip.checksum);
  const ChecksumDelta delta =
      ChecksumDelta().replace(from.address, to.address).replace(from.port, to.port);
  if (packet.protocol == lb::Protocol::kTcp) {
    auto& tcp = view<TcpHeader>(packet.transport());
    tcp.checksum = delta.apply(tcp.checksum);
    return;
  }
  auto& udp = view<UdpHeader>(packet.transport());
  udp.checksum = never_zero(udp.checksum.raw() == 0 ? computed_udp_checksum(packet)
                                                    : delta.apply(udp.checksum));
}

}  // namespace

// TCP and UDP both begin with the two ports.
void nat_inbound(const Packet<lb::V4>& packet, const lb::Connection<lb::V4>& connection) {
  rewrite(packet, view<Ipv4Header>(packet.ip).destination,
          view<UdpHeader>(packet.transport()).destination_port, connection.inside);
}

void nat_outbound(const Packet<lb::V4>& packet, const lb::Connection<lb::V4>& connection) {
  rewrite(packet, view<Ipv4Header>(packet.ip).source,
          view<UdpHeader>(packet.transport()).source_port, connection.virtual_end);
}

}  // namespace dataplane
