// Ports that count: packets are received from a ring, and what is sent or dropped stays there, to
// be looked at and used again.
#pragma once

#include <algorithm>
#include <span>
#include <utility>

#include "dataplane/io.h"

namespace bench {

class CountingIo final : public dataplane::Io {
 public:
  // What `receive` then returns, a burst at a time.
  void arrive(dataplane::LinkNumber link, std::span<rte_mbuf*> packets, uint16_t burst) {
    link_ = link;
    arriving_ = packets;
    burst_ = burst;
  }
  bool has_received_all() const { return arriving_.empty(); }
  // All that is received and sent goes by another's way instead; nullptr: no more.
  void divert(dataplane::Io* other) { other_ = other; }

  uint16_t receive(dataplane::LinkNumber link, rte_mbuf** packets, uint16_t count) override {
    if (other_ != nullptr) return other_->receive(link, packets, count);
    if (link != link_ || arriving_.empty()) return 0;
    const size_t received = std::min<size_t>({count, burst_, arriving_.size()});
    std::copy_n(arriving_.begin(), received, packets);
    arriving_ = arriving_.subspan(received);
    return static_cast<uint16_t>(received);
  }
  uint16_t transmit(dataplane::LinkNumber link, rte_mbuf** packets, uint16_t count) override {
    if (other_ != nullptr) return other_->transmit(link, packets, count);
    sent_ += count;
    return count;
  }
  // The director makes no packets of its own here: whoever asks for a buffer has lost a packet.
  rte_mbuf* allocate() override { return nullptr; }
  void release(rte_mbuf** packets, uint16_t count) override {
    if (other_ != nullptr) other_->release(packets, count);
  }

  // Packets sent since the last call.
  uint64_t take_sent() { return std::exchange(sent_, 0); }

 private:
  dataplane::Io* other_ = nullptr;
  uint64_t sent_ = 0;
  std::span<rte_mbuf*> arriving_;
  dataplane::LinkNumber link_ = 0;
  uint16_t burst_ = 0;
};

}  // namespace bench
