// The wires of one worker on a thread of its own, in its memory alone: frames are fed by the
// worker's thread, what is sent is looked at and freed by it. Buffers come from malloc and may be
// freed by any thread, as packets that workers hand to one another are.
#pragma once

#include <atomic>
#include <deque>
#include <string>

#include "dataplane/io.h"
#include "test/dataplane/support/bytes.h"

namespace threads_test {

using dataplane_test::Bytes;
using dataplane_test::View;

inline constexpr dataplane::LinkNumber kWan = 0, kLan = 1;

class ThreadIo final : public dataplane::Io {
 public:
  // `buffers`: how many there are at this moment, everybody's.
  explicit ThreadIo(std::atomic<int64_t>& buffers) : buffers_(buffers) {}
  ThreadIo(const ThreadIo&) = delete;
  ThreadIo& operator=(const ThreadIo&) = delete;
  ~ThreadIo() override;

  void put(dataplane::LinkNumber link, const Bytes& frame);
  uint64_t sent() const { return sent_; }
  // An IP packet that has lately gone to a server, or none.
  const Bytes& last_to_server() const { return last_to_server_; }
  bool is_empty() const { return arriving_[kWan].empty() && arriving_[kLan].empty(); }

  uint16_t receive(dataplane::LinkNumber link, rte_mbuf** packets, uint16_t count) override;
  uint16_t transmit(dataplane::LinkNumber link, rte_mbuf** packets, uint16_t count) override;
  rte_mbuf* allocate() override;
  void release(rte_mbuf** packets, uint16_t count) override;

 private:
  std::atomic<int64_t>& buffers_;
  std::deque<rte_mbuf*> arriving_[2];
  uint64_t sent_ = 0;
  Bytes last_to_server_;
};

}  // namespace threads_test
