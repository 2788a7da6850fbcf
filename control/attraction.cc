#include "control/attraction.h"

#include <algorithm>
#include <set>

namespace control {

bool attracts(const conf::Service& service) {
  return std::ranges::any_of(service.servers, [](const conf::Server& server) {
    return server.state == conf::ServerState::kReady && server.weight > 0;
  });
}

std::vector<lb::IpAddress> attracting_vips(const std::vector<conf::Service>& services,
                                           conf::Vips vips) {
  std::set<lb::IpAddress> result;
  if (vips == conf::Vips::kStandby) return {};
  for (const conf::Service& service : services) {
    if (service.announce && attracts(service)) result.insert(service.address.address);
  }
  return {result.begin(), result.end()};
}

}  // namespace control
