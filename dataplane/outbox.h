// Packets ready to leave, collected per link and sent in bursts; and packets that go no further,
// collected and freed in bursts. What the wire refuses is freed and counted.
#pragma once

#include <vector>

#include "dataplane/peers.h"

namespace dataplane {

// How a worker's packets leave by a link.
struct LinkWay {
  bool multi_segment = false;  // whether packets in several buffers can be sent
  // Whose queue they leave by: its own, or another worker's where the link has too few.
  WorkerNumber transmitter = 0;
};

class Outbox {
 public:
  static constexpr uint16_t kBurst = 64;

  // `links`: how packets leave, by link.
  Outbox(Io& io, Peers& peers, WorkerCounters& counters, std::vector<LinkWay> links);

  void send(LinkNumber link, rte_mbuf* packet) {
    if (packet->nb_segs == 1 || make_sendable(link, packet)) send_single(link, packet);
  }
  // The same of one that is known to be in one buffer.
  void send_single(LinkNumber link, rte_mbuf* packet) {
    Batch& batch = batches_[link];
    batch.packets[batch.count++] = packet;
    if (batch.count == kBurst) [[unlikely]]
      flush(link);
  }
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
  bool make_sendable(LinkNumber link, rte_mbuf* chain);
  void flush(LinkNumber link);
  void flush_freed();

  Io& io_;
  Peers& peers_;
  WorkerCounters& counters_;
  std::vector<LinkWay> ways_;
  std::vector<Batch> batches_;
  Batch freed_;
};

}  // namespace dataplane
