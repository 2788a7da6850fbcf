// Headers as they lie in a packet: no alignment, byte order in the types.
#pragma once

#include <cstdint>
#include <cstring>

#include "lb/address.h"
#include "lb/byte_order.h"

namespace dataplane {

using lb::Be16;
using lb::Be32;

namespace ethertype {
inline constexpr uint16_t kIpv4 = 0x0800;
inline constexpr uint16_t kArp = 0x0806;
inline constexpr uint16_t kIpv6 = 0x86dd;
inline constexpr uint16_t kVlan = 0x8100;         // IEEE 802.1Q
inline constexpr uint16_t kServiceVlan = 0x88a8;  // IEEE 802.1ad
}  // namespace ethertype

struct EthernetHeader {
  lb::MacAddress destination;
  lb::MacAddress source;
  Be16 type;
};
static_assert(sizeof(EthernetHeader) == 14 && alignof(EthernetHeader) == 1);

// RFC 826, for IPv4 over Ethernet.
struct ArpPacket {
  static constexpr uint16_t kRequest = 1;
  static constexpr uint16_t kReply = 2;
  Be16 hardware_type;  // 1: Ethernet
  Be16 protocol_type;  // 0x0800
  uint8_t hardware_length;
  uint8_t protocol_length;
  Be16 operation;
  lb::MacAddress sender_mac;
  lb::Ipv4Address sender;
  lb::MacAddress target_mac;
  lb::Ipv4Address target;
};
static_assert(sizeof(ArpPacket) == 28 && alignof(ArpPacket) == 1);

// RFC 791.
struct Ipv4Header {
  static constexpr uint16_t kDontFragment = 0x4000;
  static constexpr uint16_t kMoreFragments = 0x2000;
  static constexpr uint16_t kOffset = 0x1fff;  // in units of 8 bytes
  static constexpr uint8_t kPlain = 0x45;      // the first byte of one without options
  uint8_t version_and_length;
  uint8_t tos;
  Be16 total_length;
  Be16 id;
  Be16 fragment;
  uint8_t ttl;
  uint8_t protocol;
  Be16 checksum;
  lb::Ipv4Address source;
  lb::Ipv4Address destination;

  unsigned header_length() const { return (version_and_length & 15u) * 4; }
};
static_assert(sizeof(Ipv4Header) == 20 && alignof(Ipv4Header) == 1);

// RFC 9293.
struct TcpHeader {
  Be16 source_port;
  Be16 destination_port;
  Be32 sequence;
  Be32 acknowledgement;
  uint8_t data_offset;
  uint8_t flags;
  Be16 window;
  Be16 checksum;
  Be16 urgent;

  unsigned header_length() const { return data_offset >> 2 & 0x3cu; }
};
static_assert(sizeof(TcpHeader) == 20 && alignof(TcpHeader) == 1);

// RFC 768.
struct UdpHeader {
  Be16 source_port;
  Be16 destination_port;
  Be16 length;
  Be16 checksum;
};
static_assert(sizeof(UdpHeader) == 8 && alignof(UdpHeader) == 1);

// RFC 792.
struct IcmpHeader {
  static constexpr uint8_t kEchoReply = 0;
  static constexpr uint8_t kUnreachable = 3;
  static constexpr uint8_t kSourceQuench = 4;
  static constexpr uint8_t kEchoRequest = 8;
  static constexpr uint8_t kTimeExceeded = 11;
  static constexpr uint8_t kParameterProblem = 12;
  uint8_t type;
  uint8_t code;
  Be16 checksum;
  Be16 rest_high;  // of an echo: the identifier
  Be16 rest_low;   // of fragmentation needed: the next link's MTU (RFC 1191)
};
static_assert(sizeof(IcmpHeader) == 8 && alignof(IcmpHeader) == 1);

// Which of the two ends that a packet names.
enum class NamedEnd : uint8_t { kSource, kDestination };

inline constexpr uint8_t kProtocolIcmp = 1;
inline constexpr uint8_t kProtocolTcp = 6;
inline constexpr uint8_t kProtocolUdp = 17;

// A header view over bytes. The caller has checked that there are enough of them.
template <class Header>
Header& view(uint8_t* bytes) {
  static_assert(alignof(Header) == 1);
  return *reinterpret_cast<Header*>(bytes);
}
template <class Header>
const Header& view(const uint8_t* bytes) {
  static_assert(alignof(Header) == 1);
  return *reinterpret_cast<const Header*>(bytes);
}

}  // namespace dataplane
