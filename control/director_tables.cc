// The part of the director that asks workers for their tables.
#include <nlohmann/json.hpp>

#include "conf/write.h"
#include "control/director.h"
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

}  // namespace

nlohmann::json Director::config() { return conf::to_json(config_); }

std::vector<NeighbourFacts> Director::neighbours() {
  std::vector<NeighbourFacts> result;
  const auto inspected = inspect_neighbours(engine_->worker(), patient_wait);
  if (!inspected) return result;
  for (const dataplane::Neighbour<lb::V4>& neighbour : inspected->neighbours) {
    NeighbourFacts& facts = result.emplace_back();
    facts.interface = config_.interfaces[neighbour.link].name;
    facts.address = lb::IpAddress(neighbour.address);
    if (neighbour.usable()) facts.mac = neighbour.header.destination;
    facts.state = state_text(neighbour, inspected->now);
    if (neighbour.usable() && neighbour.state != dataplane::NeighbourState::kStatic) {
      facts.confirmed_seconds_ago =
          static_cast<double>(inspected->now - neighbour.confirmed) / lb::kTicksPerSecond;
    }
  }
  return result;
}

std::expected<ConnectionFilter, std::string> Director::filter_of(
    const ConnectionQuery& query) const {
  ConnectionFilter filter;
  filter.limit = query.limit;
  filter.client_port = query.client_port;
  if (query.client) {
    if (!query.client->is_ipv4()) return std::unexpected("IPv6 is not supported yet");
    filter.client = query.client->ipv4();
  }
  if (!query.service) return filter;
  std::string known;
  for (size_t i = 0; i < config_.services.size(); ++i) {
    if (config_.services[i].name == *query.service) {
      filter.service = engine_->slots().services[i];
      return filter;
    }
    known += (known.empty() ? "" : ", ") + config_.services[i].name;
  }
  return std::unexpected("no service named \"" + *query.service +
                         "\"; there are: " + (known.empty() ? "none" : known));
}

ConnectionFacts Director::connection_facts(const lb::Connection<lb::V4>& entry,
                                           lb::Tick now) const {
  ConnectionFacts facts;
  facts.protocol = entry.protocol;
  facts.state = lb::to_string(entry.state);
  facts.client = entry.outside.to_endpoint();
  facts.virtual_address = entry.virtual_end.to_endpoint();
  facts.server = entry.inside.to_endpoint();
  facts.service = entry.from_inside ? "masquerade" : config_.services[entry.service].name;
  facts.forward = dataplane::methods<lb::V4>()[entry.method].name;
  const lb::Tick deadline = entry.stamp + engine_->timeouts()[static_cast<size_t>(entry.state)];
  if (lb::before(now, deadline)) {
    facts.expires_seconds = static_cast<double>(deadline - now) / lb::kTicksPerSecond;
  }
  return facts;
}

std::expected<ConnectionPage, std::string> Director::connections(const ConnectionQuery& query) {
  const auto filter = filter_of(query);
  if (!filter) return std::unexpected(filter.error());
  const auto inspected = inspect_connections(engine_->worker(), *filter, patient_wait);
  if (!inspected) return std::unexpected(inspected.error());
  ConnectionPage page;
  page.complete = inspected->complete;
  page.connections.reserve(inspected->entries.size());
  for (const lb::Connection<lb::V4>& entry : inspected->entries) {
    page.connections.push_back(connection_facts(entry, inspected->now));
  }
  return page;
}

}  // namespace control
