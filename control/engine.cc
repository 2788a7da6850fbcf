#include "control/engine.h"

#include <sys/random.h>

#include <algorithm>

#include "control/build_snapshot.h"
#include "control/log.h"

namespace control {
namespace {

// Per port: descriptors both ways, what net_af_xdp keeps besides (2,048 a queue), bursts under way.
constexpr uint32_t kBuffersPerPort = 8192;
constexpr uint32_t kBuffersBesides = 8192;
// What EAL, queues and drivers take besides tables and buffers.
constexpr size_t kEalBytes = size_t{64} << 20;
// Everything that a worker owns is for one; several workers share the director in a later version.
constexpr uint32_t kWorkers = 1;

lb::HashKey random_key() {
  lb::HashKey key;
  // 16 bytes never come in parts (getrandom(2)), and the pool is seeded long before lbd starts.
  if (getrandom(&key, sizeof key, 0) != sizeof key) key = {0x243f6a8885a308d3, 0x13198a2e03707344};
  return key;
}

void log_dpdk(int syslog_level, std::string_view line) {
  // EAL calls its progress "info"; to an operator it is detail.
  if (syslog_level <= 3) {
    log::warning("DPDK: {}", line);
  } else {
    log::debug("DPDK: {}", line);
  }
}

std::vector<std::string> all_devices(const conf::Config& config) {
  std::vector<std::string> devices;
  for (const conf::Interface& interface : config.interfaces) {
    devices.insert(devices.end(), interface.devices.begin(), interface.devices.end());
  }
  return devices;
}

}  // namespace

std::expected<std::unique_ptr<Engine>, std::string> Engine::start(
    const conf::Config& config, const std::vector<std::string>& eal_arguments) {
  std::unique_ptr<Engine> engine(new Engine(config));
  auto result = engine->start_eal(eal_arguments);
  for (const auto step : {&Engine::open_ports, &Engine::take_memory, &Engine::start_worker}) {
    if (result) result = (engine.get()->*step)();
  }
  if (!result) {
    if (engine->eal_) engine->eal_->abandon();
    return std::unexpected(result.error());
  }
  engine->log_start();
  return engine;
}

Engine::Engine(const conf::Config& config) : config_(config), slots_(assign_slots(config)) {
  const auto ports = static_cast<uint32_t>(all_devices(config).size());
  buffer_count_ = config.mbufs.value_or(kBuffersBesides + ports * kBuffersPerPort);
  for (const conf::Interface& interface : config.interfaces) {
    largest_mtu_ = std::max(largest_mtu_, static_cast<uint16_t>(interface.mtu));
  }
  const auto capacity = static_cast<uint32_t>(config.connections.capacity);
  entry_bytes_ = lb::ConnectionPool<lb::V4>::bytes_for(
      lb::ConnectionPool<lb::V4>::entries_for(capacity, kWorkers));
  bucket_bytes_ = lb::ConnectionTable<lb::V4>::bytes_for(capacity);
}

std::expected<void, std::string> Engine::start_eal(const std::vector<std::string>& eal_arguments) {
  dataplane::EalRequest request;
  request.arguments = config_.eal;
  request.arguments.insert(request.arguments.end(), eal_arguments.begin(), eal_arguments.end());
  request.devices = all_devices(config_);
  request.bytes = entry_bytes_ + bucket_bytes_ + kEalBytes +
                  dataplane::BufferPool::bytes_for(buffer_count_, largest_mtu_);
  request.log = log_dpdk;
  auto eal = dataplane::Eal::start(request);
  if (!eal) return std::unexpected(eal.error());
  eal_.emplace(std::move(*eal));
  return {};
}

std::expected<void, std::string> Engine::open_ports() {
  auto buffers = dataplane::BufferPool::create(buffer_count_, largest_mtu_);
  if (!buffers) return std::unexpected(buffers.error());
  buffers_.emplace(std::move(*buffers));
  for (uint16_t i = 0; i < config_.interfaces.size(); ++i) {
    const conf::Interface& interface = config_.interfaces[i];
    dataplane::Link& link = links_.emplace_back();
    for (const std::string& device : interface.devices) {
      auto port = dataplane::Port::start(device, static_cast<uint16_t>(interface.mtu), *buffers_);
      if (!port) return std::unexpected("interface " + interface.name + ": " + port.error());
      link.ports.push_back(static_cast<dataplane::PortNumber>(ports_.size()));
      worker_ports_.push_back({i, port->multi_segment()});
      ports_.push_back(std::move(*port));
    }
    link.mac = ports_[link.ports.front()].mac();
  }
  return {};
}

std::expected<void, std::string> Engine::take_memory() {
  auto entries = dataplane::Memory::take(entry_bytes_, "connections");
  if (!entries) return std::unexpected(entries.error());
  auto buckets = dataplane::Memory::take(bucket_bytes_, "connection index");
  if (!buckets) return std::unexpected(buckets.error());
  entry_memory_ = std::move(*entries);
  bucket_memory_ = std::move(*buckets);
  pool_.emplace(entry_memory_.bytes());
  return {};
}

std::expected<void, std::string> Engine::start_worker() {
  const lb::HashKey key = random_key();
  snapshot_ = build_snapshot(config_, slots_, links_, key);
  current_snapshot_.store(snapshot_.get(), std::memory_order_release);
  io_.emplace(ports_, *buffers_);
  all_loads_ = {loads_.span().data()};
  worker_.emplace(dataplane::WorkerParts{
      .io = *io_,
      .ports = worker_ports_,
      .pool = *pool_,
      .bucket_memory = bucket_memory_.bytes(),
      .key = key,
      .loads = loads_.span(),
      .live = {turns_.span(), traffic_.span(), refused_.span(), all_loads_, kMasqueradeService,
               kMasqueradeServer},
      .timeouts = timeouts_of(config_.timeouts),
      .snapshot = current_snapshot_,
      .neighbours = static_neighbours(config_),
  });
  clock_.emplace();
  loop_.emplace(*worker_, *clock_, worker_lcore());
  return loop_->start();
}

void Engine::log_start() const {
  log::notice("{} connections in {} MB, {} mbufs in {} MB{}", config_.connections.capacity,
              (entry_bytes_ + bucket_bytes_) >> 20, buffer_count_,
              dataplane::BufferPool::bytes_for(buffer_count_, largest_mtu_) >> 20,
              dataplane::Eal::has_hugepages() ? ", of hugepages" : ", without hugepages");
  for (size_t i = 0; i < config_.interfaces.size(); ++i) {
    const conf::Interface& interface = config_.interfaces[i];
    log::notice("interface {}: {}, {}, mtu {}", interface.name, fmt::join(interface.devices, ", "),
                links_[i].mac.to_string(), interface.mtu);
  }
  log::notice("worker on lcore {} serves {} ports and {} services", worker_lcore(), ports_.size(),
              config_.services.size());
  if (eal_->worker_lcores().size() > kWorkers) {
    log::warning("\"eal\" gives {} lcores for workers; this version uses one, the others idle",
                 eal_->worker_lcores().size());
  }
}

}  // namespace control
