// A worker's way to its queues of DPDK's ports.
#pragma once

#include <rte_mbuf.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dataplane/buffer_pool.h"
#include "dataplane/io.h"
#include "dataplane/ports.h"
#include "dataplane/queues.h"

namespace dataplane {

class PortIo final : public Io {
 public:
  PortIo(const std::vector<Port>& ports, const WorkerQueues& queues, const BufferPool& pool);
  // Of all the link's queues that are the worker's.
  uint16_t receive(LinkNumber link, rte_mbuf** packets, uint16_t count) override;
  // Precondition: the worker has a transmit queue of the link.
  uint16_t transmit(LinkNumber link, rte_mbuf** packets, uint16_t count) override;
  rte_mbuf* allocate() override;
  void release(rte_mbuf** packets, uint16_t count) override;
  void tick() override;

 private:
  struct Queue {
    uint16_t port;  // DPDK's number
    uint16_t queue;
  };
  struct Receiver {
    std::vector<Queue> queues;
    size_t next = 0;  // where the next burst begins, so that a busy queue starves no other
  };
  std::vector<Receiver> receivers_;  // by link
  std::vector<Queue> transmitters_;  // by link
  std::vector<Queue> of_bonds_;      // those of them that are
  rte_mempool* pool_;
};

}  // namespace dataplane
