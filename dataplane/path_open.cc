// The part of the path that opens a service's connection, and sends its first packet on.
#include "dataplane/path.h"

namespace dataplane {

using lb::DropReason;
using lb::EntryIndex;
using lb::kNoEntry;

// A packet may well open a connection of a service: what its server's choice shares with other
// workers is asked of them for the whole burst. A worker alone weighs loads only when it opens,
// when all packets before have had their effect on them, as LVS does. Nothing is asked for a client
// that holds to a server, nor counted for a datagram that will leave no connection.
template <class F>
void Path<F>::expect(const Packet& packet) {
  const VirtualService<F>& service = *snapshot_->services[packet.service];
  if (!may_open(service, packet)) return;
  if (service.holds.timeout != 0 && holds_.find(service, packet.source.address)) return;
  if (service.plan->takes_turns()) {
    turns_.expect(packet.service);
  } else if (!peers_.alone() && !service.one_packet && !reservations_.full()) {
    const auto picked = service.plan->pick(request_for(service, packet, ++random_));
    if (!picked) return;
    const RealServer<F>& server = service.servers[*picked];
    // A place that is taken for the second packet of one connection would end those of others.
    if (server.upper_threshold != 0) return;
    reservations_.add(packet, *picked, server.slot, first_state(packet));
  }
}

template <class F>
Path<F>::Admission Path<F>::admit(const VirtualService<F>& service, const Packet& packet) const {
  if (service.closed) [[unlikely]]
    return Admission::kClosed;
  if (host_.is_bad_source(packet.source.address)) return Admission::kBadSource;
  if (!may_open(service, packet)) return Admission::kNotASyn;
  return Admission::kOpens;
}

template <class F>
void Path<F>::open(LinkNumber link, Packet& packet) {
  const VirtualService<F>& service = *snapshot_->services[packet.service];
  switch (admit(service, packet)) {
    case Admission::kOpens:
      break;
    case Admission::kClosed:
      host_.handle_unmatched(link, packet);
      return;
    case Admission::kNotASyn:
      host_.refuse_as_closed(link, packet, DropReason::kNotASyn);
      return;
    case Admission::kBadSource:
      host_.drop(packet, DropReason::kBadSource);
      return;
  }
  DropReason why_not{};
  const Choice choice = choose(service, packet, why_not);
  if (const RealServer<F>* server = choice.server) {
    if (packet.candidate != kNoEntry) [[unlikely]]
      displace_rival(*server, packet);
    if (service.one_packet) {
      forward_once(link, packet, service, choice);
      return;
    }
    const lb::End<F> inside = server->end_for(packet.destination);
    const EntryIndex index =
        connections_.open({.outside = packet.source,
                           .virtual_end = packet.destination,
                           .inside = inside,
                           .state = first_state(packet),
                           .method = server->method,
                           .replies_seen = methods_[server->method].replies_seen,
                           .from_inside = false,
                           .service = service.slot,
                           .server = server->slot,
                           .reserved = choice.reserved,
                           .claimed = !choice.is_led,
                           .hold_seconds = Holds<F>::seconds(service),
                           .next_hop_inside = remembered_hop(server->slot, inside.address)},
                          packet.hash, packet.candidate, now_);
    if (index != kNoEntry) {
      live_.traffic[server->slot].connections.add(1);
      forward_first(link, packet, connections_.entry(index));
      return;
    }
    why_not = DropReason::kTableFull;
  }
  live_.refused[service.slot].add(1);
  // Where other workers may make room, the client is left to try again.
  if (why_not == DropReason::kTableFull && !peers_.alone() &&
      connections_.is_short_of_entries(now_)) {
    host_.drop(packet, why_not);
    return;
  }
  host_.refuse(link, packet, why_not, IcmpError::port_unreachable());
}

// The packet that has just opened a connection: to account it, beyond its count, would change
// nothing.
template <class F>
void Path<F>::forward_first(LinkNumber link, Packet& packet, Entry& entry) {
  const lb::NextHop known = entry.next_hop_inside;
  Neighbour<F>* hop = host_.next_hop(entry.next_hop_inside, entry.inside.address, link, packet,
                                     IcmpError::host_unreachable());
  remember_hop(entry.server, entry.inside.address, known, entry.next_hop_inside);
  if (hop == nullptr) return;
  count(packet, lb::Direction::kInbound, entry.server);
  leave_inbound(link, packet, entry, *hop);
}

template Path<lb::V4>::Admission Path<lb::V4>::admit(const VirtualService<lb::V4>&,
                                                     const Packet&) const;
template void Path<lb::V4>::expect(const Packet&);
template void Path<lb::V4>::open(LinkNumber, Packet&);

}  // namespace dataplane
