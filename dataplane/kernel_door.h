// A worker's own side of the way to the kernel and back. What it gives is bounded, per turn and per
// second, so that it never keeps the worker from its clients; what finds no room is counted. It
// makes no system call: the twins' thread looks into the rings by itself.
#pragma once

#include <vector>

#include "dataplane/kernel_exchange.h"
#include "dataplane/worker_counters.h"

namespace dataplane {

class KernelDoor {
 public:
  // Frames each way that one turn of the worker moves at most.
  static constexpr uint32_t kPerTurn = 32;

  // `exchange`: nullptr where no link has a twin.
  KernelDoor(KernelExchange* exchange, WorkerNumber self, WorkerCounters& counters)
      : exchange_(exchange),
        self_(self),
        counters_(counters),
        dropped_(exchange != nullptr ? exchange->links() : 0) {}

  // To be called once a turn.
  void begin() { given_ = {}; }

  bool leads_out(LinkNumber link) const {
    return exchange_ != nullptr && exchange_->has_twin(link);
  }
  // Whether frames that belong together, none longer than `longest` bytes, may go to the kernel:
  // then each is to be given. Otherwise says why none goes. A datagram in fragments that begins
  // within a turn's bounds may exceed them. Precondition: leads_out.
  std::optional<lb::DropReason> admit(LinkNumber link, uint32_t frames, size_t longest,
                                      KernelShare share, lb::Tick now);
  // Gives the kernel a copy of a frame that has been admitted.
  void give(LinkNumber link, std::span<const uint8_t> frame);

  // What the kernel sends, as `send(frame)`, which is false where it has to wait: at most a turn's
  // worth. Returns how many were sent.
  template <class Send>
  uint32_t take(Send send) {
    if (exchange_ == nullptr) return 0;
    FrameRing& ring = exchange_->from_kernel(self_);
    uint32_t taken = 0;
    while (taken < kPerTurn) {
      const auto frame = ring.reader_front();
      if (!frame || !send(*frame)) break;
      ring.reader_pop();
      ++taken;
    }
    return taken;
  }

  // Frames for the kernel that the worker had to drop. Any thread.
  uint64_t reader_dropped(LinkNumber link) const { return dropped_[link].reader_get(); }

 private:
  std::optional<lb::DropReason> why_not(LinkNumber link, uint32_t frames, size_t longest,
                                        KernelShare share, lb::Tick now);

  KernelExchange* exchange_;
  WorkerNumber self_;
  WorkerCounters& counters_;
  // In this turn, of each share: what one brings costs the other nothing.
  std::array<uint32_t, kKernelShares> given_{};
  std::vector<lb::Counter<uint64_t>> dropped_;  // by link
};

}  // namespace dataplane
