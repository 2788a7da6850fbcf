// Packets that the director makes itself in answer to one that it cannot deliver, as bytes.
#pragma once

#include <span>

#include "dataplane/packet.h"

namespace dataplane {

// An ICMP error as LVS sends it (recorded vectors tcp-no-rs, nat-ttl1, …): TOS 0xc0, TTL 64,
// quoting as much of the packet as 576 bytes hold (RFC 1812 section 4.3.2.3).
struct IcmpError {
  uint8_t type;
  uint8_t code;
  uint16_t next_mtu = 0;  // of fragmentation needed

  static constexpr IcmpError network_unreachable() { return {IcmpHeader::kUnreachable, 0}; }
  static constexpr IcmpError host_unreachable() { return {IcmpHeader::kUnreachable, 1}; }
  static constexpr IcmpError protocol_unreachable() { return {IcmpHeader::kUnreachable, 2}; }
  static constexpr IcmpError port_unreachable() { return {IcmpHeader::kUnreachable, 3}; }
  static constexpr IcmpError fragmentation_needed(uint16_t mtu) {
    return {IcmpHeader::kUnreachable, 4, mtu};
  }
  static constexpr IcmpError ttl_exceeded() { return {IcmpHeader::kTimeExceeded, 0}; }
  static constexpr IcmpError reassembly_exceeded() { return {IcmpHeader::kTimeExceeded, 1}; }
  bool is_fragmentation_needed() const { return type == IcmpHeader::kUnreachable && code == 4; }
};
inline constexpr size_t kLargestAnswer = 576;

// RFC 1122 section 3.2.2: no ICMP error about an ICMP error, a later fragment, nor to a group
// address.
bool deserves_icmp_error(const Packet<lb::V4>& packet);

// Writes an IP packet to `out`, at least kLargestAnswer bytes, and returns its length.
size_t write_icmp_error(std::span<uint8_t> out, const Packet<lb::V4>& about, lb::Ipv4Address source,
                        IcmpError error, uint16_t id);

// The RST that a closed TCP answers with (RFC 9293 section 3.10.7.1). Precondition: `about` is TCP
// without RST. Returns the IP packet's length.
size_t write_reset(std::span<uint8_t> out, const Packet<lb::V4>& about);

// An acknowledgement of nothing, from one end of a connection to the other. A TCP that has the
// connection answers with what it has sent and received (RFC 9293 section 3.10.7.4), which is what
// a reset must carry to be believed. Returns the IP packet's length.
size_t write_probe(std::span<uint8_t> out, const lb::End<lb::V4>& from, const lb::End<lb::V4>& to);

// Turns a TCP packet, in place, into a reset that its receiver believes: the same place in the
// stream, and no payload. Precondition: it came whole.
void turn_into_reset(Packet<lb::V4>& packet);

// Whether a TCP or UDP packet has the checksum that its header says, or of UDP none. Precondition:
// its header is whole.
bool has_good_transport_checksum(const Packet<lb::V4>& packet);

// Whether an ICMP packet has its header and a right checksum.
bool is_whole_icmp(const Packet<lb::V4>& packet);

// Turns an ICMP echo request into its reply, in place (RFC 792). False, with the packet untouched,
// when it is no echo request. Precondition: is_whole_icmp.
bool turn_into_echo_reply(const Packet<lb::V4>& packet);

}  // namespace dataplane
