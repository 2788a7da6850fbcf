#include "dataplane/outbox.h"

namespace dataplane {

Outbox::Outbox(Io& io, Peers& peers, WorkerCounters& counters, std::vector<LinkWay> links)
    : io_(io),
      peers_(peers),
      counters_(counters),
      ways_(std::move(links)),
      batches_(ways_.size()) {}

// net_af_xdp would send whatever lies behind the first buffer in place of the second. False:
// dropped.
bool Outbox::make_sendable(LinkNumber link, rte_mbuf* chain) {
  if (ways_[link].multi_segment || rte_pktmbuf_linearize(chain) == 0) return true;
  drop(chain, lb::DropReason::kChained);
  return false;
}

void Outbox::discard(rte_mbuf* packet) {
  freed_.packets[freed_.count++] = packet;
  if (freed_.count == kBurst) flush_freed();
}

void Outbox::flush() {
  for (LinkNumber link = 0; link < batches_.size(); ++link) {
    if (batches_[link].count > 0) flush(link);
  }
  if (freed_.count > 0) flush_freed();
}

void Outbox::flush(LinkNumber link) {
  Batch& batch = batches_[link];
  const WorkerNumber transmitter = ways_[link].transmitter;
  const uint16_t sent = transmitter == peers_.self()
                            ? io_.transmit(link, batch.packets, batch.count)
                            : peers_.send_by(transmitter, link, batch.packets, batch.count);
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
