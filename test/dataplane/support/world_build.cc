// What a world is made of: services, snapshots and workers, of what its Setup says.
#include <algorithm>

#include "scheduler/table.h"
#include "test/dataplane/support/world.h"

namespace dataplane_test {
namespace {

using lb::V4;

lb::Ipv4Address address_of(const std::string& text) {
  return lb::IpAddress::parse(text).value().ipv4();
}

lb::End<V4> end_of(const std::string& text) {
  return lb::End<V4>::from(lb::Endpoint::parse(text).value());
}

// LVS's, as in the configuration's defaults.
lb::Timeouts default_timeouts() {
  lb::Timeouts timeouts{};
  const auto set = [&](lb::State state, lb::Tick seconds) {
    timeouts[static_cast<size_t>(state)] = seconds * lb::kTicksPerSecond;
  };
  set(lb::State::kEstablished, 900);
  set(lb::State::kSynSent, 120);
  set(lb::State::kSynRecv, 60);
  set(lb::State::kFinWait, 120);
  set(lb::State::kTimeWait, 120);
  set(lb::State::kClose, 10);
  set(lb::State::kCloseWait, 60);
  set(lb::State::kUdp, 300);
  set(lb::State::kIcmp, 30);
  return timeouts;
}

}  // namespace

dataplane::VirtualService<V4> World::build_service(const ServiceSetup& setup) {
  dataplane::VirtualService<V4> service;
  service.protocol = lb::parse_protocol(setup.protocol).value();
  service.end = end_of(setup.address);
  const std::string name = setup.name();
  service.slot = slot_of(service_slots_, name);
  std::vector<scheduler::Server> candidates;
  for (const ServerSetup& server : setup.servers) {
    const uint32_t slot = slot_of(server_slots_, name + " " + server.address);
    service.servers.push_back({end_of(server.address), slot,
                               dataplane::find_method(server.forward).value(), server.weight > 0,
                               server.upper_threshold, server.lower_threshold});
    candidates.push_back(
        {.slot = slot, .weight = server.weight, .limited = server.upper_threshold > 0});
  }
  service.holds = {setup.persistence_timeout * lb::kTicksPerSecond,
                   address_of(setup.persistence_netmask), setup.expire_quiescent_template};
  service.one_packet = setup.one_packet;
  service.sloppy_tcp = setup.sloppy_tcp;
  service.index_by_slot();
  service.plan = scheduler::find(setup.scheduler)->compile(candidates, {});
  service.closed = setup.closed;
  return service;
}

std::vector<dataplane::Link> World::build_links() const {
  std::vector<dataplane::Link> links;
  for (const LinkSetup& setup : setup_.links) {
    dataplane::Link& link = links.emplace_back();
    link.mac = mac_of_link(setup.name);
    link.mtu = setup.mtu;
    for (const std::string& text : setup.addresses) {
      link.addresses.push_back(lb::Prefix::parse(text).value());
    }
  }
  return links;
}

std::unique_ptr<const dataplane::Snapshot<V4>> World::build_snapshot() {
  auto snapshot = std::make_unique<dataplane::Snapshot<V4>>();
  snapshot->timeouts = default_timeouts();
  for (const auto& [state, seconds] : setup_.timeouts) {
    snapshot->timeouts[static_cast<size_t>(state)] = seconds * lb::kTicksPerSecond;
  }
  snapshot->routing_version = setup_.routing_version;
  snapshot->links = build_links();
  std::vector<lb::Ipv4Address> own, kernels, elsewhere;
  std::vector<lb::Route<V4>> routes;
  for (uint32_t i = 0; i < snapshot->links.size(); ++i) {
    for (const lb::Prefix& prefix : snapshot->links[i].addresses) {
      own.push_back(prefix.address.ipv4());
      if (kernel_ && kernel_->has_twin(static_cast<uint16_t>(i))) kernels.push_back(own.back());
      routes.push_back({prefix.network(), i, {}});
    }
  }
  for (const RouteSetup& route : setup_.routes) {
    routes.push_back({lb::Prefix::parse(route.destination).value(), link_number(route.link),
                      address_of(route.gateway)});
  }
  snapshot->services.resize(kSlots);
  for (const ServiceSetup& setup : setup_.services) {
    auto service = std::make_shared<dataplane::VirtualService<V4>>(build_service(setup));
    (setup_.standby ? elsewhere : own).push_back(service->end.address);
    snapshot->services[service->slot] = std::move(service);
  }
  dataplane::index_services(*snapshot, key_);
  snapshot->set_own(std::move(own));
  snapshot->kernels = dataplane::AddressSet<V4>(std::move(kernels));
  snapshot->standby = setup_.standby;
  snapshot->elsewhere = dataplane::AddressSet<V4>(std::move(elsewhere));
  snapshot->routes = lb::RouteTable<V4>(std::move(routes));
  std::vector<dataplane::MasqueradeRule<V4>> rules;
  for (const MasqueradeSetup& rule : setup_.masquerade) {
    const uint16_t link = link_number(rule.link);
    rules.push_back({lb::Prefix::parse(rule.source).value(), link,
                     snapshot->links[link].addresses.front().address.ipv4(), rule.first_port,
                     rule.last_port});
  }
  snapshot->masquerade = dataplane::Masquerade<V4>(std::move(rules));
  return snapshot;
}

void World::build_workers() {
  using Pool = lb::ConnectionPool<V4>;
  pool_ = std::make_unique<Pool>(
      take(Pool::bytes_for(Pool::entries_for(setup_.capacity, setup_.workers)), entries_));
  persistence_ = std::make_unique<lb::Persistence>(
      take(lb::Persistence::bytes_for(setup_.capacity), clients_), key_);
  std::vector<std::span<std::byte>> rings;
  for (dataplane::WorkerNumber i = 0; i < setup_.workers; ++i) {
    Own& own = *own_.emplace_back(std::make_unique<Own>());
    rings.push_back(take(dataplane::Mesh::bytes_for(setup_.workers), own.rings));
  }
  mesh_ = std::make_unique<dataplane::Mesh>(rings);
  for (dataplane::WorkerNumber i = 0; i < setup_.workers; ++i) build_worker(i);
}

void World::build_worker(dataplane::WorkerNumber number) {
  faces_.push_back(std::make_unique<Face>(*this, number));
  std::vector<dataplane::LinkWay> links;
  for (const LinkSetup& link : setup_.links) {
    // Every other worker has no queue of its own and sends by another's.
    const auto other = static_cast<dataplane::WorkerNumber>(links.size() % setup_.workers);
    links.push_back({link.multi_segment, number % 2 == 0 ? number : other});
  }
  std::vector<dataplane::StaticNeighbour> neighbours;
  for (const HostSetup& host : setup_.hosts) {
    neighbours.push_back({link_number(host.link), address_of(host.address), mac_of(host.address)});
  }
  Own& own = *own_[number];
  workers_.push_back(std::make_unique<dataplane::Worker>(dataplane::WorkerParts{
      .number = number,
      .owner = dataplane::OwnerFunction::keyed(setup_.workers),
      .mesh = *mesh_,
      .io = *faces_.back(),
      .links = links,
      .answer_limit = answer_limit_,
      .pool = *pool_,
      .bucket_memory = take(lb::ConnectionTable<V4>::bytes_for(setup_.capacity), own.buckets),
      .key = key_,
      .figures = figures_,
      .persistence = *persistence_,
      .snapshot = snapshot_,
      .neighbours = neighbours,
      .kernel = kernel_.get()}));
}

std::unique_ptr<dataplane::KernelExchange> World::build_kernel() const {
  constexpr uint16_t kLargestFrame = 1522;
  if (setup_.twins.empty()) return nullptr;
  std::vector<bool> twins;
  for (const LinkSetup& link : setup_.links) {
    twins.push_back(std::ranges::find(setup_.twins, link.name) != setup_.twins.end());
  }
  return std::make_unique<dataplane::KernelExchange>(twins, setup_.workers, kLargestFrame);
}

}  // namespace dataplane_test
