// Where the workers and the kernel's twins of their links meet: for every worker a ring of frames
// each way, and for every link how much its neighbours, and all others, may send the kernel.
#pragma once

#include <array>
#include <deque>
#include <vector>

#include "dataplane/frame_ring.h"
#include "dataplane/owner.h"
#include "dataplane/token_bucket.h"

namespace dataplane {

// Whose packets for the kernel these are. What hosts on the link send (real servers' answers to
// health checks, routers' BGP) and what only neighbours can (ARP, VRRP, OSPF) has a limit and room
// of its own: a flood from afar costs neither a health check nor a director its place.
enum class KernelShare : uint8_t { kNeighbours, kOthers };
inline constexpr size_t kKernelShares = 2;

class KernelExchange {
 public:
  // Packets per second and link. The kernel takes some 170,000 a second from a TAP with a CPU of
  // its own; a worker copies one in well below a microsecond.
  static constexpr uint32_t kNeighboursPerSecond = 50'000;
  static constexpr uint32_t kOthersPerSecond = 20'000;
  static constexpr uint32_t kAtOnce = 4096;

  // `twins`: by link, whether it has one. `largest_frame`: bytes, of all links that have.
  KernelExchange(std::vector<bool> twins, WorkerNumber workers, uint16_t largest_frame)
      : twins_(std::move(twins)) {
    for (size_t link = 0; link < twins_.size(); ++link) {
      limits_.emplace_back(kNeighboursPerSecond, kAtOnce);
      limits_.emplace_back(kOthersPerSecond, kAtOnce);
    }
    for (WorkerNumber worker = 0; worker < workers; ++worker) {
      to_kernel_.emplace_back(largest_frame);
      from_kernel_.emplace_back(largest_frame);
    }
  }

  LinkNumber links() const { return static_cast<LinkNumber>(twins_.size()); }
  bool has_twin(LinkNumber link) const { return twins_[link]; }
  WorkerNumber workers() const { return static_cast<WorkerNumber>(to_kernel_.size()); }
  TokenBucket& limit(LinkNumber link, KernelShare share) {
    return limits_[link * kKernelShares + static_cast<size_t>(share)];
  }
  // The worker writes the first and reads the second, the twins' thread the other way round.
  FrameRing& to_kernel(WorkerNumber worker) { return to_kernel_[worker]; }
  FrameRing& from_kernel(WorkerNumber worker) { return from_kernel_[worker]; }

 private:
  std::vector<bool> twins_;
  std::deque<TokenBucket> limits_;
  std::deque<FrameRing> to_kernel_;
  std::deque<FrameRing> from_kernel_;
};

}  // namespace dataplane
