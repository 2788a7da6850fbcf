// Datagrams that are connections of their own: each is scheduled by itself and leaves nothing
// behind.
#include "dataplane/path.h"

namespace dataplane {

// The connection lives as long as the packet is worked on. One that has to wait for its next hop is
// scheduled anew when it goes on.
template <class F>
void Path<F>::forward_once(LinkNumber link, Packet& packet, const VirtualService<F>& service,
                           const Choice& choice) {
  const RealServer<F>& server = *choice.server;
  Entry entry{};
  entry.outside = packet.source;
  entry.protocol = packet.protocol();
  entry.virtual_end = packet.destination;
  entry.method = server.method;
  entry.inside = server.end_for(packet.destination);
  const lb::NextHop known = remembered_hop(server.slot, entry.inside.address);
  entry.next_hop_inside = known;
  const bool asked_before = host_.is_asked_for(known);
  Neighbour<F>* hop = host_.next_hop(entry.next_hop_inside, entry.inside.address, link, packet,
                                     IcmpError::host_unreachable());
  remember_hop(server.slot, entry.inside.address, known, entry.next_hop_inside);
  if (hop == nullptr) {
    // It takes a turn when it goes on. Of those behind it the turns are used up, and lead on to the
    // servers that answer.
    if (!asked_before && entry.next_hop_inside != 0) give_back(service, packet, choice);
    return;
  }
  lb::Traffic& traffic = live_.traffic[server.slot];
  traffic.connections.add(1);
  traffic.packets_in.add(1);
  traffic.bytes_in.add(packet.length);
  leave_inbound(link, packet, entry, *hop);
}

// What a server sends in NAT that belongs to no connection, but comes from where a one-packet
// service has a server, is a reply of that service. LVS sends it on under the server's own address.
template <class F>
void Path<F>::return_once(LinkNumber link, Packet& packet, const OnePacketServer<F>& server) {
  Entry entry{};
  entry.outside = packet.destination;
  entry.protocol = packet.protocol();
  entry.virtual_end = server.virtual_end;
  entry.method = nat_;
  entry.inside = packet.source;
  Neighbour<F>* hop = host_.next_hop(entry.next_hop_outside, entry.outside.address, link, packet,
                                     IcmpError::network_unreachable());
  if (hop == nullptr) return;
  lb::Traffic& traffic = live_.traffic[server.server];
  traffic.packets_out.add(1);
  traffic.bytes_out.add(packet.length);
  leave_outbound(link, packet, entry, *hop);
}

template void Path<lb::V4>::forward_once(LinkNumber, Packet&, const VirtualService<lb::V4>&,
                                         const Choice&);
template void Path<lb::V4>::return_once(LinkNumber, Packet&, const OnePacketServer<lb::V4>&);

}  // namespace dataplane
