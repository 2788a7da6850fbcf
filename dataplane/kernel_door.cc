#include "dataplane/kernel_door.h"

namespace dataplane {

using lb::DropReason;

std::optional<DropReason> KernelDoor::why_not(LinkNumber link, size_t length, KernelShare share,
                                              lb::Tick now) {
  FrameRing& ring = exchange_->to_kernel(self_);
  if (length > ring.largest()) return DropReason::kTooBig;
  if (given_[static_cast<size_t>(share)] == kPerTurn || !exchange_->limit(link, share).take(now)) {
    return DropReason::kKernelLimit;
  }
  // Half of the ring is kept for the neighbours.
  const uint32_t room = share == KernelShare::kNeighbours ? 1 : FrameRing::kFrames / 2;
  if (!ring.writer_has_room(room)) return DropReason::kKernelFull;
  return std::nullopt;
}

std::optional<DropReason> KernelDoor::give(LinkNumber link, std::span<const uint8_t> frame,
                                           KernelShare share, lb::Tick now) {
  if (const auto reason = why_not(link, frame.size(), share, now)) {
    dropped_[link].add(1);
    return reason;
  }
  exchange_->to_kernel(self_).writer_put(link, frame);
  ++given_[static_cast<size_t>(share)];
  counters_.to_kernel.add(1);
  return std::nullopt;
}

}  // namespace dataplane
