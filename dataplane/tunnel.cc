#include "dataplane/tunnel.h"

#include <atomic>

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

// Fragments of one datagram share an ID, datagrams of one pair of hosts within seconds must not; of
// a whole one with DF the ID means nothing (RFC 6864). All workers send between the same two hosts:
// each takes some of the same IDs at a time.
Be16 next_id() {
  constexpr uint16_t kTogether = 64;
  static std::atomic<uint16_t> all = 0;
  static thread_local uint16_t next = 0;
  if (next % kTogether == 0) next = all.fetch_add(kTogether, std::memory_order_relaxed) + 1;
  return Be16(next++);
}

// Two bytes as a word of the sum.
Be16 in_two(uint8_t first, uint8_t second) {
  return Be16(static_cast<uint16_t>(first << 8 | second));
}

}  // namespace

// Outer header as LVS makes it (recorded vector tun-outer-header). It is summed before it is
// written: bytes and half words just written would have to reach the cache before they could be
// read again as words.
void tunnel_inbound(Packet<lb::V4>& packet, const lb::Connection<lb::V4>& connection,
                    lb::Ipv4Address source) {
  const auto& inner = view<Ipv4Header>(packet.ip);
  const uint16_t dont_fragment = inner.fragment.value() & Ipv4Header::kDontFragment;
  const uint8_t tos = outer_tos(inner.tos);
  const uint8_t ttl = inner.ttl;
  packet.ip -= sizeof(Ipv4Header);
  if (packet.mbuf != nullptr) {
    packet.mbuf->data_off = static_cast<uint16_t>(packet.mbuf->data_off - sizeof(Ipv4Header));
  }
  packet.length = static_cast<uint16_t>(packet.length + sizeof(Ipv4Header));
  packet.ip_header_length = sizeof(Ipv4Header);
  const Be16 length(packet.length);
  const bool leaves_whole = dont_fragment != 0 && packet.mbuf != nullptr;
  const Be16 id = leaves_whole ? Be16(0) : next_id();
  const lb::Ipv4Address destination = connection.inside.address;
  const uint64_t sum = uint64_t{in_two(Ipv4Header::kPlain, tos).raw()} + length.raw() + id.raw() +
                       Be16(dont_fragment).raw() + in_two(ttl, kProtocolIpip).raw() +
                       source.bits.raw() + destination.bits.raw();
  view<Ipv4Header>(packet.ip) = {
      Ipv4Header::kPlain, tos,         length, id,         Be16(dont_fragment), ttl,
      kProtocolIpip,      finish(sum), source, destination};
}

}  // namespace dataplane
