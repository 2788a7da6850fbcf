#include "control/worker_facts.h"

#include <algorithm>
#include <unordered_map>

#include "conf/keys.h"

namespace control {

Traffic totals_of(const lb::Traffic& live) {
  return {live.connections.reader_get(), live.packets_in.reader_get(),
          live.packets_out.reader_get(), live.bytes_in.reader_get(), live.bytes_out.reader_get()};
}

Traffic totals_of(const dataplane::Figures& figures, uint32_t server_slot) {
  Traffic sum;
  for (dataplane::WorkerNumber i = 0; i < figures.workers(); ++i) {
    sum += totals_of(figures.traffic(i, server_slot));
  }
  return sum;
}

ServerFacts server_facts(const conf::Server& configured, const scheduler::ServerLoad& load,
                         const Traffic& totals) {
  ServerFacts facts;
  facts.address = configured.address;
  facts.forward = configured.forward;
  facts.weight = configured.weight;
  facts.state = conf::to_string(configured.state);
  facts.health = "unchecked";
  facts.active_connections = static_cast<uint32_t>(load.active);
  facts.inactive_connections = static_cast<uint32_t>(load.inactive);
  facts.upper_threshold = configured.upper_threshold;
  facts.lower_threshold = configured.lower_threshold;
  facts.totals = totals;
  return facts;
}

ServiceFacts service_facts(const conf::ServiceSettings& configured, uint64_t refused) {
  ServiceFacts facts;
  facts.name = configured.name;
  facts.protocol = configured.protocol;
  facts.address = configured.address;
  facts.scheduler = configured.scheduler;
  facts.forward = configured.forward;
  facts.scheduler_options = configured.scheduler_options;
  facts.persistence_timeout = configured.persistence_timeout;
  facts.persistence_netmask = configured.persistence_netmask;
  facts.one_packet = configured.one_packet;
  facts.refused = refused;
  return facts;
}

std::vector<DropFacts> drop_facts(Workers workers) {
  std::vector<DropFacts> result;
  for (size_t i = 0; i < lb::kDropReasons; ++i) {
    const lb::DropReasonText& text = lb::kDropReasonTexts[i];
    uint64_t count = 0;
    for (const dataplane::Worker* worker : workers) {
      count += worker->reader_counters().drops[i].reader_get();
    }
    result.push_back({std::string(text.name), std::string(text.description), count});
  }
  return result;
}

WorkerFacts worker_facts(const dataplane::WorkerCounters& counters) {
  WorkerFacts facts;
  facts.connections = counters.connections.reader_get();
  facts.packets = counters.packets.reader_get();
  for (size_t i = 0; i < dataplane::kHandoverReasons; ++i) {
    const uint64_t count = counters.handed_over[i].reader_get();
    facts.handed_over += count;
    facts.handed_over_by_reason[dataplane::kHandoverReasonNames[i]] = count;
  }
  facts.taken_over = counters.taken_over.reader_get();
  facts.ring_fill =
      static_cast<double>(counters.fullest_ring.reader_get()) / (dataplane::Mesh::kRingSize - 1);
  return facts;
}

TimeoutFacts timeout_facts(const conf::Timeouts& seconds) {
  return {seconds.tcp, seconds.tcp_fin, seconds.udp};
}

void count_persistent_clients(const lb::Persistence& persistence, lb::Tick now,
                              const Roster& roster, std::vector<ServiceFacts>& services) {
  const auto is_persistent = [](const ServiceFacts& facts) {
    return facts.persistence_timeout > 0;
  };
  if (std::ranges::none_of(services, is_persistent)) return;
  std::unordered_map<uint64_t, uint32_t> clients;  // by slots of service and server
  persistence.visit([&](const lb::Persistence::Hold& hold) {
    const uint32_t service = lb::V4::service_of_key(hold.client);
    if (lb::before(now, hold.ends)) ++clients[uint64_t{service} << 32 | hold.server];
  });
  for (ServiceFacts& service : services) {
    const Roster::Service& entry = *roster.find({service.protocol, service.address});
    for (ServerFacts& server : service.servers) {
      const uint32_t slot = entry.servers.at(server.address).slot;
      const auto found = clients.find(uint64_t{entry.slot} << 32 | slot);
      if (found != clients.end()) server.persistent_clients = found->second;
    }
  }
}

}  // namespace control
