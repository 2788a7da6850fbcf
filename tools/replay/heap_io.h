// Ports made of nothing but heap memory: mbufs without EAL, a pool or a NIC. One packet waits to be
// received at a time, and what the worker sends is kept until it is fetched.
#pragma once

#include <rte_mempool.h>

#include <cstdint>
#include <span>
#include <unordered_set>
#include <vector>

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
  HeapIo(const HeapIo&) = delete;
  HeapIo& operator=(const HeapIo&) = delete;
  ~HeapIo() override;

  // The next receive() of this link returns this frame. Precondition: the one before has been
  // received, and frame.size() <= kLargestFrame.
  void put(dataplane::LinkNumber link, std::span<const uint8_t> frame);

  // Buffers in the worker's hands: packets that wait for a next hop or for their other fragments.
  size_t in_use() const { return live_.size(); }

  // What left since the last call, in order.
  std::vector<Sent> take_sent();

  uint16_t receive(dataplane::LinkNumber link, rte_mbuf** packets, uint16_t count) override;
  uint16_t transmit(dataplane::LinkNumber link, rte_mbuf** packets, uint16_t count) override;
  rte_mbuf* allocate() override;
  void release(rte_mbuf** packets, uint16_t count) override;

 private:
  static int enqueue(rte_mempool* pool, void* const* objects, unsigned count);
  static int register_pool_ops();
  rte_mbuf* make(std::span<const uint8_t> bytes, size_t room);
  void free_segment(rte_mbuf* segment);

  uint16_t room_;  // of an allocated buffer
  rte_mbuf* waiting_ = nullptr;
  dataplane::LinkNumber waiting_link_ = 0;
  std::vector<Sent> sent_;
  std::unordered_set<rte_mbuf*> live_;  // a worker that ends may still hold some
  // DPDK's inline functions give segments back to their pool; what this one keeps is the heap's.
  rte_mempool pool_{};
};

}  // namespace replay
