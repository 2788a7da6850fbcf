#include "dataplane/outbox.h"

namespace dataplane {

Outbox::Outbox(Io& io, WorkerCounters& counters, std::vector<bool> multi_segment)
    : io_(io),
      counters_(counters),
      multi_segment_(std::move(multi_segment)),
      ports_(multi_segment_.size()) {}

void Outbox::send(PortNumber port, rte_mbuf* packet) {
  // net_af_xdp would send whatever lies behind the first buffer in place of the second.
  if (packet->nb_segs > 1 && !multi_segment_[port] && rte_pktmbuf_linearize(packet) != 0) {
    drop(packet, lb::DropReason::kChained);
    return;
  }
  Batch& batch = ports_[port];
  batch.packets[batch.count++] = packet;
  if (batch.count == kBurst) flush(port);
}

void Outbox::discard(rte_mbuf* packet) {
  freed_.packets[freed_.count++] = packet;
  if (freed_.count == kBurst) flush_freed();
}

void Outbox::flush() {
  for (PortNumber port = 0; port < ports_.size(); ++port) {
    if (ports_[port].count > 0) flush(port);
  }
  if (freed_.count > 0) flush_freed();
}

void Outbox::flush(PortNumber port) {
  Batch& batch = ports_[port];
  const uint16_t sent = io_.transmit(port, batch.packets, batch.count);
  if (sent < batch.count) {
    const auto refused = static_cast<uint16_t>(batch.count - sent);
    counters_.drop(lb::DropReason::kTransmitFull, refused);
    io_.release(batch.packets + sent, refused);
  }
  batch.count = 0;
}

void Outbox::flush_freed() {
  io_.release(freed_.packets, freed_.count);
  freed_.count = 0;
}

}  // namespace dataplane
