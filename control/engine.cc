#include "control/engine.h"

#include <sys/random.h>

#include <algorithm>
#include <map>

#include "control/buffer_count.h"
#include "control/build_snapshot.h"
#include "control/log.h"
#include "control/steering_wishes.h"
#include "control/worker_facts.h"

namespace control {
namespace {

// What EAL, queues and drivers take besides tables and buffers.
constexpr size_t kEalBytes = size_t{64} << 20;

lb::HashKey random_key() {
  uint64_t random[2];
  // 16 bytes never come in parts (getrandom(2)), and the pool is seeded long before lbd starts.
  if (getrandom(random, sizeof random, 0) != sizeof random) {
    return {0x243f6a8885a308d3, 0x13198a2e03707344};
  }
  return {random[0], random[1]};
}

// Queues of one wire have one address. What comes to another's, its NIC alone would know.
std::optional<std::string> why_no_queues_of_one(const conf::Interface& interface,
                                                std::span<const dataplane::Port* const> ports) {
  for (size_t i = 1; i < ports.size(); ++i) {
    if (ports[i]->mac() == ports[0]->mac()) continue;
    return fmt::format(
        "interface {}: its devices are no queues of one wire: {} has the MAC address {}, {} has {}",
        interface.name, interface.devices[0], ports[0]->mac().to_string(), interface.devices[i],
        ports[i]->mac().to_string());
  }
  return std::nullopt;
}

void log_dpdk(int syslog_level, std::string_view line) {
  // EAL calls its progress "info"; to an operator it is detail.
  if (syslog_level <= 3) {
    log::warning("DPDK: {}", line);
  } else {
    log::debug("DPDK: {}", line);
  }
}

}  // namespace

std::expected<std::unique_ptr<Engine>, dataplane::StartError> Engine::start(
    const conf::Config& config, const Roster& roster,
    const std::vector<std::string>& eal_arguments) {
  std::unique_ptr<Engine> engine(new Engine(config, roster));
  auto result = engine->start_eal(eal_arguments);
  for (const auto step :
       {&Engine::open_ports, &Engine::take_memory, &Engine::make_workers, &Engine::start_loops}) {
    if (result) result = (engine.get()->*step)();
  }
  if (!result) {
    if (engine->eal_) engine->eal_->abandon();
    return std::unexpected(result.error());
  }
  engine->log_start();
  return engine;
}

Engine::Engine(const conf::Config& config, const Roster& roster)
    : config_(config),
      roster_(roster),
      key_(random_key()),
      persistence_memory_(
          lb::Persistence::bytes_for(static_cast<uint32_t>(config.connections.capacity))) {
  for (const conf::Interface& interface : config.interfaces) {
    largest_mtu_ = std::max(largest_mtu_, static_cast<uint16_t>(interface.mtu));
  }
}

size_t Engine::entry_bytes(dataplane::WorkerNumber workers) const {
  using Pool = lb::ConnectionPool<lb::V4>;
  return Pool::bytes_for(
      Pool::entries_for(static_cast<uint32_t>(config_.connections.capacity), workers));
}

// Of one worker's index: for twice its share, since shares are never equal. One that gets more than
// that chains its buckets.
size_t Engine::bucket_bytes(dataplane::WorkerNumber workers) const {
  const uint64_t capacity = config_.connections.capacity;
  const uint64_t share = std::min(capacity, 2 * (capacity / workers + 1));
  return lb::ConnectionTable<lb::V4>::bytes_for(static_cast<uint32_t>(share));
}

Engine::Step Engine::start_eal(const std::vector<std::string>& eal_arguments) {
  dataplane::EalRequest request;
  request.arguments = config_.eal;
  request.arguments.insert(request.arguments.end(), eal_arguments.begin(), eal_arguments.end());
  request.devices = all_devices(config_);
  const auto workers =
      std::max<dataplane::WorkerNumber>(dataplane::count_workers(request.arguments), 1);
  const uint32_t buffers = buffer_count(config_, workers);
  const size_t tables = entry_bytes(workers) +
                        workers * (bucket_bytes(workers) + dataplane::Mesh::bytes_for(workers));
  request.bytes = tables + kEalBytes + dataplane::BufferPool::bytes_for(buffers, largest_mtu_);
  request.least_bytes = tables + dataplane::BufferPool::least_bytes_for(buffers, largest_mtu_);
  request.table_bytes = tables;
  request.log = log_dpdk;
  auto eal = dataplane::Eal::start(request);
  if (!eal) return std::unexpected(eal.error());
  eal_.emplace(std::move(*eal));
  return {};
}

Engine::Step Engine::open_ports() {
  for (const conf::Interface& interface : config_.interfaces) {
    for (const std::string& device : interface.devices) {
      if (const auto why = dataplane::Port::why_missing(device)) {
        return std::unexpected("interface " + interface.name + ": " + *why);
      }
    }
  }
  auto buffers = dataplane::BufferPool::create(buffer_count(config_, worker_count()), largest_mtu_,
                                               all_devices(config_));
  if (!buffers) return std::unexpected(buffers.error());
  buffers_.emplace(std::move(*buffers));
  ports_.reserve(all_devices(config_).size());  // ports_of_ points to them
  for (uint16_t i = 0; i < config_.interfaces.size(); ++i) {
    const conf::Interface& interface = config_.interfaces[i];
    auto& ports = ports_of_.emplace_back();
    for (const std::string& device : interface.devices) {
      auto port = dataplane::Port::start(device, static_cast<uint16_t>(interface.mtu), *buffers_,
                                         worker_count());
      if (!port) return std::unexpected("interface " + interface.name + ": " + port.error());
      if (port->hides_tags()) {
        log::warning(
            "interface {}: device \"{}\" takes VLAN tags out and cannot leave it (ethtool -K … "
            "rxvlan "
            "off): frames of other VLANs, where the switch sends any, look like untagged ones",
            interface.name, device);
      }
      if (interface.kernel_interface && !port->take_groups()) {
        log::warning(
            "interface {}: device \"{}\" takes no frames to group addresses: what speaks by them, "
            "as "
            "VRRP and OSPF do, hears nothing on {}",
            interface.name, device, *interface.kernel_interface);
      }
      port_queues_.push_back({i, port->receive_queues(), port->transmit_queues()});
      ports.push_back(&ports_.emplace_back(std::move(*port)));
    }
    if (auto why = why_no_queues_of_one(interface, ports)) return std::unexpected(*why);
    links_.emplace_back().mac = ports.front()->mac();
  }
  worker_queues_ = dataplane::assign_queues(
      port_queues_, static_cast<dataplane::LinkNumber>(links_.size()), worker_count());
  return {};
}

// What comes by a queue that no port serves goes to the kernel.
void Engine::warn_of_other_queues() const {
  for (size_t i = 0; i < ports_of_.size(); ++i) {
    std::map<unsigned, std::pair<const dataplane::Netdev*, uint32_t>> served;  // by its number
    for (const dataplane::Port* port : ports_of_[i]) {
      const dataplane::Netdev* netdev = port->shared_netdev();
      if (netdev == nullptr) continue;
      auto& [same, queues] = served[netdev->index()];
      same = netdev;
      queues += port->receive_queues();
    }
    for (const auto& [number, of_netdev] : served) {
      const auto& [netdev, ours] = of_netdev;
      const uint32_t queues = netdev->receive_queues().value_or(0);
      if (ours >= queues) continue;
      log::warning(
          "interface {}: its netdev has {} receive queues, and lbd serves {}: what comes by others "
          "goes to the kernel. Have a vdev for each in \"eal\", or fewer of them (ethtool -L)",
          config_.interfaces[i].name, queues, ours);
    }
  }
}

Engine::Step Engine::take_memory() {
  auto entries = dataplane::Memory::take(entry_bytes(worker_count()), "connections");
  if (!entries) return std::unexpected(entries.error());
  entry_memory_ = std::move(*entries);
  pool_.emplace(entry_memory_.bytes());
  std::vector<std::span<std::byte>> rings;
  for (size_t i = 0; i < worker_count(); ++i) {
    Own& own = *own_.emplace_back(std::make_unique<Own>());
    const int socket = dataplane::Eal::socket_of(lcore(i));
    auto buckets =
        dataplane::Memory::take(bucket_bytes(worker_count()), "connection index", socket);
    if (!buckets) return std::unexpected(buckets.error());
    own.buckets = std::move(*buckets);
    if (worker_count() > 1) {
      auto memory = dataplane::Memory::take(dataplane::Mesh::bytes_for(worker_count()),
                                            "rings between workers", socket);
      if (!memory) return std::unexpected(memory.error());
      own.rings = std::move(*memory);
    }
    rings.push_back(own.rings.bytes());
  }
  mesh_.emplace(rings);
  return {};
}

Engine::Step Engine::make_workers() {
  snapshot_.emplace(worker_count(), build_snapshot(config_, roster_, links_, key_));
  persistence_.emplace(persistence_memory_.span(), key_);
  agree_on_steering();
  make_kernel_exchange();
  figures_.emplace(worker_count(), kServiceSlots, kServerSlots);
  uint32_t queues = 0;
  for (const dataplane::PortQueues& port : port_queues_) queues += port.receive;
  const dataplane::Waits waits = waits_for(buffers_->total(), queues, worker_count());
  for (dataplane::WorkerNumber i = 0; i < worker_count(); ++i) {
    Own& own = *own_[i];
    own.io.emplace(ports_, worker_queues_[i], *buffers_);
    std::vector<dataplane::LinkWay> ways;
    for (size_t link = 0; link < links_.size(); ++link) {
      ways.push_back({std::ranges::all_of(ports_of_[link], &dataplane::Port::multi_segment),
                      worker_queues_[i].transmitter[link]});
    }
    own.worker.emplace(dataplane::WorkerParts{
        .number = i,
        .owner = owner_,
        .mesh = *mesh_,
        .io = *own.io,
        .links = std::move(ways),
        .answer_limit = answer_limit_,
        .pool = *pool_,
        .bucket_memory = own.buckets.bytes(),
        .key = key_,
        .figures = *figures_,
        .persistence = *persistence_,
        .snapshot = *snapshot_,
        .neighbours = static_neighbours(config_),
        .kernel = kernel(),
        .waits = waits,
    });
    worker_pointers_.push_back(&*own.worker);
  }
  return {};
}

void Engine::make_kernel_exchange() {
  constexpr uint32_t kFrameOverhead = sizeof(dataplane::EthernetHeader) + 8;  // two VLAN tags
  std::vector<bool> twins;
  uint32_t largest = 0;
  for (const conf::Interface& interface : config_.interfaces) {
    twins.push_back(interface.kernel_interface.has_value());
    if (twins.back()) largest = std::max(largest, interface.mtu + kFrameOverhead);
  }
  if (largest > 0) kernel_.emplace(twins, worker_count(), static_cast<uint16_t>(largest));
}

std::vector<dataplane::WorkerNumber> Engine::senders() const {
  std::vector<dataplane::WorkerNumber> result;
  for (size_t link = 0; link < links_.size(); ++link) {
    // Each worker knows one: it may be itself.
    result.push_back(worker_queues_.front().transmitter[link]);
  }
  return result;
}

uint64_t Engine::kernel_dropped(size_t interface) const {
  uint64_t sum = 0;
  for (const dataplane::Worker* worker : worker_pointers_) {
    sum += worker->reader_kernel().reader_dropped(static_cast<dataplane::LinkNumber>(interface));
  }
  return sum;
}

void Engine::agree_on_steering() {
  if (worker_count() == 1) return;
  const SteeringWishes wishes = steering_wishes(config_, snapshot_->current());
  const std::vector<std::string> names = all_devices(config_);
  std::vector<dataplane::SteeredPort> steered;
  for (size_t i = 0; i < ports_.size(); ++i) {
    const InterfaceSides& sides = wishes.interfaces[port_queues_[i].link];
    auto& device =
        steering_devices_.emplace_back(std::make_unique<dataplane::EthSteering>(ports_[i].id()));
    steered.push_back({names[i], device.get(), sides.from_outside, sides.from_inside});
  }
  const dataplane::Agreement agreement =
      dataplane::agree_on_steering(worker_count(), steered, wishes.destinations);
  owner_ = agreement.owner;
  steering_ = dataplane::to_string(dataplane::SteeringKind::kFlow);
  for (const dataplane::PortSteering& port : agreement.ports) {
    if (port.kind != dataplane::SteeringKind::kFlow) steering_ = dataplane::to_string(port.kind);
    if (!port.why_ring.empty()) log::notice("steering by rings: {}", port.why_ring);
  }
}

Engine::Step Engine::start_loops() {
  clock_.emplace();
  for (size_t i = 0; i < own_.size(); ++i) {
    dataplane::IdlePolicy idle;
    if (dataplane::Eal::shares_cpu(lcore(i))) idle.yield_every = 1;
    idle.sleep_us = config_.idle.sleep_us;
    idle.after_polls = config_.idle.after_polls;
    loops_.push_back(std::make_unique<dataplane::Loop>(*own_[i]->worker, *clock_, lcore(i), idle));
    if (auto started = loops_.back()->start(); !started) return started;
  }
  return {};
}

uint64_t Engine::publish(std::unique_ptr<const Snapshot> next) {
  snapshot_->publish(std::move(next));
  return ++publications_;
}

uint64_t Engine::settled() { return publications_ - snapshot_->collect(); }

Traffic Engine::traffic(uint32_t server_slot) const { return totals_of(*figures_, server_slot); }

scheduler::ServerLoad Engine::load(uint32_t server_slot) const {
  return figures_->load(server_slot);
}

uint64_t Engine::refused(uint32_t service_slot) const { return figures_->refused(service_slot); }

lb::Tick Engine::now() const { return clock_->now(); }

void Engine::log_start() const {
  const dataplane::WorkerNumber workers = worker_count();
  log::notice("{} connections in {} MB, {} mbufs in {} MB{}", config_.connections.capacity,
              (entry_bytes(workers) + workers * bucket_bytes(workers)) >> 20, buffers_->total(),
              buffers_->bytes() >> 20,
              dataplane::Eal::has_hugepages() ? ", of hugepages" : ", without hugepages");
  std::vector<std::string> queues;
  for (size_t i = 0; i < config_.interfaces.size(); ++i) {
    const conf::Interface& interface = config_.interfaces[i];
    log::notice("interface {}: {}, {}, mtu {}", interface.name, fmt::join(interface.devices, ", "),
                links_[i].mac.to_string(), interface.mtu);
    uint32_t count = 0;
    for (const dataplane::Port* port : ports_of_[i]) count += port->receive_queues();
    queues.push_back(fmt::format("{} of {}", count, interface.name));
  }
  std::vector<std::string> lcores;
  for (size_t i = 0; i < workers; ++i) {
    lcores.push_back(
        fmt::format("lcore {} on CPU {}", lcore(i), dataplane::Eal::cpus_of(lcore(i))));
  }
  log::notice("{} worker{} ({}); receive queues: {}; steering: {}; {} service{}", workers,
              workers == 1 ? "" : "s", fmt::join(lcores, ", "), fmt::join(queues, ", "),
              workers == 1 ? "not needed" : steering(), config_.services.size(),
              config_.services.size() == 1 ? "" : "s");
  warn_of_distance();
  warn_of_other_queues();
}

void Engine::warn_of_distance() const {
  for (size_t i = 0; i < own_.size(); ++i) {
    const int socket = dataplane::Eal::socket_of(lcore(i));
    for (size_t link = 0; link < links_.size(); ++link) {
      for (const dataplane::QueueNumber& queue : worker_queues_[i].receive[link]) {
        const int other = ports_[queue.port].socket();
        if (other < 0 || other == socket) continue;
        log::warning(
            "interface {}: its port is on NUMA node {}, the worker on lcore {} that polls "
            "it on node {}: give \"eal\" lcores of the port's node",
            config_.interfaces[link].name, other, lcore(i), socket);
      }
    }
  }
}

}  // namespace control
