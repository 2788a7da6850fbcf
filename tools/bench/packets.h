// Packets as a NIC would leave them, without Ethernet's check sequence, in mbufs of a ring that is
// used again and again.
#pragma once

#include <rte_mbuf.h>

#include <memory>
#include <optional>
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

// The header around a tunnelled packet.
struct Outer {
  lb::Ipv4Address source;
  lb::Ipv4Address destination;
};

// An IP packet in its frame, padded to the shortest that Ethernet carries.
struct Frame {
  lb::MacAddress mac_source;
  lb::MacAddress mac_destination;
  End source;
  End destination;
  lb::Protocol protocol;
  uint8_t tcp_flags = 0;
  uint8_t ttl = 64;
  uint16_t payload = 0;  // bytes after the TCP or UDP header
  std::optional<Outer> outer = {};
};

// The payload that makes a frame of this size, in bytes and with its check sequence (RFC 2544);
// of less than 64, none.
uint16_t payload_of(lb::Protocol protocol, uint16_t frame_bytes);

// Writes the frame, which has no outer header, with correct checksums.
void write(rte_mbuf* mbuf, const Frame& frame);
// Fetches what a NIC would have written last, the mbuf and the headers of each: a payload that was
// written after them may have driven them out of the caches.
void warm_headers(std::span<rte_mbuf*> mbufs);

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
