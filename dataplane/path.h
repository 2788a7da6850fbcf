// The way of a packet through the director, in passes over a burst: parse, classify, locate, forward.
// One template serves both address families.
#pragma once

#include <atomic>

#include "dataplane/host.h"
#include "dataplane/methods.h"
#include "lb/connections.h"

namespace dataplane {

// Live figures that workers share or own, each indexed by slot. They outlive every snapshot.
struct LiveFigures {
  std::span<std::atomic<uint64_t>> turns;         // by service; of the whole director
  std::span<lb::Traffic> traffic;                 // by server; this worker's
  std::span<lb::Counter<uint64_t>> refused;       // by service; this worker's
  std::span<const lb::Load* const> loads;         // of every worker, each by server
};

template <class F>
class Path final : private Reentry {
 public:
  static constexpr uint16_t kBurst = 64;

  Path(Io& io, Outbox& outbox, WorkerCounters& counters, EventQueue& events,
       lb::Connections<F>& connections, LiveFigures live, const Snapshot<F>& snapshot,
       std::vector<uint16_t> link_of_port);

  Host<F>& host() { return host_; }
  const Host<F>& host() const { return host_; }

  // To be called before each burst; the snapshot must stay until the next call.
  void begin(const Snapshot<F>& snapshot, lb::Tick now);

  // Decides the fate of up to kBurst packets received on a port.
  void process(PortNumber port, rte_mbuf** packets, uint16_t count);

 private:
  using Packet = dataplane::Packet<F>;
  using Entry = lb::Connection<F>;
  // What is no flow waits until the flows of the burst have gone.
  struct Burst {
    uint16_t flows = 0;
    uint16_t others = 0;
    uint16_t arps = 0;
    Packet flow[kBurst];
    Packet other[kBurst];
    rte_mbuf* arp[kBurst];
  };

  void process_again(PortNumber port, rte_mbuf* packet) override { process(port, &packet, 1); }

  // The stages, in order.
  void parse_all(PortNumber port, rte_mbuf** packets, uint16_t count, Burst& burst);
  void classify_all(Burst& burst);
  void locate_all(const Burst& burst);
  void forward_all(PortNumber port, const Burst& burst);

  void forward(PortNumber port, const Packet& packet);
  lb::EntryIndex find_or_open(PortNumber port, const Packet& packet);
  lb::EntryIndex open(PortNumber port, const Packet& packet);
  const RealServer<F>* choose(const VirtualService<F>& service, const Packet& packet,
                              lb::DropReason& why_not);
  bool is_ambiguous(const RealServer<F>& server, const Packet& packet) const;
  Neighbour<F>* next_hop(PortNumber port, const Packet& packet, Entry& entry);
  void account(const Packet& packet, lb::EntryIndex index, Entry& entry);

  Outbox& outbox_;
  lb::Connections<F>& connections_;
  LiveFigures live_;
  const Snapshot<F>* snapshot_;
  lb::Tick now_ = 0;
  std::span<const Method<F>> methods_ = methods<F>();
  Host<F> host_;
};

}  // namespace dataplane
