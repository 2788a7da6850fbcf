// The options behind the fixed part of an IPv4 header (RFC 791 section 3.1). Few packets have any.
#pragma once

#include <optional>
#include <span>

#include "lb/address.h"
#include "lb/drop_reason.h"

namespace dataplane {

// Why a packet with these options goes no further: it asks for a source route, which Linux does not
// follow either unless told to (RFC 7126 sections 4.3 and 4.4), or is malformed. `header`: the
// whole IP header, as long as it says.
std::optional<lb::DropReason> fault_of_options(std::span<const uint8_t> header);

// Fills the address into the record-route option, if there is one and it has room, and makes the
// header's checksum anew. Any other option stays as it came, a timestamp too. Precondition:
// fault_of_options finds none.
void record_route(std::span<uint8_t> header, lb::Ipv4Address address);

}  // namespace dataplane
