// The wires of a world, made of nothing but heap memory: every mbuf is exactly as long as its
// frame, so that AddressSanitizer sees a read or a write past it. No EAL, no pool.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "dataplane/heap_mbufs.h"
#include "dataplane/io.h"
#include "test/dataplane/support/bytes.h"

namespace dataplane_test {

struct SentFrame {
  dataplane::LinkNumber link;
  Bytes bytes;
};

class HeapIo final : public dataplane::Io {
 public:
  explicit HeapIo(size_t links) : arriving_(links), limits_(links, 0xffff) {}

  // Queues a frame for receive(). The mbuf is returned so that a test may set flags of the device.
  rte_mbuf* put(dataplane::LinkNumber link, const Bytes& frame);
  // As put, the frame split after `first` bytes over two buffers; `room` bytes are free in the
  // first.
  rte_mbuf* put_chained(dataplane::LinkNumber link, const Bytes& frame, size_t first, size_t room);

  // How many packets a port takes in one call from now on.
  void set_transmit_limit(dataplane::LinkNumber link, uint16_t packets) { limits_[link] = packets; }
  void set_allocation_fails(bool fails) { allocation_fails_ = fails; }

  // What left since the last call, in order.
  std::vector<SentFrame> take_sent();
  uint64_t sent_total() const { return sent_total_; }

  // Buffers that somebody still holds, those that wait for receive() not counted.
  size_t outstanding() const { return mbufs_.live() - waiting_; }
  // What was done to buffers that must not be: empty when all is well.
  std::string faults() const;

  uint16_t receive(dataplane::LinkNumber link, rte_mbuf** packets, uint16_t count) override;
  uint16_t transmit(dataplane::LinkNumber link, rte_mbuf** packets, uint16_t count) override;
  rte_mbuf* allocate() override;
  void release(rte_mbuf** packets, uint16_t count) override;

 private:
  static constexpr uint16_t kRoom = 2048;  // of an allocated buffer

  dataplane::HeapMbufs mbufs_;
  std::vector<std::deque<rte_mbuf*>> arriving_;
  size_t waiting_ = 0;  // segments in arriving_
  std::vector<uint16_t> limits_;
  bool allocation_fails_ = false;
  std::vector<SentFrame> sent_;
  uint64_t sent_total_ = 0;
  std::string faults_;
};

}  // namespace dataplane_test
