// From a frame's bytes to a packet, or to the reason why it goes no further. Every length is
// checked here, once; whoever comes later may rely on the headers being whole.
#pragma once

#include <span>

#include "dataplane/packet.h"
#include "lb/drop_reason.h"

namespace dataplane {

enum class Parsed : uint8_t {
  kFlow,   // whole TCP or UDP packet: goes the fast way
  kOther,  // whole IP packet of another protocol: `ip`, lengths and addresses are set, ports are 0,
           // but for the identifier of an ICMP echo: the port of the end that chose it
  kFragment,  // part of an IP packet: `ip`, lengths and addresses are set
  kArp,
  kDrop,
};

struct ParseResult {
  Parsed kind;
  lb::DropReason reason = lb::DropReason::kCount;  // of kDrop
};

// `frame` begins at the Ethernet header. `checksum_known_good`: the device has verified the IP
// header. Writes only to `packet`.
ParseResult parse(std::span<uint8_t> frame, const lb::MacAddress& own_mac, bool checksum_known_good,
                  Packet<lb::V4>& packet);

}  // namespace dataplane
