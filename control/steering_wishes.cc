#include "control/steering_wishes.h"

#include "dataplane/methods.h"

namespace control {
namespace {

bool overlap(const lb::Prefix& one, const lb::Prefix& other) {
  return one.contains(other.address) || other.contains(one.address);
}

}  // namespace

SteeringWishes steering_wishes(const conf::Config& config,
                               const dataplane::Snapshot<lb::V4>& snapshot) {
  SteeringWishes wishes;
  wishes.interfaces.resize(config.interfaces.size());
  for (const auto& service : snapshot.services) {
    if (!service) continue;
    std::optional<lb::Be16> port;
    if (service->end.port != lb::Be16(0)) port = service->end.port;
    wishes.destinations.push_back({service->end.address, service->protocol, port});
    for (const auto& server : service->servers) {
      if (!dataplane::methods<lb::V4>()[server.method].replies_seen) continue;
      const lb::Route<lb::V4>* route = snapshot.routes.find(server.end.address);
      if (route != nullptr) wishes.interfaces[route->interface].from_inside = true;
    }
  }
  for (const auto& rule : snapshot.masquerade.rules()) {
    for (const lb::Protocol protocol : {lb::Protocol::kTcp, lb::Protocol::kUdp}) {
      wishes.destinations.push_back({rule.address, protocol, {}});
    }
    for (size_t i = 0; i < config.interfaces.size(); ++i) {
      for (const lb::Prefix& prefix : config.interfaces[i].addresses) {
        if (overlap(rule.source, prefix.network())) wishes.interfaces[i].from_inside = true;
      }
    }
  }
  for (const conf::Route& route : config.routes) {
    const lb::Route<lb::V4>* way = snapshot.routes.find(route.gateway.ipv4());
    if (way == nullptr) continue;
    bool to_sources = false;
    for (const auto& rule : snapshot.masquerade.rules()) {
      to_sources =
          to_sources || (route.destination.length > 0 && overlap(rule.source, route.destination));
    }
    // A route may lead to clients; one that leads to masqueraded hosts carries what they send, too.
    wishes.interfaces[way->interface].from_outside = true;
    if (to_sources) wishes.interfaces[way->interface].from_inside = true;
  }
  // Where no server is, clients are; where there is one, clients on the same wire are the
  // exception, and their packets are handed over.
  for (InterfaceSides& sides : wishes.interfaces) {
    if (!sides.from_inside) sides.from_outside = true;
  }
  return wishes;
}

}  // namespace control
