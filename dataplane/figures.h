// What outlives every snapshot: servers' live loads and traffic, services' turns and refusals,
// servers' limits, each indexed by slot. What is a worker's own it alone writes; anybody may read
// all.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "dataplane/owner.h"
#include "lb/live.h"
#include "lb/reserved_array.h"
#include "lb/server_limits.h"
#include "scheduler/plan.h"

namespace dataplane {

// What one worker counts in, and looks at.
struct LiveFigures {
  std::span<std::atomic<uint64_t>> turns;                // by service; of the whole director
  std::span<lb::Traffic> traffic;                        // by server; this worker's
  std::span<lb::Counter<uint64_t>> refused;              // by service; this worker's
  std::span<lb::Load> own_loads;                         // by server; this worker's
  std::span<lb::LoadChanges> own_changes;                // by block of servers; this worker's
  std::span<const lb::Load* const> loads;                // of every worker, each by server
  std::span<const lb::LoadChanges* const> load_changes;  // of every worker, each by block
  uint32_t masquerade_service;  // slots that count what servers start themselves
  uint32_t masquerade_server;
};

// All workers'. Costs memory only as slots come into use.
class Figures {
 public:
  // The last slot of services and of servers is masquerade's.
  Figures(WorkerNumber workers, uint32_t services, uint32_t servers);

  LiveFigures of(WorkerNumber worker);
  lb::Limits& limits() { return limits_; }
  const lb::Limits& limits() const { return limits_; }

  WorkerNumber workers() const { return static_cast<WorkerNumber>(own_.size()); }
  std::span<const lb::Load* const> loads() const { return loads_; }
  scheduler::ServerLoad load(uint32_t server) const {
    return scheduler::LoadView(loads_).of(server);
  }
  const lb::Load& load(WorkerNumber worker, uint32_t server) const {
    return own_[worker]->loads[server];
  }
  const lb::Traffic& traffic(WorkerNumber worker, uint32_t server) const {
    return own_[worker]->traffic[server];
  }
  // New connections of a service for which there was no server, in all.
  uint64_t refused(uint32_t service) const;
  // How many turns of a service have been taken, or are claimed.
  uint64_t turns(uint32_t service) const { return turns_[service].load(std::memory_order_relaxed); }
  void forget_turns(uint32_t service) { turns_[service].store(0); }

 private:
  struct Own {
    Own(uint32_t services, uint32_t servers)
        : loads(servers),
          changes(servers / lb::LoadChanges::kBlock + 1),
          traffic(servers),
          refused(services) {}
    lb::ReservedArray<lb::Load> loads;
    lb::ReservedArray<lb::LoadChanges> changes;
    lb::ReservedArray<lb::Traffic> traffic;
    lb::ReservedArray<lb::Counter<uint64_t>> refused;
  };

  uint32_t services_;
  uint32_t servers_;
  lb::ReservedArray<std::atomic<uint64_t>> turns_;
  lb::ReservedArray<lb::Limit> limit_memory_;
  lb::ReservedArray<std::atomic<uint8_t>> overloaded_;
  lb::Limits limits_;
  std::vector<std::unique_ptr<Own>> own_;  // by worker
  std::vector<const lb::Load*> loads_;
  std::vector<const lb::LoadChanges*> load_changes_;
};

}  // namespace dataplane
