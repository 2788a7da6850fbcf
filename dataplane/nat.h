// NAT, LVS's masquerading: towards the real server the destination becomes the server, towards the
// client the source becomes the VIP again; masqueraded connections are the same the other way
// round. Checksums are updated incrementally, so a packet that came broken leaves broken. A UDP
// checksum of zero becomes a computed one, as in LVS. State: none. Cost: one cache line of the
// packet. Weakness: replies must pass the director.
#pragma once

#include "dataplane/method.h"

namespace dataplane {

void nat_inbound(Packet<lb::V4>& packet, const lb::Connection<lb::V4>& connection,
                 lb::Ipv4Address source);
void nat_outbound(Packet<lb::V4>& packet, const lb::Connection<lb::V4>& connection);

}  // namespace dataplane
