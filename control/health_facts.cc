#include "control/health_facts.h"

#include "control/quorum.h"

namespace control {

QuorumFacts quorum_facts(const conf::Service& service, const Roster::Service& entry) {
  QuorumFacts quorum;
  quorum.service = service.name;
  quorum.derived_name = service.derived_name();
  quorum.present = entry.quorum.value_or(true);
  quorum.weight = live_weight(service, entry);
  quorum.quorum = service.quorum;
  quorum.hysteresis = service.quorum_hysteresis;
  if (service.sorry_server) quorum.sorry_server = service.sorry_server->address;
  quorum.sorry_server_serves = sorry_server_serves(service, entry);
  return quorum;
}

HealthFacts health_facts(const Running& running) {
  HealthFacts facts;
  for (const conf::Service& service : running.config.services) {
    facts.services.push_back(quorum_facts(service, *running.roster.find(key_of(service))));
  }
  if (running.monitor == nullptr) return facts;
  facts.checks = running.monitor->facts();
  for (CheckFacts& check : facts.checks) {
    for (CheckFacts::Server& server : check.servers) {
      server.service_name = running.roster.find({server.protocol, server.service})->last.name;
    }
  }
  return facts;
}

}  // namespace control
