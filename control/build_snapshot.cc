#include "control/build_snapshot.h"

#include <algorithm>

#include "control/quorum.h"
#include "dataplane/methods.h"
#include "scheduler/table.h"

namespace control {
namespace {

using lb::V4;

// As schedulers see it: none takes new connections against the operator's word.
uint32_t weight_of(const conf::Server& server) {
  return server.state == conf::ServerState::kReady ? server.weight : 0;
}

// How far its slow start has come, in 256ths, from 1.
uint32_t ramp_of(const conf::Service& service, const Roster::Server& server, Roster::Time now) {
  constexpr uint32_t kWhole = scheduler::Server::kFullRamp;
  const auto whole = std::chrono::seconds(service.slow_start);
  if (now == Roster::Time::max() || now - server.accepts_since >= whole) return kWhole;
  const std::chrono::duration<double> passed = now - server.accepts_since;
  return std::max(1u, static_cast<uint32_t>(kWhole * passed.count() / service.slow_start));
}

// The file's validation has put in the defaults of what it leaves out.
scheduler::Options options_of(const scheduler::Entry& entry, const conf::Options& given) {
  scheduler::Options options;
  for (size_t i = 0; i < entry.options.size(); ++i) {
    const auto found = given.find(std::string(entry.options[i].name));
    const bool* value = found == given.end() ? nullptr : std::get_if<bool>(&found->second);
    if (value != nullptr ? *value : entry.options[i].preset) options.set(i);
  }
  return options;
}

dataplane::RealServer<V4> real_server(const conf::Server& server, const Roster::Server& member) {
  // Names were validated against the very tables that are searched here.
  return {lb::End<V4>::from(server.address),
          member.slot,
          dataplane::find_method(server.forward).value(),
          member.accepts,
          server.upper_threshold,
          server.lower_threshold};
}

// What was deleted and has time, of a service that keeps no connections to tell replies by.
void put_leaving(dataplane::VirtualService<V4>& service, const Roster::Service& entry) {
  if (!entry.last.one_packet) return;
  for (const auto& [address, member] : entry.servers) {
    if (!member.leaving || !member.leaving->had_time) continue;
    service.absent.push_back(real_server(member.leaving->last, member));
  }
}

// The same of what the file has and gets no packets now: servers that are down, or all while the
// sorry server serves, or that one.
void put_absent(dataplane::VirtualService<V4>& result, const conf::Service& service,
                const Roster::Service& entry, bool sorry) {
  if (!service.one_packet) return;
  entry.visit(service, [&](const conf::Server& server, const Roster::Server& member) {
    if (sorry || member.health == Health::kDown) {
      result.absent.push_back(real_server(server, member));
    }
  });
  if (service.sorry_server && !sorry) {
    const Roster::Server& member = entry.servers.at(service.sorry_server->address);
    result.absent.push_back(real_server(*service.sorry_server, member));
  }
}

std::shared_ptr<const dataplane::VirtualService<V4>> build_service(const conf::Service& service,
                                                                   const Roster::Service& entry,
                                                                   Roster::Time now) {
  auto result = std::make_shared<dataplane::VirtualService<V4>>();
  result->slot = entry.slot;
  result->protocol = service.protocol;
  result->end = lb::End<V4>::from(service.address);
  std::vector<scheduler::Server> candidates;
  const auto add = [&](const conf::Server& server, const Roster::Server& member) {
    if (member.health == Health::kDown) return;
    result->servers.push_back(real_server(server, member));
    candidates.push_back({.slot = member.slot,
                          .weight = weight_of(server),
                          .ramp = ramp_of(service, member, now),
                          .limited = server.upper_threshold > 0,
                          .last_weight = member.last_weight,
                          .address = V4::fold(server.address.address.ipv4()),
                          .port = server.address.port});
  };
  // A server that is down is as one that is not there, but for its connections: clients that hold
  // to it find another, and tables of hashes move its share alone.
  const bool sorry = sorry_server_serves(service, entry);
  if (sorry) {
    add(*service.sorry_server, entry.servers.at(service.sorry_server->address));
  } else {
    entry.visit(service, add);
  }
  const scheduler::Entry& scheduler = *scheduler::find(service.scheduler);
  result->plan = scheduler.compile(candidates, options_of(scheduler, service.scheduler_options));
  result->holds = {service.persistence_timeout * lb::kTicksPerSecond,
                   service.persistence_netmask.ipv4(), service.expire_quiescent_template};
  result->one_packet = service.one_packet;
  result->sloppy_tcp = service.sloppy_tcp;
  put_absent(*result, service, entry, sorry);
  put_leaving(*result, entry);
  result->index_by_slot();
  return result;
}

std::shared_ptr<const dataplane::VirtualService<V4>> closed_service(const Roster::Service& entry) {
  auto result = std::make_shared<dataplane::VirtualService<V4>>();
  result->slot = entry.slot;
  result->protocol = entry.last.protocol;
  result->end = lb::End<V4>::from(entry.last.address);
  result->plan = scheduler::find("rr")->compile({});
  result->closed = true;
  put_leaving(*result, entry);
  return result;
}

// The interface on which a gateway is a neighbour; the file's check has made sure that there is
// one.
uint32_t interface_towards(const conf::Config& config, const lb::IpAddress& gateway) {
  for (uint32_t i = 0; i < config.interfaces.size(); ++i) {
    const conf::Interface& interface = config.interfaces[i];
    for (const lb::Prefix& prefix : interface.addresses) {
      if (prefix.contains(gateway)) return i;
    }
    for (const conf::Neighbour& neighbour : interface.neighbours) {
      if (neighbour.address == gateway) return i;
    }
  }
  return 0;
}

std::vector<lb::Route<V4>> build_routes(const conf::Config& config) {
  std::vector<lb::Route<V4>> routes;
  for (uint32_t i = 0; i < config.interfaces.size(); ++i) {
    for (const lb::Prefix& prefix : config.interfaces[i].addresses) {
      routes.push_back({prefix.network(), i, {}});
    }
    // A static neighbour is on the link even where no prefix says so.
    for (const conf::Neighbour& neighbour : config.interfaces[i].neighbours) {
      routes.push_back({{neighbour.address, V4::kAddressBits}, i, {}});
    }
  }
  for (const conf::Route& route : config.routes) {
    routes.push_back(
        {route.destination, interface_towards(config, route.gateway), route.gateway.ipv4()});
  }
  return routes;
}

dataplane::Masquerade<V4> build_masquerade(const conf::Config& config) {
  std::vector<dataplane::MasqueradeRule<V4>> rules;
  for (const conf::Masquerade& rule : config.masquerade) {
    for (uint32_t i = 0; i < config.interfaces.size(); ++i) {
      const conf::Interface& interface = config.interfaces[i];
      if (interface.name != rule.interface) continue;
      rules.push_back({rule.source, i, interface.addresses.front().address.ipv4(), rule.first_port,
                       rule.last_port});
    }
  }
  return dataplane::Masquerade<V4>(std::move(rules));
}

// `vips`: the services'.
void put_addresses(Snapshot& snapshot, const conf::Config& config,
                   std::vector<lb::Ipv4Address> vips) {
  std::vector<lb::Ipv4Address> own, kernels;
  for (const conf::Interface& interface : config.interfaces) {
    for (const lb::Prefix& prefix : interface.addresses) {
      own.push_back(prefix.address.ipv4());
      if (interface.kernel_interface) kernels.push_back(own.back());
    }
    for (const lb::IpAddress& address : interface.virtual_addresses) vips.push_back(address.ipv4());
  }
  snapshot.kernels = dataplane::AddressSet<V4>(std::move(kernels));
  if (snapshot.standby) {
    snapshot.set_own(std::move(own));
    std::erase_if(vips, [&](lb::Ipv4Address vip) { return snapshot.own.contains(vip); });
    snapshot.elsewhere = dataplane::AddressSet<V4>(std::move(vips));
  } else {
    own.insert(own.end(), vips.begin(), vips.end());
    snapshot.set_own(std::move(own));
    snapshot.elsewhere = {};
  }
}

void put(Snapshot& snapshot, std::shared_ptr<const dataplane::VirtualService<V4>> service) {
  const uint32_t slot = service->slot;
  if (snapshot.services.size() <= slot) snapshot.services.resize(slot + 1);
  snapshot.services[slot] = std::move(service);
}

}  // namespace

void put_service(Snapshot& snapshot, const conf::Service& service, const Roster& roster,
                 Roster::Time now) {
  put(snapshot, build_service(service, *roster.find(key_of(service)), now));
}

bool is_rising(const conf::Service& service, const Roster& roster, Roster::Time now) {
  if (service.slow_start == 0) return false;
  const Roster::Service& entry = *roster.find(key_of(service));
  bool rises = false;
  entry.visit(service, [&](const conf::Server&, const Roster::Server& member) {
    rises =
        rises || (member.accepts && ramp_of(service, member, now) < scheduler::Server::kFullRamp);
  });
  return rises;
}

void put_endpoints(Snapshot& snapshot, const conf::Config& config, const Roster& roster,
                   lb::HashKey key) {
  std::vector<lb::Ipv4Address> vips;
  for (auto& service : snapshot.services) {
    if (service && roster.at(service->slot) == nullptr) service.reset();
  }
  for (const auto& [service_key, entry] : roster.services()) {
    if (entry.leaving) put(snapshot, closed_service(entry));
    vips.push_back(service_key.address.address.ipv4());
  }
  dataplane::index_services(snapshot, key);
  put_addresses(snapshot, config, std::move(vips));
}

std::unique_ptr<Snapshot> build_snapshot(const conf::Config& config, const Roster& roster,
                                         std::vector<dataplane::Link> links, lb::HashKey key,
                                         Roster::Time now, std::optional<conf::Vips> vips) {
  auto snapshot = std::make_unique<Snapshot>();
  snapshot->standby = vips.value_or(config.vips) == conf::Vips::kStandby;
  for (size_t i = 0; i < config.interfaces.size(); ++i) {
    links[i].mtu = static_cast<uint16_t>(config.interfaces[i].mtu);
    links[i].addresses = config.interfaces[i].addresses;
  }
  snapshot->links = std::move(links);
  for (const conf::Service& service : config.services) put_service(*snapshot, service, roster, now);
  put_endpoints(*snapshot, config, roster, key);
  snapshot->routes = lb::RouteTable<V4>(build_routes(config));
  snapshot->masquerade = build_masquerade(config);
  snapshot->timeouts = timeouts_of(config.timeouts);
  return snapshot;
}

std::vector<dataplane::StaticNeighbour> static_neighbours(const conf::Config& config) {
  std::vector<dataplane::StaticNeighbour> result;
  for (uint16_t i = 0; i < config.interfaces.size(); ++i) {
    for (const conf::Neighbour& neighbour : config.interfaces[i].neighbours) {
      result.push_back({i, neighbour.address.ipv4(), neighbour.mac});
    }
  }
  return result;
}

lb::Timeouts timeouts_of(const conf::Timeouts& seconds) {
  lb::Timeouts timeouts{};
  const auto set = [&](lb::State state, uint32_t value) {
    timeouts[static_cast<size_t>(state)] = value * lb::kTicksPerSecond;
  };
  set(lb::State::kEstablished, seconds.tcp);
  set(lb::State::kSynSent, 120);
  set(lb::State::kSynRecv, seconds.tcp_syn_recv);
  set(lb::State::kFinWait, seconds.tcp_fin);
  set(lb::State::kTimeWait, seconds.tcp_time_wait);
  set(lb::State::kClose, seconds.tcp_close);
  set(lb::State::kCloseWait, seconds.tcp_close_wait);
  set(lb::State::kUdp, seconds.udp);
  set(lb::State::kIcmp, 30);
  return timeouts;
}

}  // namespace control
