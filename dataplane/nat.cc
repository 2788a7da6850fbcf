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

// Puts `to` in the place of an end: its address in the IP header, and its port.
template <NamedEnd end>
void rewrite(const Packet<lb::V4>& packet, const lb::End<lb::V4>& to) {
  constexpr bool kSource = end == NamedEnd::kSource;
  ChecksumDelta delta;
  auto& ip = view<Ipv4Header>(packet.ip);
  lb::Ipv4Address& address = kSource ? ip.source : ip.destination;
  delta.replace(address, to.address);
  address = to.address;
  ip.checksum = delta.apply(ip.checksum);

  const auto replace_port = [&](ChecksumDelta& sums, Be16& port) {
    sums.replace(port, to.port);
    port = to.port;
  };
  switch (packet.protocol()) {
    case lb::Protocol::kTcp: {
      auto& tcp = view<TcpHeader>(packet.transport());
      replace_port(delta, kSource ? tcp.source_port : tcp.destination_port);
      tcp.checksum = delta.apply(tcp.checksum);
      break;
    }
    case lb::Protocol::kUdp: {
      auto& udp = view<UdpHeader>(packet.transport());
      replace_port(delta, kSource ? udp.source_port : udp.destination_port);
      udp.checksum = never_zero(udp.checksum.raw() == 0 ? computed_udp_checksum(packet)
                                                        : delta.apply(udp.checksum));
      break;
    }
    case lb::Protocol::kIcmp: {
      // The identifier of an echo serves as the port of the end that chose it. There is no pseudo
      // header: addresses are not in the sum.
      auto& icmp = view<IcmpHeader>(packet.transport());
      ChecksumDelta identifier;
      replace_port(identifier, icmp.rest_high);
      icmp.checksum = identifier.apply(icmp.checksum);
      break;
    }
  }
}

}  // namespace

void nat_inbound(Packet<lb::V4>& packet, const lb::Connection<lb::V4>& connection,
                 lb::Ipv4Address) {
  rewrite<NamedEnd::kDestination>(packet, connection.inside);
}

void nat_outbound(Packet<lb::V4>& packet, const lb::Connection<lb::V4>& connection) {
  rewrite<NamedEnd::kSource>(packet, connection.virtual_end);
}

}  // namespace dataplane
