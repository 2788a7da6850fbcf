// What runs: DPDK, ports, tables, live figures and the worker on its lcore, in the order in which
// they come up; they go down in the reverse.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conf/config.h"
#include "control/slots.h"
#include "dataplane/eal.h"
#include "dataplane/loop.h"
#include "dataplane/memory.h"
#include "dataplane/ports.h"
#include "lb/reserved_array.h"

namespace control {

class Engine {
 public:
  // The error is one line that says what to do; what had come up is down again.
  static std::expected<std::unique_ptr<Engine>, std::string> start(
      const conf::Config& config, const std::vector<std::string>& eal_arguments);

  const Slots& slots() const { return slots_; }
  const dataplane::BufferPool& buffers() const { return *buffers_; }
  // The ports of an interface, and its first port, which gives it its MAC.
  const std::vector<dataplane::PortNumber>& ports_of(size_t interface) const {
    return snapshot_->links[interface].ports;
  }
  const dataplane::Port& port(dataplane::PortNumber number) const { return ports_[number]; }
  const dataplane::Port& first_port(size_t interface) const {
    return ports_[ports_of(interface).front()];
  }

  dataplane::Worker& worker() { return *worker_; }
  unsigned worker_lcore() const { return eal_->worker_lcores().front(); }
  // Sums over workers, by slot.
  const lb::Traffic& traffic(uint32_t server_slot) const { return traffic_[server_slot]; }
  const lb::Load& load(uint32_t server_slot) const { return loads_[server_slot]; }
  uint64_t refused(uint32_t service_slot) const { return refused_[service_slot].reader_get(); }

 private:
  explicit Engine(const conf::Config& config);
  std::expected<void, std::string> start_eal(const std::vector<std::string>& eal_arguments);
  std::expected<void, std::string> open_ports();
  std::expected<void, std::string> take_memory();
  std::expected<void, std::string> start_worker();
  void log_start() const;

  const conf::Config& config_;
  Slots slots_;
  uint32_t buffer_count_;
  uint16_t largest_mtu_ = 0;
  size_t entry_bytes_;
  size_t bucket_bytes_;

  std::optional<dataplane::Eal> eal_;
  std::optional<dataplane::BufferPool> buffers_;
  std::vector<dataplane::Port> ports_;
  std::vector<dataplane::Link> links_;
  std::vector<dataplane::WorkerPort> worker_ports_;
  dataplane::Memory entry_memory_;
  dataplane::Memory bucket_memory_;
  std::optional<lb::ConnectionPool<lb::V4>> pool_;

  lb::ReservedArray<lb::Load> loads_{kServerSlots};
  lb::ReservedArray<lb::Traffic> traffic_{kServerSlots};
  lb::ReservedArray<lb::Counter<uint64_t>> refused_{kServiceSlots};
  lb::ReservedArray<std::atomic<uint64_t>> turns_{kServiceSlots};
  std::vector<const lb::Load*> all_loads_;

  std::unique_ptr<const dataplane::Snapshot<lb::V4>> snapshot_;
  std::atomic<const dataplane::Snapshot<lb::V4>*> current_snapshot_{nullptr};
  std::optional<dataplane::PortIo> io_;
  std::optional<dataplane::Worker> worker_;
  std::optional<dataplane::Clock> clock_;
  std::optional<dataplane::Loop> loop_;
};

}  // namespace control
