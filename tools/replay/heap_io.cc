#include "tools/replay/heap_io.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace replay {
namespace {

// As in a link's buffers: room for an outer header before the frame, and some behind it.
constexpr size_t kHeadroom = 128;
constexpr size_t kTailroom = 128;
// What a link's buffers hold at least (RTE_MBUF_DEFAULT_DATAROOM).
constexpr size_t kUsualRoom = 2048;

}  // namespace

HeapIo::HeapIo(uint16_t largest_packet)
    : room_(static_cast<uint16_t>(
          std::clamp<size_t>(largest_packet + kTailroom, kUsualRoom, kLargestFrame))) {
  static const int ops = register_pool_ops();
  pool_.ops_index = ops;
  pool_.pool_data = this;
}

HeapIo::~HeapIo() {
  while (!live_.empty()) free_segment(*live_.begin());
}

int HeapIo::register_pool_ops() {
  static rte_mempool_ops ops = {};
  std::strcpy(ops.name, "replay_heap");
  ops.alloc = [](rte_mempool*) { return 0; };
  ops.enqueue = enqueue;
  ops.dequeue = [](rte_mempool*, void**, unsigned) { return -1; };
  ops.get_count = [](const rte_mempool*) { return 0u; };
  return rte_mempool_register_ops(&ops);
}

int HeapIo::enqueue(rte_mempool* pool, void* const* objects, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    static_cast<HeapIo*>(pool->pool_data)->free_segment(static_cast<rte_mbuf*>(objects[i]));
  }
  return 0;
}

void HeapIo::free_segment(rte_mbuf* segment) {
  live_.erase(segment);
  std::free(segment->buf_addr);
  delete segment;
}

rte_mbuf* HeapIo::make(std::span<const uint8_t> bytes, size_t room) {
  auto* mbuf = new rte_mbuf{};
  mbuf->buf_len = static_cast<uint16_t>(kHeadroom + bytes.size() + room);
  mbuf->buf_addr = std::malloc(mbuf->buf_len);
  mbuf->data_off = kHeadroom;
  mbuf->nb_segs = 1;
  mbuf->refcnt = 1;
  mbuf->pool = &pool_;
  mbuf->data_len = static_cast<uint16_t>(bytes.size());
  mbuf->pkt_len = static_cast<uint32_t>(bytes.size());
  if (!bytes.empty()) std::memcpy(rte_pktmbuf_mtod(mbuf, void*), bytes.data(), bytes.size());
  live_.insert(mbuf);
  return mbuf;
}

void HeapIo::put(dataplane::LinkNumber link, std::span<const uint8_t> frame) {
  waiting_ = make(frame, kTailroom);
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
    Sent& sent = sent_.emplace_back(Sent{link, {}});
    for (const rte_mbuf* segment = packets[i]; segment != nullptr; segment = segment->next) {
      const auto* data = rte_pktmbuf_mtod(segment, const uint8_t*);
      sent.frame.insert(sent.frame.end(), data, data + segment->data_len);
    }
    rte_pktmbuf_free(packets[i]);
  }
  return count;
}

rte_mbuf* HeapIo::allocate() { return make({}, room_); }

void HeapIo::release(rte_mbuf** packets, uint16_t count) {
  for (uint16_t i = 0; i < count; ++i) rte_pktmbuf_free(packets[i]);
}

}  // namespace replay
