// Why a packet ends at the director. Every packet has one fate, and every drop one of these reasons
// with a counter.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lb {

enum class DropReason : uint8_t {
  kForeignMac,
  kVlan,
  kUnknownEthertype,
  kTruncated,
  kBadIpHeader,
  kBadIpChecksum,
  kBadIpOptions,
  kBadTransportHeader,
  kBadArp,
  kAddressConflict,
  kBadSource,
  kNotForUs,
  kBadFragment,
  kFragmentOverlap,
  kFragmentRepeated,
  kFragmentTimeout,
  kFragmentsFull,
  kIcmpUnhandled,
  kIcmpUnrelated,
  kUnknownProtocol,
  kClosedPort,
  kNotASyn,
  kNoServer,
  kTableFull,
  kAmbiguousTuple,
  kNoMasqueradePort,
  kCut,
  kTtlExpired,
  kTooBig,
  kNoRoute,
  kNeighbourPending,
  kNeighbourFailed,
  kSourceRouted,
  kChained,
  kNoBuffer,
  kTransmitFull,
  kHandoverFull,
  kKernelLimit,
  kKernelFull,
  kKernelDown,
  kStandby,
  kCount,
};
inline constexpr size_t kDropReasons = static_cast<size_t>(DropReason::kCount);

struct DropReasonText {
  std::string_view name;         // the counter's name
  std::string_view description;  // one line for people
};

inline constexpr std::array<DropReasonText, kDropReasons> kDropReasonTexts{{
    {"foreign_mac", "frame for another host's MAC address"},
    {"vlan", "VLAN-tagged frame"},
    {"unknown_ethertype", "frame that is neither IPv4 nor ARP"},
    {"truncated", "packet shorter than its headers say"},
    {"bad_ip_header", "IP version, header length or total length is impossible"},
    {"bad_ip_checksum", "IP header checksum is wrong"},
    {"bad_ip_options", "IP option of impossible length, or record route of impossible pointer"},
    {"bad_transport_header", "TCP, UDP or ICMP header is cut, impossible, or fails its checksum"},
    {"bad_arp", "ARP packet is malformed or claims an impossible address"},
    {"address_conflict", "ARP of another host that claims one of the director's addresses"},
    {"bad_source",
     "source address is broadcast, multicast, loopback, unspecified or the director's own"},
    {"not_for_us", "broadcast or multicast that the director has no use for"},
    {"bad_fragment",
     "IP fragment of impossible length or offset, or of a datagram marked for ECN in part"},
    {"fragment_overlap",
     "IP fragment that overlaps another in part, or of a datagram that had such a one"},
    {"fragment_repeated", "IP fragment all of which had come already"},
    {"fragment_timeout",
     "IP fragment whose datagram did not become whole in 30 seconds (answered: ICMP 11/1)"},
    {"fragments_full", "IP fragment for which there is no room, or that had to make some"},
    {"icmp_unhandled", "ICMP message to the director that it does not answer"},
    {"icmp_unrelated", "ICMP error about no connection"},
    {"unknown_protocol", "IP protocol that the director does not speak (answered: ICMP 3/2)"},
    {"closed_port", "no service on this port of the director (answered: RST or ICMP 3/3)"},
    {"not_a_syn",
     "first packet of a TCP connection is no SYN, and the service's sloppy_tcp is false (answered: "
     "RST)"},
    {"no_server", "no real server takes new connections (answered: ICMP 3/3)"},
    {"table_full", "the director is full of connections, and none could be taken back"},
    {"ambiguous_tuple",
     "every server that could take the connection already has one with this client's address and "
     "port"},
    {"no_masquerade_port",
     "every port of masquerade's range is taken towards this address and port"},
    {"cut", "fragment of a connection that the operator has cut"},
    {"ttl_expired", "TTL ran out at the director (answered: ICMP 11/0)"},
    {"too_big",
     "packet with DF does not fit the way's MTU (answered: ICMP 3/4), or datagram exceeds 65,535 "
     "bytes with its tunnel's header"},
    {"no_route", "no route to the destination (answered: ICMP 3/0)"},
    {"neighbour_pending", "too many packets wait for a next hop's MAC address"},
    {"neighbour_failed", "next hop does not answer ARP (answered: ICMP 3/1)"},
    {"source_routed", "loose or strict IP source route, which is not followed"},
    {"chained", "packet in several buffers for a port that cannot send such"},
    {"no_buffer", "no mbuf was left to send the packet in fragments"},
    {"transmit_full", "the port's transmit queue did not take the packet"},
    {"handover_full", "the ring to the worker that owns the connection is full"},
    {"kernel_limit", "more packets for the kernel than a turn or a second may bring"},
    {"kernel_full", "packet for the kernel, which did not take those before it fast enough"},
    {"kernel_down", "packet for the kernel, whose twin of the interface is down or deleted"},
    {"standby", "of a VIP that is another director's while this one stands by"},
}};

constexpr const DropReasonText& text_of(DropReason reason) {
  return kDropReasonTexts[static_cast<size_t>(reason)];
}

}  // namespace lb
