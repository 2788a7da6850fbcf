// Ports made of nothing but heap memory: mbufs without EAL, a pool or a NIC. One packet waits to be
// received at a time, and what the worker sends is kept until it is fetched.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/heap_mbufs.h"
#include "dataplane/io.h"

namespace replay {

using Bytes = std::vector<uint8_t>;

class HeapIo final : public dataplane::Io {
 public:
  // Larger frames than this have no place in an mbuf (DPDK counts a buffer's bytes in 16 bits).
  static constexpr size_t kLargestFrame = 65000;

  struct Sent {
    dataplane::LinkNumber link;
    Bytes frame;
  };

  // `largest_packet`: the largest IP packet that is ever to leave.
  explicit HeapIo(uint16_t largest_packet);

  // The next receive() of this link returns this frame. Precondition: the one before has been
  // received, and frame.size() <= kLargestFrame.
  void put(dataplane::LinkNumber link, std::span<const uint8_t> frame);

  // Buffers in the worker's hands: packets that wait for a next hop or for their other fragments.
  size_t in_use() const { return mbufs_.live(); }

  // What left since the last call, in order.
  std::vector<Sent> take_sent();

  uint16_t receive(dataplane::LinkNumber link, rte_mbuf** packets, uint16_t count) override;
  uint16_t transmit(dataplane::LinkNumber link, rte_mbuf** packets, uint16_t count) override;
  rte_mbuf* allocate() override;
  void release(rte_mbuf** packets, uint16_t count) override;

 private:
  uint16_t room_;  // of an allocated buffer
  rte_mbuf* waiting_ = nullptr;
  dataplane::LinkNumber waiting_link_ = 0;
  std::vector<Sent> sent_;
  dataplane::HeapMbufs mbufs_;  // a worker that ends may still hold some
};

}  // namespace replay
