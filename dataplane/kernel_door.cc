#include "dataplane/kernel_door.h"

namespace dataplane {

using lb::DropReason;

// The limit comes last: what goes nowhere takes nothing from it.
std::optional<DropReason> KernelDoor::why_not(LinkNumber link, uint32_t frames, size_t longest,
                                              KernelShare share, lb::Tick now) {
  FrameRing& ring = exchange_->to_kernel(self_);
  if (longest > ring.largest()) return DropReason::kTooBig;
  if (given_[static_cast<size_t>(share)] >= kPerTurn) return DropReason::kKernelLimit;
  // Half of the ring is kept for the neighbours.
  const uint32_t kept = share == KernelShare::kNeighbours ? 0 : FrameRing::kFrames / 2;
  if (!ring.writer_has_room(frames + kept)) return DropReason::kKernelFull;
  if (!exchange_->limit(link, share).take(now, frames)) return DropReason::kKernelLimit;
  return std::nullopt;
}

std::optional<DropReason> KernelDoor::admit(LinkNumber link, uint32_t frames, size_t longest,
                                            KernelShare share, lb::Tick now) {
  const auto reason = why_not(link, frames, longest, share, now);
  if (reason) {
    dropped_[link].add(frames);
  } else {
    given_[static_cast<size_t>(share)] += frames;
  }
  return reason;
}

void KernelDoor::give(LinkNumber link, std::span<const uint8_t> frame) {
  exchange_->to_kernel(self_).writer_put(link, frame);
  counters_.to_kernel.add(1);
}

}  // namespace dataplane
