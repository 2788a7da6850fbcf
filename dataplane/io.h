// Where a worker's packets come from and go to: the ports of DPDK in lbd, arrays in tests, captures
// in tools. Called once per burst.
#pragma once

#include <rte_mbuf.h>

#include <cstdint>

namespace dataplane {

// Position of an interface in the file; its ports and their queues are the Io's matter.
using LinkNumber = uint16_t;

class Io {
 public:
  virtual ~Io() = default;
  // Up to `count` packets, which then belong to the caller.
  virtual uint16_t receive(LinkNumber link, rte_mbuf** packets, uint16_t count) = 0;
  // Takes the first n packets, returns n; the others stay the caller's.
  virtual uint16_t transmit(LinkNumber link, rte_mbuf** packets, uint16_t count) = 0;
  // An empty buffer with the usual headroom, or nullptr.
  virtual rte_mbuf* allocate() = 0;
  virtual void release(rte_mbuf** packets, uint16_t count) = 0;
  // To be called once a tick, for what must go on though nothing is sent.
  virtual void tick() {}
};

}  // namespace dataplane
