// Packets as a NIC would leave them: frames of 60 bytes (the shortest that Ethernet carries,
// without its check sequence) in mbufs of a ring that is used again and again.
#pragma once

#include <rte_mbuf.h>

#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "dataplane/headers.h"
#include "lb/family.h"

namespace bench {

// A figure would be a lie: the run ends.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

using End = lb::End<lb::V4>;

// An IP packet in its frame.
struct Frame {
  lb::MacAddress mac_source;
  lb::MacAddress mac_destination;
  End source;
  End destination;
  lb::Protocol protocol;
  uint8_t tcp_flags = 0;
  uint8_t ttl = 64;
};

// Writes the frame with correct checksums; UDP carries 18 bytes, TCP none (and 6 bytes of padding).
void write(rte_mbuf* mbuf, const Frame& frame);

// Throws Failure unless the mbuf holds this frame without padding, checksums right. The checksums
// are DPDK's computation, not the data plane's.
void expect(const rte_mbuf* mbuf, const Frame& frame);

class MbufPool {
 public:
  explicit MbufPool(uint32_t size);
  static size_t bytes_for(uint32_t size);
  rte_mbuf* allocate();

 private:
  struct Free {
    void operator()(rte_mempool* pool) const { rte_mempool_free(pool); }
  };
  std::unique_ptr<rte_mempool, Free> pool_;
};

// Mbufs to be used in turn, in random order of addresses, as they are in a pool that has been in
// use.
class Ring {
 public:
  Ring(MbufPool& pool, uint32_t size);
  uint32_t size() const { return static_cast<uint32_t>(mbufs_.size()); }
  std::span<rte_mbuf*> mbufs() { return mbufs_; }

 private:
  std::vector<rte_mbuf*> mbufs_;
};

}  // namespace bench
