#include "dataplane/port_io.h"

#include <rte_ethdev.h>

namespace dataplane {

PortIo::PortIo(const std::vector<Port>& ports, const WorkerQueues& queues, const BufferPool& pool)
    : receivers_(queues.receive.size()), transmitters_(queues.transmit.size()), pool_(pool.get()) {
  const auto to_dpdk = [&](const QueueNumber& number) {
    return Queue{ports[number.port].id(), number.queue};
  };
  for (size_t link = 0; link < receivers_.size(); ++link) {
    for (const QueueNumber& number : queues.receive[link]) {
      receivers_[link].queues.push_back(to_dpdk(number));
    }
    if (!queues.transmit[link]) continue;
    transmitters_[link] = to_dpdk(*queues.transmit[link]);
    if (ports[queues.transmit[link]->port].is_bond()) of_bonds_.push_back(transmitters_[link]);
  }
}

uint16_t PortIo::receive(LinkNumber link, rte_mbuf** packets, uint16_t count) {
  Receiver& receiver = receivers_[link];
  uint16_t received = 0;
  for (size_t i = 0; i < receiver.queues.size() && received < count; ++i) {
    const Queue& queue = receiver.queues[receiver.next];
    if (++receiver.next == receiver.queues.size()) receiver.next = 0;
    received = static_cast<uint16_t>(received +
                                     rte_eth_rx_burst(queue.port, queue.queue, packets + received,
                                                      static_cast<uint16_t>(count - received)));
  }
  return received;
}

uint16_t PortIo::transmit(LinkNumber link, rte_mbuf** packets, uint16_t count) {
  const Queue& queue = transmitters_[link];
  return rte_eth_tx_burst(queue.port, queue.queue, packets, count);
}

// LACP's own frames leave in calls that send something, which net_bonding wants every 100 ms: else
// the switch takes the ports out of the bond.
void PortIo::tick() {
  for (const Queue& queue : of_bonds_) rte_eth_tx_burst(queue.port, queue.queue, nullptr, 0);
}

rte_mbuf* PortIo::allocate() { return rte_pktmbuf_alloc(pool_); }

void PortIo::release(rte_mbuf** packets, uint16_t count) { rte_pktmbuf_free_bulk(packets, count); }

}  // namespace dataplane
