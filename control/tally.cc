#include "control/tally.h"

namespace control {

Tally::Server& Tally::server(uint32_t slot) {
  if (servers_.size() <= slot) servers_.resize(slot + 1);
  return servers_[slot];
}

void Tally::restart_server(uint32_t slot) { server(slot) = {sources_.traffic(slot), {}}; }

void Tally::restart_service(uint32_t slot) {
  if (refused_base_.size() <= slot) refused_base_.resize(slot + 1);
  refused_base_[slot] = sources_.refused(slot);
}

Traffic Tally::totals(uint32_t server_slot) const {
  Traffic totals = sources_.traffic(server_slot);
  if (server_slot < servers_.size()) totals -= servers_[server_slot].base;
  return totals;
}

Rates Tally::rates(uint32_t server_slot) const {
  return server_slot < servers_.size() ? servers_[server_slot].rate.rates() : Rates{};
}

uint64_t Tally::refused(uint32_t service_slot) const {
  const uint64_t base = service_slot < refused_base_.size() ? refused_base_[service_slot] : 0;
  return sources_.refused(service_slot) - base;
}

void Tally::tick(const Roster& roster) {
  for (const auto& [key, service] : roster.services()) {
    for (const auto& [address, member] : service.servers) {
      server(member.slot).rate.tick(totals(member.slot));
    }
  }
}

}  // namespace control
