#include "dataplane/tunnel.h"

#include "dataplane/checksum.h"

namespace dataplane {
namespace {

// RFC 3168 section 9.1.1, full functionality: congestion experienced inside is not repeated
// outside.
uint8_t outer_tos(uint8_t tos) {
  constexpr uint8_t kEcn = 3;
  constexpr uint8_t kCapable = 2;  // ECT(0)
  return (tos & kEcn) == kEcn ? static_cast<uint8_t>((tos & ~kEcn) | kCapable) : tos;
}

// Fragments of one datagram share an ID, datagrams of one pair of hosts within seconds must not;
// with DF the ID means nothing (RFC 6864).
Be16 next_id() {
  static thread_local uint16_t id = 0;
  if (++id == 0) ++id;
  return Be16(id);
}

}  // namespace

// Outer header as LVS makes it (recorded vector tun-outer-header).
void tunnel_inbound(Packet<lb::V4>& packet, const lb::Connection<lb::V4>& connection,
                    lb::Ipv4Address source) {
  const auto& inner = view<Ipv4Header>(packet.ip);
  const uint16_t dont_fragment = inner.fragment.value() & Ipv4Header::kDontFragment;
  packet.ip -= sizeof(Ipv4Header);
  if (packet.mbuf != nullptr) {
    packet.mbuf->data_off = static_cast<uint16_t>(packet.mbuf->data_off - sizeof(Ipv4Header));
  }
  packet.length = static_cast<uint16_t>(packet.length + sizeof(Ipv4Header));
  packet.ip_header_length = sizeof(Ipv4Header);
  auto& outer = view<Ipv4Header>(packet.ip);
  outer = {0x45,
           outer_tos(inner.tos),
           Be16(packet.length),
           dont_fragment != 0 ? Be16(0) : next_id(),
           Be16(dont_fragment),
           inner.ttl,
           kProtocolIpip,
           Be16(0),
           source,
           connection.inside.address};
  outer.checksum = checksum_of({packet.ip, sizeof(Ipv4Header)});
}

}  // namespace dataplane
