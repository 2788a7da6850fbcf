#include "dataplane/peers.h"

#include <algorithm>

#include "dataplane/reassembly.h"

namespace dataplane {

Peers::Peers(Mesh& mesh, WorkerNumber self, OwnerFunction owner, lb::HashKey key, Io& io,
             WorkerCounters& counters)
    : mesh_(mesh),
      self_(self),
      alone_(mesh.workers() == 1),
      owner_(owner),
      // Not the connection table's function: what goes to one worker must not crowd its buckets.
      key_{key.multiplier, key.whitening},
      io_(io),
      counters_(counters),
      batches_(mesh.workers()) {}

WorkerNumber Peers::home(const Ipv4Header& header) const {
  if (alone_) return self_;
  const uint64_t ends = uint64_t{header.source.bits.raw()} << 32 | header.destination.bits.raw();
  const uint64_t id = uint64_t{header.id.raw()} << 8 | header.protocol;
  const uint64_t hash = lb::mix(key_, lb::mix(key_, ends) ^ id);
  return OwnerFunction::share_of(hash & 0xffffff, mesh_.workers());
}

void Peers::hand_over(WorkerNumber to, LinkNumber link, rte_mbuf* packet, HandoverReason reason) {
  Batch& batch = batches_[to];
  batch.packets[batch.count] = {packet, link, Handover::kReceived};
  batch.reasons[batch.count++] = reason;
  if (batch.count == kBurst) flush(to);
}

void Peers::hand_over(WorkerNumber to, std::span<const Fragment> datagram, HandoverReason reason) {
  // Behind what was collected, so that a flow's packets keep their order.
  flush(to);
  std::array<HandedPacket, Reassembly::kFragmentsOfOne> packets;
  const auto count = static_cast<uint16_t>(datagram.size());
  for (uint16_t i = 0; i < count; ++i) {
    packets[i] = {datagram[i].mbuf, datagram[i].link, Handover::kPiece};
  }
  uint32_t in_ring = 0;
  if (mesh_.push_all(self_, to, packets.data(), count, in_ring)) {
    counters_.hand_over(reason, count);
  } else {
    drop({packets.data(), count});
  }
  note(in_ring);
}

uint16_t Peers::send_by(WorkerNumber to, LinkNumber link, rte_mbuf** packets, uint16_t count) {
  // No packet may pass another that goes the same way.
  flush(to);
  std::array<HandedPacket, kBurst> handed;
  for (uint16_t i = 0; i < count; ++i) handed[i] = {packets[i], link, Handover::kToSend};
  uint32_t in_ring = 0;
  const uint16_t taken = mesh_.push(self_, to, handed.data(), count, in_ring);
  counters_.hand_over(HandoverReason::kTransmit, taken);
  note(in_ring);
  return taken;
}

void Peers::flush() {
  if (alone_) return;
  for (WorkerNumber to = 0; to < mesh_.workers(); ++to) flush(to);
}

void Peers::flush(WorkerNumber to) {
  Batch& batch = batches_[to];
  if (batch.count == 0) return;
  uint32_t in_ring = 0;
  const uint16_t taken = mesh_.push(self_, to, batch.packets.data(), batch.count, in_ring);
  note(in_ring);
  for (uint16_t i = 0; i < taken; ++i) counters_.hand_over(batch.reasons[i]);
  drop(std::span(batch.packets).first(batch.count).subspan(taken));
  batch.count = 0;
}

void Peers::drop(std::span<const HandedPacket> packets) {
  counters_.drop(lb::DropReason::kHandoverFull, packets.size());
  for (const HandedPacket& handed : packets) {
    rte_mbuf* packet = handed.packet();
    io_.release(&packet, 1);
  }
}

void Peers::tell(const Notice& notice) {
  for (WorkerNumber to = 0; to < mesh_.workers(); ++to) {
    if (to != self_) mesh_.tell(self_, to, notice);
  }
}

void Peers::publish_fullest() {
  counters_.fullest_ring.set(fullest_);
  fullest_ = 0;
}

}  // namespace dataplane
