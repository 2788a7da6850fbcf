// The part of the path that chooses a server for a new connection: the scheduler's, or the one that
// a client holds to, where its threshold and other connections of the client allow it.
#include "dataplane/path.h"

namespace dataplane {

using lb::DropReason;
using lb::EntryIndex;
using lb::kNoEntry;

// Random numbers differ by packet, and the key of its hash is unknown outside.
template <class F>
scheduler::Request Path<F>::request_for(const VirtualService<F>& service, const Packet& packet,
                                        uint64_t count) {
  return {.loads = scheduler::LoadView(live_.loads, live_.load_changes),
          .overloads = scheduler::Overloads(limits_.flags()),
          .client = F::fold(packet.source.address),
          .destination = F::fold(packet.destination.address),
          .client_port = packet.source.port.value(),
          .random = lb::mix({count, packet.hash}, packet.hash),
          .memory = &live_.turns[service.slot],
          .minima = &minima_};
}

template <class F>
scheduler::Picked Path<F>::pick(const VirtualService<F>& service, const Packet& packet,
                                std::optional<uint64_t>& turn) {
  scheduler::Request request = request_for(service, packet, ++random_);
  return pick_by(service, request, [&] {
    turn = turns_.take(service.slot);
    return *turn;
  });
}

template <class F>
Path<F>::Choice Path<F>::choose(const VirtualService<F>& service, const Packet& packet,
                                DropReason& why_not) {
  return service.holds.timeout != 0 ? choose_by_client(service, packet, why_not)
                                    : choose_by_schedule(service, packet, why_not);
}

// The scheduler's server, or, where that would make two connections look alike to their replies,
// the next in order that does not.
template <class F>
Path<F>::Choice Path<F>::choose_by_schedule(const VirtualService<F>& service, const Packet& packet,
                                            DropReason& why_not) {
  Choice choice;
  const scheduler::Picked ahead = reservations_.take(packet);
  choice.reserved = ahead.has_value();
  scheduler::Picked picked = ahead;
  const auto walk_from = [&](scheduler::Picked first, auto pick_next, Closing closing) {
    return walk(
        service, first, pick_next,
        [&](const RealServer<F>& server) {
          return server.accepts && !is_ambiguous(server, packet, closing);
        },
        [&](const RealServer<F>& server) { return service.one_packet || claim(server); },
        [&](const RealServer<F>& server) {
          connections_.unreserve(server.slot, first_state(packet));
          choice.reserved = false;
        },
        why_not);
  };
  scheduler::Picked found = walk_from(
      ahead, [&] { return picked = pick(service, packet, choice.turn); }, Closing::kStays);
  if (!found && picked && packet.candidate != kNoEntry) [[unlikely]] {
    found = walk_from(
        std::nullopt, [&] { return picked; }, Closing::kMakesWay);
  }
  if (found) choice.server = &service.servers[*found];
  return choice;
}

// In NAT a reply names only the client's end and the server's: two services that share a server
// cannot both have it for one client port.
template <class F>
EntryIndex Path<F>::rival_at(const RealServer<F>& server, const Packet& packet) const {
  if (!methods_[server.method].replies_seen) return kNoEntry;
  return connections_.table().find(packet.hash, lb::Direction::kOutbound, packet.source,
                                   server.end_for(packet.destination), packet.protocol());
}

// Ends what gives way to the connection of a packet that opens.
template <class F>
void Path<F>::displace_rival(const RealServer<F>& server, Packet& packet) {
  const EntryIndex rival = rival_at(server, packet);
  if (rival == kNoEntry) return;
  connections_.close(rival);
  packet.candidate =
      connections_.table().find_first(packet.hash, packet.outside(), packet.protocol());
}

// As LVS does (ip_vs_sched_persist): a client that holds to a server is led to it whatever its
// load, and whatever its weight unless the service says otherwise. Where several workers see a new
// client at the same time, all take the server of the one that was first.
template <class F>
Path<F>::Choice Path<F>::choose_by_client(const VirtualService<F>& service, const Packet& packet,
                                          DropReason& why_not) {
  // Each further try is for a hold that another worker has changed in between; what the last one
  // comes to is done without it.
  constexpr int kTries = 4;
  const auto client = packet.source.address;
  for (int tries = 1;; ++tries) {
    const bool is_last = tries == kTries;
    const std::optional<uint32_t> held = holds_.find(service, client);
    if (const RealServer<F>* server = led_to(service, held)) {
      if (!holds_.renew(service, client, *held) && !is_last) continue;
      // Another server does not know the client; another port of it will do.
      if (is_ambiguous(*server, packet, Closing::kMakesWay)) {
        why_not = DropReason::kAmbiguousTuple;
        return {};
      }
      if (!service.one_packet) connections_.claim_anyway(server->slot);
      return {.server = server, .is_led = true};
    }
    const Choice choice = choose_by_schedule(service, packet, why_not);
    if (choice.server == nullptr) return choice;
    const uint32_t ruling = holds_.agree(service, client, choice.server->slot, held);
    if (ruling == choice.server->slot || is_last) return choice;
    give_back(service, packet, choice);
  }
}

template <class F>
void Path<F>::give_back(const VirtualService<F>& service, const Packet& packet,
                        const Choice& choice) {
  if (choice.turn) turns_.put_back(service.slot, *choice.turn);
  if (choice.reserved) {
    connections_.unreserve(choice.server->slot, first_state(packet));
  } else if (!service.one_packet) {
    connections_.disclaim(choice.server->slot);
  }
}

// Takes one of a server's places.
template <class F>
bool Path<F>::claim(const RealServer<F>& server) {
  if (server.upper_threshold == 0) return true;
  return !is_full_by_loads(server) && connections_.claim(server.slot);
}

// While some worker does not yet count the server's connections, all that are known of stand for
// them.
template <class F>
bool Path<F>::is_full_by_loads(const RealServer<F>& server) const {
  if (limits_.workers(server.slot) >= live_.loads.size()) [[likely]]
    return false;
  const scheduler::ServerLoad load = scheduler::LoadView(live_.loads).of(server.slot);
  return load.active + load.inactive >= server.upper_threshold;
}

template scheduler::Request Path<lb::V4>::request_for(const VirtualService<lb::V4>&, const Packet&,
                                                      uint64_t);
template scheduler::Picked Path<lb::V4>::pick(const VirtualService<lb::V4>&, const Packet&,
                                              std::optional<uint64_t>&);
template Path<lb::V4>::Choice Path<lb::V4>::choose(const VirtualService<lb::V4>&, const Packet&,
                                                   DropReason&);
template Path<lb::V4>::Choice Path<lb::V4>::choose_by_schedule(const VirtualService<lb::V4>&,
                                                               const Packet&, DropReason&);
template EntryIndex Path<lb::V4>::rival_at(const RealServer<lb::V4>&, const Packet&) const;
template void Path<lb::V4>::displace_rival(const RealServer<lb::V4>&, Packet&);
template Path<lb::V4>::Choice Path<lb::V4>::choose_by_client(const VirtualService<lb::V4>&,
                                                             const Packet&, DropReason&);
template void Path<lb::V4>::give_back(const VirtualService<lb::V4>&, const Packet&, const Choice&);
template bool Path<lb::V4>::claim(const RealServer<lb::V4>&);
template bool Path<lb::V4>::is_full_by_loads(const RealServer<lb::V4>&) const;

}  // namespace dataplane
