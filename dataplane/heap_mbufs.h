// Mbufs of heap memory, for those who drive a worker without EAL, a pool or a NIC: tests, where
// AddressSanitizer then sees what it cannot see inside DPDK's memory, and replays.
#pragma once

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <cstdint>
#include <span>
#include <unordered_set>
#include <vector>

namespace dataplane {

class HeapMbufs {
 public:
  static constexpr uint16_t kHeadroom = 128;

  HeapMbufs();
  HeapMbufs(const HeapMbufs&) = delete;
  HeapMbufs& operator=(const HeapMbufs&) = delete;
  // Whoever holds one then holds it no longer.
  ~HeapMbufs();

  // One with the usual headroom, these bytes, and `room` bytes behind them; not a byte more is
  // there.
  rte_mbuf* make(std::span<const uint8_t> bytes, size_t room);

  size_t live() const { return live_.size(); }
  bool is_live(const rte_mbuf* segment) const { return live_.contains(segment); }
  // How often one was freed that was not live.
  uint64_t false_frees() const { return false_frees_; }

  // The frame, over all its segments.
  static std::vector<uint8_t> bytes_of(const rte_mbuf* frame);

 private:
  static int enqueue(rte_mempool* pool, void* const* objects, unsigned count);
  static int register_pool_ops();
  void free_segment(const rte_mbuf* segment);

  std::unordered_set<const rte_mbuf*> live_;
  uint64_t false_frees_ = 0;
  // DPDK's inline functions give segments back to their pool; this one's "memory" is free_segment.
  rte_mempool pool_{};
};

}  // namespace dataplane
