// Packets ready to leave, collected per port and sent in bursts; and packets that go no further,
// collected and freed in bursts. What a port refuses is freed and counted.
#pragma once

#include <vector>

#include "dataplane/io.h"
#include "dataplane/worker_counters.h"

namespace dataplane {

class Outbox {
 public:
  static constexpr uint16_t kBurst = 64;

  // `multi_segment[port]`: whether the port can send packets in several buffers.
  Outbox(Io& io, WorkerCounters& counters, std::vector<bool> multi_segment);

  void send(PortNumber port, rte_mbuf* packet);
  void drop(rte_mbuf* packet, lb::DropReason reason) {
    counters_.drop(reason);
    discard(packet);
  }
  // Frees a packet that has had its fate counted elsewhere, e.g. an ARP request that was answered.
  void discard(rte_mbuf* packet);
  // Sends and frees all that was collected.
  void flush();

 private:
  struct Batch {
    uint16_t count = 0;
    rte_mbuf* packets[kBurst];
  };
  void flush(PortNumber port);
  void flush_freed();

  Io& io_;
  WorkerCounters& counters_;
  std::vector<bool> multi_segment_;
  std::vector<Batch> ports_;
  Batch freed_;
};

}  // namespace dataplane
