#include "control/slots.h"

namespace control {

Slots assign_slots(const conf::Config& config) {
  Slots slots;
  uint32_t next_service = 0;
  uint32_t next_server = 0;
  for (const conf::Service& service : config.services) {
    slots.services.push_back(next_service++);
    std::vector<uint32_t>& servers = slots.servers.emplace_back();
    for (size_t i = 0; i < service.servers.size(); ++i) servers.push_back(next_server++);
  }
  return slots;
}

}  // namespace control
