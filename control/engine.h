// What runs: DPDK, ports, tables, live figures and the workers on their lcores, in the order in
// which they come up; they go down in the reverse.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conf/config.h"
#include "control/facts.h"
#include "control/publisher.h"
#include "control/roster.h"
#include "dataplane/buffer_pool.h"
#include "dataplane/eal.h"
#include "dataplane/eth_steering.h"
#include "dataplane/loop.h"
#include "dataplane/memory.h"
#include "dataplane/port_io.h"
#include "dataplane/ports.h"
#include "lb/reserved_array.h"

namespace control {

class Engine final : public Publisher {
 public:
  // The error is one line that says what to do; what had come up is down again.
  static std::expected<std::unique_ptr<Engine>, dataplane::StartError> start(
      const conf::Config& config, const Roster& roster,
      const std::vector<std::string>& eal_arguments);

  const Snapshot& snapshot() const override { return snapshot_->current(); }
  uint64_t publications() const override { return publications_; }
  uint64_t publish(std::unique_ptr<const Snapshot> next) override;
  uint64_t settled() override;
  lb::HashKey key() const override { return key_; }
  void forget_turns(uint32_t service_slot) override { figures_->forget_turns(service_slot); }
  // Where the workers meet the kernel's twins; nullptr: no interface has one.
  dataplane::KernelExchange* kernel() { return kernel_ ? &*kernel_ : nullptr; }
  // By interface, a worker that has a transmit queue of it.
  std::vector<dataplane::WorkerNumber> senders() const;
  // Frames of an interface that workers had to drop on their way to the kernel.
  uint64_t kernel_dropped(size_t interface) const;
  const dataplane::BufferPool& buffers() const { return *buffers_; }
  // The ports of an interface; the first gives it its MAC.
  const std::vector<const dataplane::Port*>& ports_of(size_t interface) const {
    return ports_of_[interface];
  }

  const std::vector<dataplane::Worker*>& workers() const { return worker_pointers_; }
  unsigned lcore(size_t worker) const { return eal_->worker_lcores()[worker]; }
  // How packets find their worker: "rte_flow", "rss" or "ring".
  std::string_view steering() const { return steering_; }
  // Sums over workers, by slot.
  Traffic traffic(uint32_t server_slot) const;
  scheduler::ServerLoad load(uint32_t server_slot) const override;
  std::span<const lb::Load* const> loads() const { return figures_->loads(); }  // by worker
  uint64_t refused(uint32_t service_slot) const;
  const lb::Persistence& persistence() const { return *persistence_; }
  const lb::Limits& limits() const { return figures_->limits(); }
  // The workers' time.
  lb::Tick now() const;

 private:
  // What is each worker's own, beside the worker.
  struct Own {
    dataplane::Memory buckets;
    dataplane::Memory rings;
    std::optional<dataplane::PortIo> io;
    std::optional<dataplane::Worker> worker;
  };

  Engine(const conf::Config& config, const Roster& roster);
  using Step = std::expected<void, dataplane::StartError>;
  Step start_eal(const std::vector<std::string>& eal_arguments);
  Step open_ports();
  Step take_memory();
  void make_kernel_exchange();
  void agree_on_steering();
  Step make_workers();
  Step start_loops();
  void log_start() const;
  void warn_of_distance() const;
  void warn_of_other_queues() const;

  dataplane::WorkerNumber worker_count() const {
    return static_cast<dataplane::WorkerNumber>(eal_->worker_lcores().size());
  }
  size_t entry_bytes(dataplane::WorkerNumber workers) const;
  size_t bucket_bytes(dataplane::WorkerNumber workers) const;

  const conf::Config& config_;  // while starting
  const Roster& roster_;        // while starting
  lb::HashKey key_;
  uint64_t publications_ = 0;
  uint16_t largest_mtu_ = 0;

  std::optional<dataplane::Eal> eal_;
  std::optional<dataplane::BufferPool> buffers_;
  // Of one netdev's ports the first has set its MTU, and can put it back once no other has it.
  struct Ports : std::vector<dataplane::Port> {
    ~Ports() {
      while (!empty()) pop_back();
    }
  };
  Ports ports_;
  std::vector<dataplane::Link> links_;
  std::vector<std::vector<const dataplane::Port*>> ports_of_;  // by interface
  std::vector<dataplane::PortQueues> port_queues_;             // by port
  std::vector<dataplane::WorkerQueues> worker_queues_;
  std::vector<std::unique_ptr<dataplane::EthSteering>> steering_devices_;  // by port
  dataplane::OwnerFunction owner_ = dataplane::OwnerFunction::keyed(1);
  std::string_view steering_ = "ring";
  dataplane::Memory entry_memory_;
  std::optional<lb::ConnectionPool<lb::V4>> pool_;
  std::optional<dataplane::Mesh> mesh_;
  std::optional<dataplane::KernelExchange> kernel_;

  std::optional<dataplane::Figures> figures_;
  // Costs memory only as clients come.
  lb::ReservedArray<std::byte> persistence_memory_;
  std::optional<lb::Persistence> persistence_;
  dataplane::TokenBucket answer_limit_{dataplane::Host<lb::V4>::kAnswersPerSecond,
                                       dataplane::Host<lb::V4>::kAnswersPerSecond};

  std::optional<dataplane::Publication<dataplane::Snapshot<lb::V4>>> snapshot_;
  std::optional<dataplane::Clock> clock_;
  std::vector<std::unique_ptr<Own>> own_;  // by worker
  std::vector<dataplane::Worker*> worker_pointers_;
  // Last, so that all have ended before any worker's memory goes: workers look at each other's.
  std::vector<std::unique_ptr<dataplane::Loop>> loops_;
};

}  // namespace control
