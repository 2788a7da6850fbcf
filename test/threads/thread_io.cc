#include "test/threads/thread_io.h"

#include <rte_mbuf.h>

#include <cstdlib>
#include <cstring>

namespace threads_test {
namespace {

constexpr uint16_t kHeadroom = 128;
constexpr uint16_t kRoom = 2048;

}  // namespace

ThreadIo::~ThreadIo() {
  for (auto& queue : arriving_) {
    for (rte_mbuf* packet : queue) release(&packet, 1);
  }
}

rte_mbuf* ThreadIo::allocate() {
  auto* mbuf = new rte_mbuf{};
  mbuf->buf_addr = std::malloc(kHeadroom + kRoom);
  mbuf->buf_len = kHeadroom + kRoom;
  mbuf->data_off = kHeadroom;
  mbuf->nb_segs = 1;
  mbuf->refcnt = 1;
  buffers_.fetch_add(1, std::memory_order_relaxed);
  return mbuf;
}

void ThreadIo::release(rte_mbuf** packets, uint16_t count) {
  for (uint16_t i = 0; i < count; ++i) {
    std::free(packets[i]->buf_addr);
    delete packets[i];
  }
  buffers_.fetch_sub(count, std::memory_order_relaxed);
}

void ThreadIo::put(dataplane::LinkNumber link, const Bytes& frame) {
  rte_mbuf* mbuf = allocate();
  std::memcpy(rte_pktmbuf_append(mbuf, static_cast<uint16_t>(frame.size())), frame.data(),
              frame.size());
  arriving_[link].push_back(mbuf);
}

uint16_t ThreadIo::receive(dataplane::LinkNumber link, rte_mbuf** packets, uint16_t count) {
  uint16_t n = 0;
  for (auto& queue = arriving_[link]; n < count && !queue.empty(); queue.pop_front()) {
    packets[n++] = queue.front();
  }
  return n;
}

uint16_t ThreadIo::transmit(dataplane::LinkNumber link, rte_mbuf** packets, uint16_t count) {
  for (uint16_t i = 0; i < count; ++i) {
    const View frame(rte_pktmbuf_mtod(packets[i], const uint8_t*), packets[i]->data_len);
    const bool to_server = link == kLan && dataplane_test::get16(frame, 12) == 0x0800;
    if (to_server) last_to_server_.assign(frame.begin() + 14, frame.end());
  }
  sent_ += count;
  release(packets, count);
  return count;
}

}  // namespace threads_test
