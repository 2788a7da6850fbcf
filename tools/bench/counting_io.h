// Ports that count: what is sent or dropped stays in its ring, to be looked at and used again.
#pragma once

#include <utility>

#include "dataplane/io.h"

namespace bench {

class CountingIo final : public dataplane::Io {
 public:
  uint16_t receive(dataplane::LinkNumber, rte_mbuf**, uint16_t) override { return 0; }
  uint16_t transmit(dataplane::LinkNumber, rte_mbuf**, uint16_t count) override {
    sent_ += count;
    return count;
  }
  // The director makes no packets of its own here: whoever asks for a buffer has lost a packet.
  rte_mbuf* allocate() override { return nullptr; }
  void release(rte_mbuf**, uint16_t) override {}

  // Packets sent since the last call.
  uint64_t take_sent() { return std::exchange(sent_, 0); }

 private:
  uint64_t sent_ = 0;
};

}  // namespace bench
