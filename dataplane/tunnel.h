// Tunnel, LVS's IP-in-IP (RFC 2003): the packet goes to the real server inside another one from the
// director. The server has the VIP itself and answers the client directly.
// State: none. Cost: an outer header. Weakness: 20 bytes of every packet, and the director sees
// only the client's half.
#pragma once

#include "dataplane/method.h"

namespace dataplane {

inline constexpr uint8_t kProtocolIpip = 4;

void tunnel_inbound(Packet<lb::V4>& packet, const lb::Connection<lb::V4>& connection,
                    lb::Ipv4Address source);

}  // namespace dataplane
