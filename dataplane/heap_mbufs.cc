#include "dataplane/heap_mbufs.h"

#include <cstdlib>
#include <cstring>

namespace dataplane {

HeapMbufs::HeapMbufs() {
  static const int ops = register_pool_ops();
  pool_.ops_index = ops;
  pool_.pool_data = this;
}

HeapMbufs::~HeapMbufs() {
  while (!live_.empty()) free_segment(*live_.begin());
}

int HeapMbufs::register_pool_ops() {
  static rte_mempool_ops ops = {};
  std::strcpy(ops.name, "heap_mbufs");
  ops.alloc = [](rte_mempool*) { return 0; };
  ops.enqueue = enqueue;
  ops.dequeue = [](rte_mempool*, void**, unsigned) { return -1; };
  ops.get_count = [](const rte_mempool*) { return 0u; };
  return rte_mempool_register_ops(&ops);
}

int HeapMbufs::enqueue(rte_mempool* pool, void* const* objects, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    static_cast<HeapMbufs*>(pool->pool_data)->free_segment(static_cast<rte_mbuf*>(objects[i]));
  }
  return 0;
}

void HeapMbufs::free_segment(const rte_mbuf* segment) {
  if (live_.erase(segment) == 0) {
    ++false_frees_;
    return;
  }
  std::free(segment->buf_addr);
  delete segment;
}

rte_mbuf* HeapMbufs::make(std::span<const uint8_t> bytes, size_t room) {
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

std::vector<uint8_t> HeapMbufs::bytes_of(const rte_mbuf* frame) {
  std::vector<uint8_t> bytes;
  for (const rte_mbuf* segment = frame; segment != nullptr; segment = segment->next) {
    const auto* data = rte_pktmbuf_mtod(segment, const uint8_t*);
    bytes.insert(bytes.end(), data, data + segment->data_len);
  }
  return bytes;
}

}  // namespace dataplane
