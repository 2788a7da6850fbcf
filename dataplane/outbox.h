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

  void send(LinkNumber link, rte_mbuf* packet);
  // Packets in one buffer that leave one after another, most of them by the same link.
  class Run;
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

// Where the next packet goes stays in registers: in memory, each would wait for what the one before
// has just stored. What was sent is the outbox's once it has been put down; until then nothing may
// be sent or flushed otherwise.
class Outbox::Run {
 public:
  explicit Run(Outbox& outbox, LinkNumber link = 0) : outbox_(outbox) { take_up(link); }

  void send(LinkNumber link, rte_mbuf* packet) {
    if (link != link_) [[unlikely]] {
      put_down();
      take_up(link);
    }
    *next_++ = packet;
    if (next_ == end_) [[unlikely]] {
      put_down();
      outbox_.flush(link_);
      take_up(link_);
    }
  }
  void put_down() const {
    Batch& batch = outbox_.batches_[link_];
    batch.count = static_cast<uint16_t>(next_ - batch.packets);
  }
  // Goes on after others have sent.
  void take_up() { take_up(link_); }

 private:
  void take_up(LinkNumber link) {
    Batch& batch = outbox_.batches_[link];
    link_ = link;
    next_ = batch.packets + batch.count;
    end_ = batch.packets + kBurst;
  }

  Outbox& outbox_;
  LinkNumber link_;
  rte_mbuf** next_;
  rte_mbuf** end_;
};

inline void Outbox::send(LinkNumber link, rte_mbuf* packet) {
  if (packet->nb_segs != 1 && !make_sendable(link, packet)) return;
  Run run(*this, link);
  run.send(link, packet);
  run.put_down();
}

}  // namespace dataplane
