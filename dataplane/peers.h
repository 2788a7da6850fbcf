// A worker's own side of the mesh: who owns what, and what goes to whom. What is handed over in a
// burst is collected and leaves with one ring operation per receiver.
#pragma once

#include <array>

#include "dataplane/mesh.h"
#include "dataplane/packet.h"
#include "dataplane/worker_counters.h"

namespace dataplane {

class Peers {
 public:
  static constexpr uint16_t kBurst = 64;

  // `key`: of the function that gives a fragmented datagram its home.
  Peers(Mesh& mesh, WorkerNumber self, OwnerFunction owner, lb::HashKey key, Io& io,
        WorkerCounters& counters);

  WorkerNumber self() const { return self_; }
  bool alone() const { return alone_; }

  // The worker that owns a connection; `hash`: the connection table's.
  WorkerNumber owner(const lb::End<lb::V4>& outside, uint64_t hash) const {
    return alone_ ? self_ : owner_(outside, hash);
  }
  // The worker that puts a datagram's fragments together, of which only the first names ports.
  WorkerNumber home(const Ipv4Header& header) const;

  // Gives a packet to the worker that owns the connection of `outside` and `hash`. False: that is
  // this worker, and the packet stays.
  bool pass_on(const lb::End<lb::V4>& outside, uint64_t hash, LinkNumber link,
               const Packet<lb::V4>& packet, HandoverReason reason) {
    const WorkerNumber to = owner(outside, hash);
    if (to == self_) return false;
    if (packet.mbuf != nullptr) {
      hand_over(to, link, packet.mbuf, reason);
    } else {
      hand_over(to, packet.pieces(), reason);
    }
    return true;
  }
  void hand_over(WorkerNumber to, LinkNumber link, rte_mbuf* packet, HandoverReason reason);
  // Fragments as they came, of one datagram, to their connection's owner. All or none.
  void hand_over(WorkerNumber to, std::span<const Fragment> datagram, HandoverReason reason);
  // Packets to a worker that has a queue of the link. Takes the first n, returns n.
  uint16_t send_by(WorkerNumber to, LinkNumber link, rte_mbuf** packets, uint16_t count);
  // Sends off what was collected.
  void flush();

  void tell(const Notice& notice);

  // What others have handed over: at most kBurst packets of each, as `take(packets, count)`.
  template <class Take>
  void take_handed(Take take) {
    for (WorkerNumber from = 0; from < mesh_.workers(); ++from) {
      if (from == self_) continue;
      HandedPacket packets[kBurst];
      const uint16_t count = mesh_.pop(from, self_, packets, kBurst);
      if (count > 0) take(packets, count);
    }
  }
  template <class Hear>
  void hear(Hear hear) {
    for (WorkerNumber from = 0; from < mesh_.workers(); ++from) {
      if (from == self_) continue;
      for (Notice notice; mesh_.hear(from, self_, notice);) hear(notice);
    }
  }

  // To be called about once a second: publishes how full the fullest ring was since the last time.
  void publish_fullest();

 private:
  struct Batch {
    uint16_t count = 0;
    std::array<HandedPacket, kBurst> packets;
    std::array<HandoverReason, kBurst> reasons;
  };
  void flush(WorkerNumber to);
  void drop(std::span<const HandedPacket> packets);  // which found no room in a ring
  void note(uint32_t in_ring) { fullest_ = std::max(fullest_, in_ring); }

  Mesh& mesh_;
  WorkerNumber self_;
  bool alone_;
  OwnerFunction owner_;
  lb::HashKey key_;
  Io& io_;
  WorkerCounters& counters_;
  std::vector<Batch> batches_;
  uint32_t fullest_ = 0;
};

}  // namespace dataplane
