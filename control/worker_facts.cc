#include "control/worker_facts.h"

#include <map>

#include "conf/keys.h"
#include "control/build_snapshot.h"
#include "dataplane/methods.h"

namespace control {
namespace {

std::string_view state_text(const dataplane::Neighbour<lb::V4>& neighbour, lb::Tick now) {
  using dataplane::NeighbourState;
  switch (neighbour.state) {
    case NeighbourState::kStatic:
      return "static";
    case NeighbourState::kIncomplete:
      return "incomplete";
    case NeighbourState::kReachable:
      return now - neighbour.confirmed > dataplane::Neighbours<lb::V4>::kReachableTime
                 ? "stale"
                 : "reachable";
    case NeighbourState::kProbing:
      return "probing";
    case NeighbourState::kFailed:
    case NeighbourState::kFree:
      break;
  }
  return "failed";
}

std::expected<ConnectionFilter, std::string> filter_of(const ConnectionQuery& query,
                                                       const conf::Config& config,
                                                       const Roster& roster) {
  ConnectionFilter filter;
  filter.limit = query.limit;
  filter.client_port = query.client_port;
  if (query.client) {
    if (!query.client->is_ipv4()) return std::unexpected("IPv6 is not supported yet");
    filter.client = query.client->ipv4();
  }
  if (!query.service) return filter;
  std::string known;
  for (size_t i = 0; i < config.services.size(); ++i) {
    if (config.services[i].name == *query.service) {
      filter.service = roster.find(key_of(config.services[i]))->slot;
      return filter;
    }
    known += (known.empty() ? "" : ", ") + config.services[i].name;
  }
  return std::unexpected("no service named \"" + *query.service +
                         "\"; there are: " + (known.empty() ? "none" : known));
}

ConnectionFacts facts_of(const lb::Connection<lb::V4>& entry, lb::Tick now,
                         const lb::Timeouts& timeouts, const Roster& roster) {
  ConnectionFacts facts;
  facts.protocol = entry.protocol;
  facts.state = lb::to_string(entry.state);
  facts.client = entry.outside.to_endpoint();
  facts.virtual_address = entry.virtual_end.to_endpoint();
  facts.server = entry.inside.to_endpoint();
  const Roster::Service* service = roster.at(entry.service);
  if (entry.from_inside) {
    facts.service = "masquerade";
  } else if (service != nullptr) {
    facts.service = service->last.name;
  }
  facts.forward = dataplane::methods<lb::V4>()[entry.method].name;
  const lb::Tick deadline = entry.stamp + timeouts[static_cast<size_t>(entry.state)];
  if (lb::before(now, deadline)) {
    facts.expires_seconds = static_cast<double>(deadline - now) / lb::kTicksPerSecond;
  }
  return facts;
}

NeighbourFacts facts_of(const dataplane::Neighbour<lb::V4>& neighbour, lb::Tick now,
                        const conf::Config& config) {
  NeighbourFacts facts;
  facts.interface = config.interfaces[neighbour.link].name;
  facts.address = lb::IpAddress(neighbour.address);
  if (neighbour.usable()) facts.mac = neighbour.header.destination;
  facts.state = state_text(neighbour, now);
  if (neighbour.usable() && neighbour.state != dataplane::NeighbourState::kStatic) {
    facts.confirmed_seconds_ago =
        static_cast<double>(now - neighbour.confirmed) / lb::kTicksPerSecond;
  }
  return facts;
}

bool knows_better(const NeighbourFacts& one, const NeighbourFacts& other) {
  if (one.mac.has_value() != other.mac.has_value()) return one.mac.has_value();
  return one.confirmed_seconds_ago < other.confirmed_seconds_ago;
}

}  // namespace

Traffic totals_of(const lb::Traffic& live) {
  return {live.connections.reader_get(), live.packets_in.reader_get(),
          live.packets_out.reader_get(), live.bytes_in.reader_get(), live.bytes_out.reader_get()};
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

ServiceFacts service_facts(const conf::Service& configured, uint64_t refused) {
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

std::vector<NeighbourFacts> neighbour_facts(Workers workers, const conf::Config& config,
                                            const Wait& wait) {
  std::map<std::pair<uint16_t, lb::Ipv4Address>, NeighbourFacts> best;
  for (dataplane::Worker* worker : workers) {
    const auto inspected = inspect_neighbours(*worker, wait);
    if (!inspected) continue;
    for (const dataplane::Neighbour<lb::V4>& neighbour : inspected->neighbours) {
      NeighbourFacts facts = facts_of(neighbour, inspected->now, config);
      const auto [known, fresh] = best.try_emplace({neighbour.link, neighbour.address}, facts);
      if (!fresh && knows_better(facts, known->second)) known->second = std::move(facts);
    }
  }
  std::vector<NeighbourFacts> result;
  for (auto& [key, facts] : best) result.push_back(std::move(facts));
  return result;
}

std::expected<ConnectionPage, std::string> connection_facts(Workers workers,
                                                            const conf::Config& config,
                                                            const Roster& roster,
                                                            const ConnectionQuery& query,
                                                            const Wait& wait) {
  auto filter = filter_of(query, config, roster);
  if (!filter) return std::unexpected(filter.error());
  const lb::Timeouts timeouts = timeouts_of(config.timeouts);
  ConnectionPage page;
  for (dataplane::Worker* worker : workers) {
    if (query.limit) filter->limit = *query.limit - page.connections.size();
    const auto inspected = inspect_connections(*worker, *filter, wait);
    if (!inspected) return std::unexpected(inspected.error());
    page.complete = page.complete && inspected->complete;
    page.connections.reserve(page.connections.size() + inspected->entries.size());
    for (const lb::Connection<lb::V4>& entry : inspected->entries) {
      page.connections.push_back(facts_of(entry, inspected->now, timeouts, roster));
    }
  }
  return page;
}

std::string event_text(const dataplane::Event& event, const conf::Config& config) {
  const std::string interface = "interface " + config.interfaces[event.link].name + ": ";
  const std::string address = lb::IpAddress(event.address).to_string();
  switch (event.kind) {
    case dataplane::Event::Kind::kNeighbourMoved:
      return interface + address + " moved from " + event.from.to_string() + " to " +
             event.to.to_string();
    case dataplane::Event::Kind::kNeighbourFailed:
      return interface + address + " does not answer ARP";
    case dataplane::Event::Kind::kPortsExhausted:
      return interface + "masquerade has no port left towards " + address;
    case dataplane::Event::Kind::kAddressConflict:
      break;
  }
  return interface + event.from.to_string() + " claims the director's address " + address;
}

}  // namespace control
