// The packet that an ICMP error quotes (RFC 792, RFC 1812 section 4.3.2.3): its header and at least
// eight bytes behind, which hold the ports.
#pragma once

#include <optional>
#include <span>

#include "dataplane/packet.h"

namespace dataplane {

// A view into the bytes of the packet that carries it.
struct Quote {
  uint8_t* ip;
  size_t size;  // bytes quoted
  uint8_t protocol;
  lb::End<lb::V4> source;  // with ports of TCP and UDP; the identifier of an ICMP echo stands as
  lb::End<lb::V4> destination;  // the port of the end that chose it, as in Packet

  uint8_t* transport() const { return ip + view<Ipv4Header>(ip).header_length(); }
  size_t transport_size() const { return size - view<Ipv4Header>(ip).header_length(); }
};

// nullopt: too short, no IPv4, or a fragment that has no ports.
std::optional<Quote> read_quote(std::span<uint8_t> bytes);

// Puts `to` where one end of the quoted packet stands, its checksums following as far as they are
// quoted.
void translate(const Quote& quote, NamedEnd end, const lb::End<lb::V4>& to);

}  // namespace dataplane
