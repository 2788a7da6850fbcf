#include "test/dataplane/support/heap_io.h"

#include <algorithm>
#include <utility>

namespace dataplane_test {

std::string HeapIo::faults() const {
  std::string faults = faults_;
  for (uint64_t i = 0; i < mbufs_.false_frees(); ++i) faults += "a buffer was released twice; ";
  return faults;
}

rte_mbuf* HeapIo::put(dataplane::LinkNumber link, const Bytes& frame) {
  rte_mbuf* mbuf = mbufs_.make(frame, 0);
  arriving_[link].push_back(mbuf);
  ++waiting_;
  return mbuf;
}

rte_mbuf* HeapIo::put_chained(dataplane::LinkNumber link, const Bytes& frame, size_t first,
                              size_t room) {
  rte_mbuf* head = mbufs_.make(View(frame).first(first), room);
  head->next = mbufs_.make(View(frame).subspan(first), 0);
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
    if (!mbufs_.is_live(packets[i])) {
      faults_ += "a released buffer was sent; ";
      continue;
    }
    Bytes frame = dataplane::HeapMbufs::bytes_of(packets[i]);
    if (frame.size() != packets[i]->pkt_len) faults_ += "pkt_len is not the segments' sum; ";
    sent_.push_back({link, std::move(frame)});
    rte_pktmbuf_free(packets[i]);
  }
  sent_total_ += taken;
  return taken;
}

rte_mbuf* HeapIo::allocate() { return allocation_fails_ ? nullptr : mbufs_.make({}, kRoom); }

void HeapIo::release(rte_mbuf** packets, uint16_t count) {
  for (uint16_t i = 0; i < count; ++i) {
    if (!mbufs_.is_live(packets[i])) {
      faults_ += "a buffer was released twice; ";
    } else {
      rte_pktmbuf_free(packets[i]);
    }
  }
}

}  // namespace dataplane_test
