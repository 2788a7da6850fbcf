// The buffers that packets are received into, one pool for all ports and workers.
#pragma once

#include <rte_mempool.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dataplane {

class BufferPool {
 public:
  // `largest_packet`: the largest IP packet of any interface, bytes. `devices`: whose buffers these
  // will be. The error names what an mtu may be at most, where that is the reason.
  static std::expected<BufferPool, std::string> create(uint32_t buffers, uint16_t largest_packet,
                                                       const std::vector<std::string>& devices);
  // The largest packet that they can have buffers for; none: there is no such bound.
  static std::optional<uint16_t> largest_packet_for(const std::vector<std::string>& devices);
  // Bytes that create will take at most, and at least.
  static size_t bytes_for(uint32_t buffers, uint16_t largest_packet);
  static size_t least_bytes_for(uint32_t buffers, uint16_t largest_packet);
  // Bytes of one buffer with all that belongs to it.
  size_t object_bytes() const { return pool_->header_size + pool_->elt_size + pool_->trailer_size; }

  rte_mempool* get() const { return pool_.get(); }
  uint32_t total() const { return pool_->size; }
  size_t bytes() const;
  uint32_t in_use() const { return rte_mempool_in_use_count(pool_.get()); }

 private:
  struct Free {
    void operator()(rte_mempool* pool) const { rte_mempool_free(pool); }
  };
  std::unique_ptr<rte_mempool, Free> pool_;
};

}  // namespace dataplane
