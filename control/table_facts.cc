#include "control/table_facts.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "control/build_snapshot.h"
#include "control/service_names.h"
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

// What stands for a service of connections that have none.
constexpr const char* kMasqueraded = "masquerade";

using Ends = dataplane::ConnectionInspection::Ends;

std::expected<Ends, std::string> ends_of(const ConnectionQuery::Ends& asked) {
  Ends ends;
  if (asked.address) {
    if (!asked.address->is_ipv4()) return std::unexpected("IPv6 is not supported yet");
    ends.address = asked.address->ipv4();
  }
  if (asked.port) ends.port = lb::Be16(*asked.port);
  return ends;
}

std::expected<ConnectionFilter, std::string> filter_of(const ConnectionQuery& query,
                                                       const conf::Config& config,
                                                       const Roster& roster) {
  ConnectionFilter filter;
  filter.limit = query.limit;
  const auto server = ends_of(query.server), client = ends_of(query.client);
  if (!server || !client) return std::unexpected((server ? client : server).error());
  filter.server = *server;
  filter.client = *client;
  if (!query.service) return filter;
  for (const conf::Service& service : config.services) {
    if (!service.is_called(*query.service)) continue;
    filter.service = roster.find(key_of(service))->slot;
    return filter;
  }
  if (*query.service == kMasqueraded) {
    filter.service = kMasqueradeService;
    return filter;
  }
  return std::unexpected(no_such_service(*query.service, config.services, &conf::Service::name));
}

// LVS's templates, after the connections: those of services and servers that there are.
class HoldLister {
 public:
  HoldLister(const ConnectionFilter& filter, const conf::Config& config, const Roster& roster)
      : filter_(filter), config_(config) {
    for (size_t i = 0; i < config.services.size(); ++i) {
      const Roster::Service& entry = *roster.find(key_of(config.services[i]));
      services_[entry.slot] = i;
      for (size_t j = 0; j < config.services[i].servers.size(); ++j) {
        servers_[entry.servers.at(config.services[i].servers[j].address).slot] = {i, j};
      }
    }
  }

  void list(const lb::Persistence& persistence, lb::Tick now, ConnectionPage& page) const {
    persistence.visit([&](const lb::Persistence::Hold& hold) {
      if (!lb::before(now, hold.ends)) return;
      const auto facts = facts_of(hold, now);
      if (!facts) return;
      if (filter_.limit && page.connections.size() >= *filter_.limit) {
        page.complete = false;
      } else {
        page.connections.push_back(*facts);
      }
    });
  }

 private:
  std::optional<ConnectionFacts> facts_of(const lb::Persistence::Hold& hold, lb::Tick now) const {
    const auto service = services_.find(lb::V4::service_of_key(hold.client));
    const auto server = servers_.find(hold.server);
    if (service == services_.end() || server == servers_.end()) return std::nullopt;
    const conf::Service& configured = config_.services[service->second];
    const lb::Ipv4Address client = lb::V4::client_of_key(hold.client);
    if (filter_.service && *filter_.service != service->first) return std::nullopt;
    if (const auto& asked = filter_.client; asked.address) {
      const uint32_t mask = configured.persistence_netmask.ipv4().bits.value();
      const bool meant = (asked.address->bits.value() & mask) == client.bits.value();
      if (!meant || asked.port) return std::nullopt;
    }
    const auto& [of_service, position] = server->second;
    // What is left of another service that had the slot.
    if (of_service != service->second) return std::nullopt;
    const conf::Server& to = config_.services[of_service].servers[position];
    if (!filter_.server.have(lb::End<lb::V4>::from(to.address))) return std::nullopt;
    ConnectionFacts facts;
    facts.protocol = configured.protocol;
    facts.state = hold.assured ? "ASSURED" : "NONE";
    facts.client = {lb::IpAddress(client), 0};
    facts.virtual_address = configured.address;
    facts.server = to.address;
    facts.service = configured.name;
    facts.forward = to.forward;
    facts.expires_seconds = static_cast<double>(hold.ends - now) / lb::kTicksPerSecond;
    return facts;
  }

  const ConnectionFilter& filter_;
  const conf::Config& config_;
  std::unordered_map<uint32_t, size_t> services_;                    // by slot
  std::unordered_map<uint32_t, std::pair<size_t, size_t>> servers_;  // by slot
};

bool knows_better(const NeighbourFacts& one, const NeighbourFacts& other) {
  if (one.mac.has_value() != other.mac.has_value()) return one.mac.has_value();
  return one.confirmed_seconds_ago < other.confirmed_seconds_ago;
}

}  // namespace

ConnectionFacts connection_facts(const lb::Connection<lb::V4>& entry, lb::Tick now,
                                 const lb::Timeouts& timeouts, const Roster& roster) {
  ConnectionFacts facts;
  facts.protocol = entry.protocol;
  facts.state = lb::to_string(entry.state);
  facts.client = entry.outside.to_endpoint();
  facts.virtual_address = entry.virtual_end.to_endpoint();
  facts.server = entry.inside.to_endpoint();
  const Roster::Service* service = roster.at(entry.service);
  if (entry.from_inside) {
    facts.service = kMasqueraded;
    facts.masqueraded = true;
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

NeighbourFacts neighbour_facts(const dataplane::Neighbour<lb::V4>& neighbour, lb::Tick now,
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

std::vector<NeighbourFacts> list_neighbours(Workers workers, const conf::Config& config,
                                            const Wait& wait) {
  std::map<std::pair<uint16_t, lb::Ipv4Address>, NeighbourFacts> best;
  for (dataplane::Worker* worker : workers) {
    const auto inspected = inspect_neighbours(*worker, wait);
    if (!inspected) continue;
    for (const dataplane::Neighbour<lb::V4>& neighbour : inspected->neighbours) {
      NeighbourFacts facts = neighbour_facts(neighbour, inspected->now, config);
      const auto [known, fresh] = best.try_emplace({neighbour.link, neighbour.address}, facts);
      if (!fresh && knows_better(facts, known->second)) known->second = std::move(facts);
    }
  }
  std::vector<NeighbourFacts> result;
  for (auto& [key, facts] : best) result.push_back(std::move(facts));
  return result;
}

std::expected<ConnectionPage, std::string> list_connections(
    Workers workers, const lb::Persistence& persistence, const conf::Config& config,
    const Roster& roster, const ConnectionQuery& query, const Wait& wait) {
  auto filter = filter_of(query, config, roster);
  if (!filter) return std::unexpected(filter.error());
  const lb::Timeouts timeouts = timeouts_of(config.timeouts);
  ConnectionPage page;
  lb::Tick now = 0;
  for (dataplane::Worker* worker : workers) {
    if (query.limit) filter->limit = *query.limit - page.connections.size();
    const auto inspected = inspect_connections(*worker, *filter, wait);
    if (!inspected) return std::unexpected(inspected.error());
    page.complete = page.complete && inspected->complete;
    now = inspected->now;
    page.connections.reserve(page.connections.size() + inspected->entries.size());
    for (const lb::Connection<lb::V4>& entry : inspected->entries) {
      page.connections.push_back(connection_facts(entry, inspected->now, timeouts, roster));
    }
  }
  if (query.client_holds) {
    filter->limit = query.limit;
    HoldLister(*filter, config, roster).list(persistence, now, page);
  }
  return page;
}

}  // namespace control
