// A director without ports: one worker over heap memory, for whom time is what the captured packets
// say it is. The worker's turns are those of lbd's loop, so what it does to a packet here it does
// there. The same configuration and packets give the same result every time.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "conf/config.h"
#include "control/roster.h"
#include "dataplane/worker.h"
#include "lb/reserved_array.h"
#include "tools/replay/capture.h"
#include "tools/replay/heap_io.h"

namespace replay {

struct RunSetup {
  conf::Config config;
  std::vector<lb::MacAddress> macs;  // the director's, by interface
  // Every ARP request of the director's is answered at once, with mac_for of the address.
  bool answer_arp = false;
};

// 02:00 and the address's four bytes.
lb::MacAddress mac_for(lb::Ipv4Address address);

struct SentFrame {
  size_t interface;
  Time time;
  Bytes frame;
};

class Run {
 public:
  explicit Run(RunSetup setup);
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // A frame arrives on an interface, after the director has lived until then. A time before the
  // last one counts as the last one. Precondition: frame.size() <= HeapIo::kLargestFrame.
  void receive(size_t interface, Time time, std::span<const uint8_t> frame);
  // Nothing arrives until then.
  void pass_until(Time time);

  // What left since the last call, in order.
  std::vector<SentFrame> take_sent();
  // What lbd would have logged since the last call.
  std::vector<std::string> take_events();

  const conf::Config& config() const { return config_; }
  const control::Roster& roster() const { return roster_; }
  const dataplane::Snapshot<lb::V4>& snapshot() const { return snapshot_.current(); }
  std::span<const lb::Load* const> loads() const { return figures_.loads(); }
  const dataplane::Link& link(size_t interface) const {
    return snapshot_.current().links[interface];
  }
  dataplane::Worker& worker() { return *worker_; }
  std::vector<dataplane::Worker*> workers() { return {&*worker_}; }
  size_t buffers_in_use() const { return io_.in_use(); }
  const lb::Traffic& traffic(uint32_t server_slot) const {
    return figures_.traffic(0, server_slot);
  }
  scheduler::ServerLoad load(uint32_t server_slot) const { return figures_.load(server_slot); }
  const lb::Persistence& persistence() const { return persistence_; }
  const lb::Limits& limits() const { return figures_.limits(); }
  lb::Tick tick() const { return tick_; }
  uint64_t refused(uint32_t service_slot) const { return figures_.refused(service_slot); }

  // Frames and their bytes by interface.
  struct Counts {
    uint64_t received = 0;
    uint64_t received_bytes = 0;
    uint64_t sent = 0;
    uint64_t sent_bytes = 0;
  };
  const Counts& counts(size_t interface) const { return counts_[interface]; }

  // Since the first packet.
  double seconds() const;
  Time started() const { return started_.value_or(0); }

  // One more turn without time passing, so that the worker answers what it was asked.
  void turn();

 private:
  void collect_sent();
  void answer_arp(size_t interface, const Bytes& request);

  conf::Config config_;
  bool answers_arp_;
  control::Roster roster_;
  HeapIo io_;
  lb::ReservedArray<std::byte> entry_memory_;
  lb::ReservedArray<std::byte> bucket_memory_;
  lb::ConnectionPool<lb::V4> pool_;
  dataplane::Mesh mesh_{std::vector<std::span<std::byte>>(1)};
  dataplane::TokenBucket answer_limit_{dataplane::Host<lb::V4>::kAnswersPerSecond,
                                       dataplane::Host<lb::V4>::kAnswersPerSecond};
  dataplane::Figures figures_{1, control::kServiceSlots, control::kServerSlots};
  lb::ReservedArray<std::byte> persistence_memory_;
  lb::Persistence persistence_;
  dataplane::Publication<dataplane::Snapshot<lb::V4>> snapshot_;
  std::optional<dataplane::Worker> worker_;

  std::optional<Time> started_;
  Time now_ = 0;
  lb::Tick tick_ = 0;
  std::vector<Counts> counts_;
  std::vector<SentFrame> sent_;
  struct Reply {
    size_t interface;
    Bytes frame;
  };
  std::deque<Reply> replies_;  // ARP replies that the director has yet to receive
};

}  // namespace replay
