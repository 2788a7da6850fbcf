// The part of the path that chooses a server where more than the scheduler has a say: clients that
// hold to one, and thresholds.
#include "dataplane/path.h"

namespace dataplane {

using lb::DropReason;

// As LVS does (ip_vs_sched_persist): a client that holds to a server is led to it whatever its
// load, and whatever its weight unless the service says otherwise. Where several workers see a new
// client at the same time, all take the server of the one that was first.
template <class F>
Path<F>::Choice Path<F>::choose_by_client(const VirtualService<F>& service, const Packet& packet,
                                          DropReason& why_not) {
  // Each further try is for a hold that another worker has changed in between.
  constexpr int kTries = 4;
  const auto client = packet.source.address;
  Choice choice;
  for (int tries = 0; tries < kTries; ++tries) {
    const std::optional<uint32_t> held = holds_.find(service, client);
    if (const RealServer<F>* server = led_to(service, held)) {
      if (!holds_.renew(service, client, *held)) continue;
      // Another server does not know the client; another port of it will do.
      if (is_ambiguous(*server, packet)) {
        why_not = DropReason::kAmbiguousTuple;
        return {};
      }
      if (!service.one_packet) connections_.claim_anyway(server->slot);
      return {server};
    }
    choice = choose_by_schedule(service, packet, why_not);
    if (choice.server == nullptr) return choice;
    const uint32_t ruling = holds_.agree(service, client, choice.server->slot, held);
    if (ruling == choice.server->slot || tries + 1 == kTries) break;
    give_back(service, packet, choice);
  }
  return choice;
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

template Path<lb::V4>::Choice Path<lb::V4>::choose_by_client(const VirtualService<lb::V4>&,
                                                             const Packet&, DropReason&);
template void Path<lb::V4>::give_back(const VirtualService<lb::V4>&, const Packet&, const Choice&);
template bool Path<lb::V4>::claim(const RealServer<lb::V4>&);
template bool Path<lb::V4>::is_full_by_loads(const RealServer<lb::V4>&) const;

}  // namespace dataplane
