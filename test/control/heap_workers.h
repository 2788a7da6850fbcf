// Real workers without ports or threads, as changes see them: they turn when they are told to, and
// time stands still until it is told to pass.
#pragma once

#include <string_view>
#include <vector>

#include "control/orders.h"
#include "control/publisher.h"
#include "lb/reserved_array.h"
#include "test/dataplane/support/frame.h"
#include "test/dataplane/support/heap_io.h"

namespace control::test {

class HeapWorkers final : public Publisher {
 public:
  static constexpr dataplane::WorkerNumber kWorkers = 2;

  HeapWorkers(const conf::Config& config, const Roster& roster);

  const Snapshot& snapshot() const override { return snapshot_.current(); }
  uint64_t publications() const override { return publications_; }
  uint64_t publish(std::unique_ptr<const Snapshot> next) override;
  uint64_t settled() override { return publications_ - snapshot_.collect(); }
  lb::HashKey key() const override { return key_; }
  void forget_turns(uint32_t service_slot) override { figures_.forget_turns(service_slot); }
  scheduler::ServerLoad load(uint32_t server_slot) const override;
  Traffic traffic(uint32_t server_slot) const;
  uint64_t refused(uint32_t service_slot) const;

  std::span<dataplane::Worker* const> workers() const { return pointers_; }
  // A frame arrives, at one worker after another; both turn until nothing is left between them.
  void receive(dataplane::LinkNumber link, const dataplane_test::Frame& frame);
  void turn();
  // What was due in that time happens at its end.
  void pass(uint32_t seconds);
  // What left since the last call, described: "TCP … via 1".
  std::vector<std::string> sent();
  // Buffers that workers hold.
  size_t held() const { return io_.outstanding(); }
  std::string faults() const { return io_.faults(); }

 private:
  static constexpr uint32_t kCapacity = 1024;

  struct Face final : dataplane::Io {
    Face(HeapWorkers& all, dataplane::WorkerNumber number) : all(all), number(number) {}
    uint16_t receive(dataplane::LinkNumber link, rte_mbuf** packets, uint16_t count) override {
      return all.receiver_ == number ? all.io_.receive(link, packets, count) : 0;
    }
    uint16_t transmit(dataplane::LinkNumber link, rte_mbuf** packets, uint16_t count) override {
      return all.io_.transmit(link, packets, count);
    }
    rte_mbuf* allocate() override { return all.io_.allocate(); }
    void release(rte_mbuf** packets, uint16_t count) override { all.io_.release(packets, count); }

    HeapWorkers& all;
    dataplane::WorkerNumber number;
  };
  // What is each worker's own.
  struct Own {
    Own(HeapWorkers& all, dataplane::WorkerNumber number) : face(all, number) {}
    Face face;
    lb::ReservedArray<std::byte> buckets{lb::ConnectionTable<lb::V4>::bytes_for(kCapacity)};
    lb::ReservedArray<std::byte> rings{dataplane::Mesh::bytes_for(kWorkers)};
  };
  void build_worker(const conf::Config& config, dataplane::WorkerNumber number);

  lb::HashKey key_{0x0123456789abcdefULL, 0xfedcba9876543211ULL};
  dataplane_test::HeapIo io_;
  std::vector<std::unique_ptr<Own>> own_;
  lb::ReservedArray<std::byte> entries_;
  lb::ConnectionPool<lb::V4> pool_;
  dataplane::Figures figures_{kWorkers, kServiceSlots, kServerSlots};
  lb::ReservedArray<std::byte> client_memory_{lb::Persistence::bytes_for(kCapacity)};
  lb::Persistence persistence_{client_memory_.span(), key_};
  dataplane::TokenBucket answer_limit_{1000, 1000};
  dataplane::Publication<Snapshot> snapshot_;
  std::optional<dataplane::Mesh> mesh_;
  std::vector<std::unique_ptr<dataplane::Worker>> workers_;
  std::vector<dataplane::Worker*> pointers_;
  uint64_t publications_ = 0;
  dataplane::WorkerNumber receiver_ = 0;
  lb::Tick now_ = 16;
};

// The director's MAC address on a link.
lb::MacAddress mac_of_link(size_t link);

}  // namespace control::test
