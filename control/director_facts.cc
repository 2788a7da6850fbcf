// The part of the director that answers what it is asked.
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "conf/keys.h"
#include "conf/write.h"
#include "control/director.h"
#include "control/health_facts.h"
#include "control/quorum.h"
#include "control/table_facts.h"
#include "control/worker_explanation.h"

namespace control {

InfoFacts Director::info() {
  InfoFacts info;
  info.version = LBD_VERSION;
  info.uptime_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  info.started_unix = started_unix_;
  info.config_file = running_.config_file;
  info.pid = static_cast<uint32_t>(getpid());
  info.workers = static_cast<uint32_t>(running_.engine->workers().size());
  for (const dataplane::Worker* worker : running_.engine->workers()) {
    const dataplane::WorkerCounters& counters = worker->reader_counters();
    info.connection_entries += counters.connections.reader_get();
    info.answers_given += counters.answers.reader_get();
    info.answers_suppressed += counters.suppressed.reader_get();
  }
  info.connection_capacity = running_.config.connections.capacity;
  info.connections_reclaimed = full_table().reclaimed;
  info.mbufs_in_use = running_.engine->buffers().in_use();
  info.mbufs_total = running_.engine->buffers().total();
  info.vips = conf::to_string(running_.vips);
  info.last_reload = running_.last_reload;
  info.client_holds_capacity = running_.engine->persistence().capacity();
  info.client_holds_displaced = running_.engine->persistence().displaced();
  return info;
}

ServerFacts Director::facts_of(const conf::Server& configured, uint32_t slot) const {
  ServerFacts facts =
      server_facts(configured, running_.engine->load(slot), running_.tally->totals(slot));
  facts.rates = running_.tally->rates(slot);
  return facts;
}

ServerFacts Director::facts_of(const conf::Server& configured, const Roster::Server& member) const {
  ServerFacts facts = facts_of(configured, member.slot);
  facts.health = health::to_string(member.health);
  return facts;
}

// All but its servers that stay.
ServiceFacts Director::facts_of(const conf::ServiceSettings& configured,
                                const Roster::Service& entry) const {
  ServiceFacts facts = service_facts(configured, running_.tally->refused(entry.slot));
  facts.totals = entry.departed;
  const auto now = std::chrono::steady_clock::now();
  for (const auto& [address, server] : entry.servers) {
    if (!server.leaving) continue;
    ServerFacts& leaving = facts.leaving.emplace_back(facts_of(server.leaving->last, server.slot));
    if (server.leaving->deadline) {
      const std::chrono::duration<double> left = *server.leaving->deadline - now;
      leaving.deadline_seconds = std::max(0.0, left.count());
    }
    facts.totals += leaving.totals;
    facts.rates += leaving.rates;
  }
  for (const Roster::Server& server : entry.cut_off) {
    facts.totals += running_.tally->totals(server.slot);
  }
  std::ranges::sort(facts.leaving, {}, &ServerFacts::address);
  return facts;
}

std::vector<ServiceFacts> Director::services() {
  std::vector<ServiceFacts> result;
  for (const conf::Service& configured : running_.config.services) {
    const Roster::Service& entry = *running_.roster.find(key_of(configured));
    ServiceFacts& facts = result.emplace_back(facts_of(configured, entry));
    entry.visit(configured, [&](const conf::Server& server, const Roster::Server& member) {
      const ServerFacts& added = facts.servers.emplace_back(facts_of(server, member));
      facts.totals += added.totals;
      facts.rates += added.rates;
    });
    facts.quorum = entry.quorum.value_or(true);
    facts.sorry_server_serves = sorry_server_serves(configured, entry);
    if (configured.sorry_server) {
      const Roster::Server& member = entry.servers.at(configured.sorry_server->address);
      facts.sorry_server = facts_of(*configured.sorry_server, member);
      facts.totals += facts.sorry_server->totals;
      facts.rates += facts.sorry_server->rates;
    }
  }
  count_persistent_clients(running_.engine->persistence(), running_.engine->now(), running_.roster,
                           result);
  return result;
}

std::vector<ServiceFacts> Director::leaving_services() {
  std::vector<ServiceFacts> result;
  for (const auto& [key, entry] : running_.roster.services()) {
    if (!entry.leaving) continue;
    result.push_back(facts_of(entry.last, entry));
    result.back().deleted = true;
  }
  return result;
}

std::vector<InterfaceFacts> Director::interfaces() {
  std::vector<InterfaceFacts> result;
  for (size_t i = 0; i < running_.config.interfaces.size(); ++i) {
    const conf::Interface& configured = running_.config.interfaces[i];
    InterfaceFacts& facts = result.emplace_back();
    facts.name = configured.name;
    facts.devices = configured.devices;
    facts.mac = running_.engine->ports_of(i).front()->mac();
    facts.addresses = configured.addresses;
    facts.mtu = configured.mtu;
    facts.link_up = link_up_[i].value_or(false);
    if (twins_ && configured.kernel_interface) {
      const TwinCounters counters = twins_->counters(i);
      facts.kernel_interface = configured.kernel_interface;
      facts.to_kernel = counters.to_kernel;
      facts.from_kernel = counters.from_kernel;
      facts.kernel_dropped = counters.dropped + running_.engine->kernel_dropped(i);
    }
    std::set<unsigned> netdevs;  // each tells what all its ports have missed
    for (const dataplane::Port* port : running_.engine->ports_of(i)) {
      const dataplane::PortCounters counters = port->counters();
      const dataplane::Netdev* netdev = port->shared_netdev();
      const bool tells_more = netdev == nullptr || netdevs.insert(netdev->index()).second;
      facts.rx_packets += counters.rx_packets;
      facts.rx_bytes += counters.rx_bytes;
      if (tells_more) facts.rx_missed += counters.rx_missed;
      facts.rx_errors += counters.rx_errors;
      facts.rx_no_mbuf += counters.rx_no_mbuf;
      facts.tx_packets += counters.tx_packets;
      facts.tx_bytes += counters.tx_bytes;
      facts.tx_errors += counters.tx_errors;
    }
  }
  return result;
}

std::vector<WorkerFacts> Director::workers() {
  std::vector<WorkerFacts> result;
  for (size_t i = 0; i < running_.engine->workers().size(); ++i) {
    WorkerFacts& facts =
        result.emplace_back(worker_facts(running_.engine->workers()[i]->reader_counters()));
    facts.lcore = running_.engine->lcore(i);
    facts.busy = busy_[i].ratio();
    facts.steering = std::string(running_.engine->steering());
  }
  return result;
}

std::vector<DropFacts> Director::drops() {
  std::vector<DropFacts> result = drop_facts(running_.engine->workers());
  for (size_t i = 0; i < lb::kDropReasons; ++i) {
    if (twins_) result[i].count += twins_->drops(static_cast<lb::DropReason>(i));
    result[i].rate = drop_rates_[i].per_second();
  }
  return result;
}

TimeoutFacts Director::timeouts() { return timeout_facts(running_.config.timeouts); }

HealthFacts Director::health() { return health_facts(running_); }

nlohmann::json Director::config() { return conf::to_json(running_.config); }

std::vector<NeighbourFacts> Director::neighbours() {
  return list_neighbours(running_.engine->workers(), running_.config, patient_wait);
}

std::expected<ConnectionPage, std::string> Director::connections(const ConnectionQuery& query) {
  return list_connections(running_.engine->workers(), running_.engine->persistence(),
                          running_.config, running_.roster, query, patient_wait);
}

std::expected<Explanation, std::string> Director::explain(const ExplainQuery& query) {
  const Engine& engine = *running_.engine;
  auto explanation = control::explain({engine.workers(), engine.snapshot(), running_.config,
                                       running_.roster, engine.loads(), engine.limits()},
                                      query, patient_wait);
  if (explanation) explanation->lcore = engine.lcore(explanation->worker);
  return explanation;
}

}  // namespace control
