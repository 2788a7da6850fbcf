#include "control/attraction.h"

#include <set>

#include "control/quorum.h"

namespace control {

bool attracts(const conf::Service& service, const Roster::Service& entry) {
  return entry.quorum.value_or(true) && live_weight(service, entry) > 0;
}

std::vector<lb::IpAddress> attracting_vips(const std::vector<conf::Service>& services,
                                           const Roster& roster, conf::Vips vips) {
  std::set<lb::IpAddress> result;
  if (vips == conf::Vips::kStandby) return {};
  for (const conf::Service& service : services) {
    if (service.announce && attracts(service, *roster.find(key_of(service)))) {
      result.insert(service.address.address);
    }
  }
  return {result.begin(), result.end()};
}

}  // namespace control
