#include "tools/replay/facts.h"

#include <nlohmann/json.hpp>

#include "conf/write.h"
#include "control/inspect.h"
#include "dataplane/methods.h"

namespace replay {
namespace {

std::string_view state_text(dataplane::NeighbourState state) {
  using enum dataplane::NeighbourState;
  switch (state) {
    case kStatic:
      return "static";
    case kIncomplete:
      return "incomplete";
    case kReachable:
      return "reachable";
    case kProbing:
      return "probing";
    case kFailed:
    case kFree:
      break;
  }
  return "failed";
}

}  // namespace

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
  return info;
}

control::Rates Facts::rates_of(const control::Traffic& totals) const {
  if (run_.seconds() <= 0) return {};
  const auto rate = [&](uint64_t total) { return static_cast<double>(total) / run_.seconds(); };
  return {rate(totals.connections), rate(totals.packets_in), rate(totals.packets_out),
          rate(totals.bytes_in), rate(totals.bytes_out)};
}

control::ServerFacts Facts::server(size_t service, size_t server) const {
  const conf::Server& configured = run_.config().services[service].servers[server];
  const uint32_t slot = run_.slots().servers[service][server];
  const lb::Traffic& traffic = run_.traffic(slot);
  control::ServerFacts facts;
  facts.address = configured.address;
  facts.forward = configured.forward;
  facts.weight = configured.weight;
  facts.state = "ready";
  facts.health = "unchecked";
  facts.active_connections = run_.load(slot).active.reader_get();
  facts.inactive_connections = run_.load(slot).inactive.reader_get();
  facts.totals = {traffic.connections.reader_get(), traffic.packets_in.reader_get(),
                  traffic.packets_out.reader_get(), traffic.bytes_in.reader_get(),
                  traffic.bytes_out.reader_get()};
  facts.rates = rates_of(facts.totals);
  return facts;
}

std::vector<control::ServiceFacts> Facts::services() {
  std::vector<control::ServiceFacts> result;
  for (size_t i = 0; i < run_.config().services.size(); ++i) {
    const conf::Service& configured = run_.config().services[i];
    control::ServiceFacts& facts = result.emplace_back();
    facts.name = configured.name;
    facts.protocol = configured.protocol;
    facts.address = configured.address;
    facts.scheduler = configured.scheduler;
    facts.forward = configured.forward;
    facts.refused = run_.refused(run_.slots().services[i]);
    for (size_t j = 0; j < configured.servers.size(); ++j) {
      facts.servers.push_back(server(i, j));
      facts.totals += facts.servers.back().totals;
    }
    facts.rates = rates_of(facts.totals);
  }
  return result;
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

// Of control::Wait: the worker answers between its bursts, and here it turns only when told to.
bool Facts::turn_while_asked(unsigned) {
  run_.turn();
  return true;
}

std::vector<control::NeighbourFacts> Facts::neighbours() {
  std::vector<control::NeighbourFacts> result;
  const auto inspected = control::inspect_neighbours(
      run_.worker(), [this](unsigned tries) { return turn_while_asked(tries); });
  if (!inspected) return result;
  for (const dataplane::Neighbour<lb::V4>& neighbour : inspected->neighbours) {
    control::NeighbourFacts& facts = result.emplace_back();
    facts.interface = run_.config().interfaces[neighbour.link].name;
    facts.address = lb::IpAddress(neighbour.address);
    if (neighbour.usable()) facts.mac = neighbour.header.destination;
    facts.state = state_text(neighbour.state);
    if (neighbour.usable() && neighbour.state != dataplane::NeighbourState::kStatic) {
      facts.confirmed_seconds_ago =
          static_cast<double>(inspected->now - neighbour.confirmed) / lb::kTicksPerSecond;
    }
  }
  return result;
}

std::vector<control::WorkerFacts> Facts::workers() {
  control::WorkerFacts facts;
  facts.connections = run_.worker().connections().table().size();
  facts.packets = run_.worker().reader_counters().packets.reader_get();
  facts.steering = "ring";
  return {facts};
}

std::vector<control::DropFacts> Facts::drops() {
  const dataplane::WorkerCounters& counters = run_.worker().reader_counters();
  std::vector<control::DropFacts> result;
  for (size_t i = 0; i < lb::kDropReasons; ++i) {
    const lb::DropReasonText& text = lb::kDropReasonTexts[i];
    result.push_back(
        {std::string(text.name), std::string(text.description), counters.drops[i].reader_get()});
  }
  return result;
}

control::TimeoutFacts Facts::timeouts() {
  const conf::Timeouts& seconds = run_.config().timeouts;
  return {seconds.tcp, seconds.tcp_fin, seconds.udp};
}

nlohmann::json Facts::config() { return conf::to_json(run_.config()); }

std::expected<control::ConnectionPage, std::string> Facts::connections(
    const control::ConnectionQuery& query) {
  control::ConnectionFilter filter;
  filter.limit = query.limit;
  filter.client_port = query.client_port;
  if (query.client) {
    if (!query.client->is_ipv4()) return std::unexpected("IPv6 is not supported yet");
    filter.client = query.client->ipv4();
  }
  for (size_t i = 0; query.service && i < run_.config().services.size(); ++i) {
    if (run_.config().services[i].name == *query.service) filter.service = run_.slots().services[i];
  }
  if (query.service && !filter.service) {
    return std::unexpected("no service named \"" + *query.service + "\"");
  }
  const auto inspected = control::inspect_connections(
      run_.worker(), filter, [this](unsigned tries) { return turn_while_asked(tries); });
  if (!inspected) return std::unexpected(inspected.error());
  control::ConnectionPage page;
  page.complete = inspected->complete;
  for (const lb::Connection<lb::V4>& entry : inspected->entries) {
    control::ConnectionFacts& facts = page.connections.emplace_back();
    facts.protocol = entry.protocol;
    facts.state = lb::to_string(entry.state);
    facts.client = entry.outside.to_endpoint();
    facts.virtual_address = entry.virtual_end.to_endpoint();
    facts.server = entry.inside.to_endpoint();
    facts.service = entry.from_inside ? "masquerade" : run_.config().services[entry.service].name;
    facts.forward = dataplane::methods<lb::V4>()[entry.method].name;
    const lb::Tick deadline = entry.stamp + run_.timeouts()[static_cast<size_t>(entry.state)];
    if (lb::before(inspected->now, deadline)) {
      facts.expires_seconds = static_cast<double>(deadline - inspected->now) / lb::kTicksPerSecond;
    }
  }
  return page;
}

}  // namespace replay
