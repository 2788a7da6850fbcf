// DR, LVS's direct routing: the packet goes to the real server's MAC address as it is; the server
// has the VIP on its loopback device and answers the client directly. State: none. Cost: the
// Ethernet header. Weakness: the server must share a wire with the director, and the director sees
// only the client's half.
#pragma once

#include "dataplane/method.h"

namespace dataplane {

void dr_inbound(Packet<lb::V4>& packet, const lb::Connection<lb::V4>& connection,
                lb::Ipv4Address source);

}  // namespace dataplane
