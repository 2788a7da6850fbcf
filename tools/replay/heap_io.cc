#include "tools/replay/heap_io.h"

#include <algorithm>
#include <utility>

namespace replay {
namespace {

// Behind a frame, as in a link's buffers.
constexpr size_t kTailroom = 128;
// What a link's buffers hold at least (RTE_MBUF_DEFAULT_DATAROOM).
constexpr size_t kUsualRoom = 2048;

}  // namespace

HeapIo::HeapIo(uint16_t largest_packet)
    : room_(static_cast<uint16_t>(
          std::clamp<size_t>(largest_packet + kTailroom, kUsualRoom, kLargestFrame))) {}

void HeapIo::put(dataplane::LinkNumber link, std::span<const uint8_t> frame) {
  waiting_ = mbufs_.make(frame, kTailroom);
  waiting_link_ = link;
}

std::vector<HeapIo::Sent> HeapIo::take_sent() { return std::exchange(sent_, {}); }

uint16_t HeapIo::receive(dataplane::LinkNumber link, rte_mbuf** packets, uint16_t count) {
  if (waiting_ == nullptr || link != waiting_link_ || count == 0) return 0;
  packets[0] = std::exchange(waiting_, nullptr);
  return 1;
}

uint16_t HeapIo::transmit(dataplane::LinkNumber link, rte_mbuf** packets, uint16_t count) {
  for (uint16_t i = 0; i < count; ++i) {
    sent_.push_back({link, dataplane::HeapMbufs::bytes_of(packets[i])});
    rte_pktmbuf_free(packets[i]);
  }
  return count;
}

rte_mbuf* HeapIo::allocate() { return mbufs_.make({}, room_); }

void HeapIo::release(rte_mbuf** packets, uint16_t count) {
  for (uint16_t i = 0; i < count; ++i) rte_pktmbuf_free(packets[i]);
}

}  // namespace replay
