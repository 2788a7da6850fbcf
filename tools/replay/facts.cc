#include "tools/replay/facts.h"

#include <nlohmann/json.hpp>

#include "conf/write.h"
#include "control/health_facts.h"
#include "control/quorum.h"
#include "control/table_facts.h"
#include "control/worker_explanation.h"

namespace replay {

control::InfoFacts Facts::info() {
  control::InfoFacts info;
  info.version = LBD_VERSION;
  info.uptime_seconds = run_.seconds();
  info.started_unix = run_.started() / kNanosecondsPerSecond;
  info.config_file = config_file_;
  info.workers = 1;
  info.connection_entries = run_.worker().connections().table().size();
  info.connection_capacity = run_.config().connections.capacity;
  info.mbufs_in_use = run_.buffers_in_use();
  info.mbufs_total = run_.buffers_in_use();
  info.connections_reclaimed = run_.worker().reader_counters().reclaimed.reader_get();
  info.answers_given = run_.worker().reader_counters().answers.reader_get();
  info.answers_suppressed = run_.worker().reader_counters().suppressed.reader_get();
  info.client_holds_capacity = run_.persistence().capacity();
  info.client_holds_displaced = run_.persistence().displaced();
  return info;
}

control::Rates Facts::rates_of(const control::Traffic& totals) const {
  if (run_.seconds() <= 0) return {};
  const auto rate = [&](uint64_t total) { return static_cast<double>(total) / run_.seconds(); };
  return {rate(totals.connections), rate(totals.packets_in), rate(totals.packets_out),
          rate(totals.bytes_in), rate(totals.bytes_out)};
}

std::vector<control::ServiceFacts> Facts::services() {
  std::vector<control::ServiceFacts> result;
  for (size_t i = 0; i < run_.config().services.size(); ++i) {
    const conf::Service& configured = run_.config().services[i];
    const control::Roster::Service& entry = *run_.roster().find(control::key_of(configured));
    control::ServiceFacts& facts =
        result.emplace_back(control::service_facts(configured, run_.refused(entry.slot)));
    const auto facts_of = [&](const conf::Server& server) {
      const uint32_t slot = entry.servers.at(server.address).slot;
      control::ServerFacts of_one =
          control::server_facts(server, run_.load(slot), control::totals_of(run_.traffic(slot)));
      of_one.rates = rates_of(of_one.totals);
      facts.totals += of_one.totals;
      return of_one;
    };
    for (const conf::Server& server : configured.servers) facts.servers.push_back(facts_of(server));
    if (configured.sorry_server) facts.sorry_server = facts_of(*configured.sorry_server);
    facts.sorry_server_serves = control::sorry_server_serves(configured, entry);
    facts.quorum = entry.quorum.value_or(true);
    facts.rates = rates_of(facts.totals);
  }
  control::count_persistent_clients(run_.persistence(), run_.tick(), run_.roster(), result);
  return result;
}

// Nobody is checked, but quorums have been judged by weights.
control::HealthFacts Facts::health() {
  control::HealthFacts facts;
  for (const conf::Service& service : run_.config().services) {
    facts.services.push_back(
        control::quorum_facts(service, *run_.roster().find(control::key_of(service))));
  }
  return facts;
}

std::vector<control::InterfaceFacts> Facts::interfaces() {
  std::vector<control::InterfaceFacts> result;
  for (size_t i = 0; i < run_.config().interfaces.size(); ++i) {
    const conf::Interface& configured = run_.config().interfaces[i];
    const Run::Counts& counts = run_.counts(i);
    control::InterfaceFacts& facts = result.emplace_back();
    facts.name = configured.name;
    facts.devices = configured.devices;
    facts.mac = run_.link(i).mac;
    facts.addresses = configured.addresses;
    facts.mtu = configured.mtu;
    facts.link_up = true;
    facts.rx_packets = counts.received;
    facts.rx_bytes = counts.received_bytes;
    facts.tx_packets = counts.sent;
    facts.tx_bytes = counts.sent_bytes;
  }
  return result;
}

// The worker answers between its bursts, and here it turns only when told to.
control::Wait Facts::turn_while_asked() {
  return [this](unsigned) {
    run_.turn();
    return true;
  };
}

std::vector<control::NeighbourFacts> Facts::neighbours() {
  return control::list_neighbours(run_.workers(), run_.config(), turn_while_asked());
}

std::vector<control::WorkerFacts> Facts::workers() {
  control::WorkerFacts facts = control::worker_facts(run_.worker().reader_counters());
  facts.steering = "ring";
  return {facts};
}

std::vector<control::DropFacts> Facts::drops() {
  std::vector<control::DropFacts> result = control::drop_facts(run_.workers());
  for (control::DropFacts& drop : result) {
    if (run_.seconds() > 0) drop.rate = static_cast<double>(drop.count) / run_.seconds();
  }
  return result;
}

control::TimeoutFacts Facts::timeouts() { return control::timeout_facts(run_.config().timeouts); }

nlohmann::json Facts::config() { return conf::to_json(run_.config()); }

std::expected<control::ConnectionPage, std::string> Facts::connections(
    const control::ConnectionQuery& query) {
  return control::list_connections(run_.workers(), run_.persistence(), run_.config(), run_.roster(),
                                   query, turn_while_asked());
}

std::expected<control::Explanation, std::string> Facts::explain(
    const control::ExplainQuery& query) {
  return control::explain(
      {run_.workers(), run_.snapshot(), run_.config(), run_.roster(), run_.loads(), run_.limits()},
      query, turn_while_asked());
}

}  // namespace replay
