// What lbd's control thread owns, for workers on threads of their own: everything that they share,
// and snapshots to replace.
#pragma once

#include <memory>
#include <vector>

#include "dataplane/worker.h"
#include "test/threads/thread_io.h"

namespace threads_test {

class Director {
 public:
  static constexpr dataplane::WorkerNumber kWorkers = 3;
  static constexpr uint32_t kSlots = 16;
  static constexpr uint32_t kCapacity = 2048;
  static constexpr const char* kTcpService = "10.1.0.100:80";
  static constexpr const char* kUdpService = "10.1.0.100:53";

  Director();
  Director(const Director&) = delete;
  Director& operator=(const Director&) = delete;

  static lb::MacAddress mac(dataplane::LinkNumber link) {
    return {{2, 0xff, 0, 0, 0, static_cast<uint8_t>(link + 1)}};
  }

  dataplane::Worker& worker(size_t number) { return *own_[number]->worker; }
  ThreadIo& io(size_t number) { return own_[number]->io; }
  dataplane::Publication<dataplane::Snapshot<lb::V4>>& snapshot() { return snapshot_; }
  // The next of an endless row of configurations, built anew.
  static std::unique_ptr<const dataplane::Snapshot<lb::V4>> configuration(uint32_t number);

  int64_t buffers() const { return buffers_.load(std::memory_order_relaxed); }
  uint64_t turns(uint32_t service) const { return figures_.turns(service); }
  scheduler::ServerLoad load(uint32_t server) const { return figures_.load(server); }
  uint64_t opened(uint32_t server) const;
  uint64_t refused(uint32_t service) const;
  uint64_t count(lb::Counter<uint64_t> dataplane::WorkerCounters::*counter) const;
  uint64_t drops() const;

 private:
  struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  using Memory = std::unique_ptr<std::byte, Free>;
  struct Own {
    explicit Own(std::atomic<int64_t>& buffers) : io(buffers) {}
    ThreadIo io;
    Memory buckets, rings;
    std::unique_ptr<dataplane::Worker> worker;
  };

  static std::span<std::byte> take(size_t bytes, Memory& memory);
  void build_worker(dataplane::WorkerNumber number);

  std::atomic<int64_t> buffers_{0};
  dataplane::Figures figures_{kWorkers, kSlots, kSlots};
  Memory clients_;
  lb::Persistence persistence_{take(lb::Persistence::bytes_for(1024), clients_), {1, 3}};
  Memory entries_;
  lb::ConnectionPool<lb::V4> pool_;
  dataplane::Publication<dataplane::Snapshot<lb::V4>> snapshot_;
  dataplane::TokenBucket answer_limit_{1000, 1000};
  std::unique_ptr<dataplane::Mesh> mesh_;
  std::vector<std::unique_ptr<Own>> own_;
};

}  // namespace threads_test
