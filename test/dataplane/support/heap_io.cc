#include "test/dataplane/support/heap_io.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace dataplane_test {

HeapIo::HeapIo(size_t links) : arriving_(links), limits_(links, 0xffff) {
  static const int ops = register_pool_ops();
  pool_.ops_index = ops;
  pool_.pool_data = this;
}

HeapIo::~HeapIo() {
  while (!live_.empty()) free_segment(*live_.begin());
}

int HeapIo::register_pool_ops() {
  static rte_mempool_ops ops = {};
  std::strcpy(ops.name, "heap_io");
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

rte_mbuf* HeapIo::make(const uint8_t* bytes, size_t length, size_t room) {
  auto* mbuf = new rte_mbuf{};
  mbuf->buf_len = static_cast<uint16_t>(kHeadroom + length + room);
  mbuf->buf_addr = std::malloc(mbuf->buf_len);
  mbuf->data_off = kHeadroom;
  mbuf->nb_segs = 1;
  mbuf->refcnt = 1;
  mbuf->pool = &pool_;
  mbuf->data_len = static_cast<uint16_t>(length);
  mbuf->pkt_len = static_cast<uint32_t>(length);
  if (length > 0) std::memcpy(rte_pktmbuf_mtod(mbuf, void*), bytes, length);
  live_.insert(mbuf);
  return mbuf;
}

void HeapIo::free_segment(rte_mbuf* segment) {
  if (live_.erase(segment) == 0) {
    faults_ += "a buffer was released twice; ";
    return;
  }
  std::free(segment->buf_addr);
  delete segment;
}

rte_mbuf* HeapIo::put(dataplane::LinkNumber link, const Bytes& frame) {
  rte_mbuf* mbuf = make(frame.data(), frame.size(), 0);
  arriving_[link].push_back(mbuf);
  ++waiting_;
  return mbuf;
}

rte_mbuf* HeapIo::put_chained(dataplane::LinkNumber link, const Bytes& frame, size_t first,
                              size_t room) {
  rte_mbuf* head = make(frame.data(), first, room);
  head->next = make(frame.data() + first, frame.size() - first, 0);
  head->nb_segs = 2;
  head->pkt_len = static_cast<uint32_t>(frame.size());
  arriving_[link].push_back(head);
  waiting_ += 2;
  return head;
}

std::vector<SentFrame> HeapIo::take_sent() { return std::exchange(sent_, {}); }

uint16_t HeapIo::receive(dataplane::LinkNumber link, rte_mbuf** packets, uint16_t count) {
  uint16_t n = 0;
  for (auto& queue = arriving_[link]; n < count && !queue.empty(); queue.pop_front()) {
    packets[n++] = queue.front();
    waiting_ -= queue.front()->nb_segs;
  }
  return n;
}

uint16_t HeapIo::transmit(dataplane::LinkNumber link, rte_mbuf** packets, uint16_t count) {
  const uint16_t taken = std::min(count, limits_[link]);
  for (uint16_t i = 0; i < taken; ++i) {
    if (!live_.contains(packets[i])) {
      faults_ += "a released buffer was sent; ";
      continue;
    }
    Bytes frame;
    for (const rte_mbuf* m = packets[i]; m != nullptr; m = m->next) {
      const auto* data = rte_pktmbuf_mtod(m, const uint8_t*);
      frame.insert(frame.end(), data, data + m->data_len);
    }
    if (frame.size() != packets[i]->pkt_len) faults_ += "pkt_len is not the segments' sum; ";
    sent_.push_back({link, std::move(frame)});
    rte_pktmbuf_free(packets[i]);
  }
  sent_total_ += taken;
  return taken;
}

rte_mbuf* HeapIo::allocate() { return allocation_fails_ ? nullptr : make(nullptr, 0, kRoom); }

void HeapIo::release(rte_mbuf** packets, uint16_t count) {
  for (uint16_t i = 0; i < count; ++i) {
    if (!live_.contains(packets[i])) {
      faults_ += "a buffer was released twice; ";
    } else {
      rte_pktmbuf_free(packets[i]);
    }
  }
}

}  // namespace dataplane_test
