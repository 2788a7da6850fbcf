// What routers have said about the way to tunnel ends (RFC 1191): the largest packet that fits,
// believed for ten minutes. Bounded; one thread.
#pragma once

#include <unordered_map>

#include "lb/family.h"
#include "lb/tick.h"

namespace dataplane {

template <class F>
class PathMtus {
 public:
  static constexpr size_t kCapacity = 16384;
  static constexpr lb::Tick kLifetime = 600 * lb::kTicksPerSecond;  // RFC 1191 section 6.3
  static constexpr uint16_t kLeast = 552;                           // Linux: min_pmtu

  // The largest packet towards `destination` over a link that takes `link_mtu`.
  uint16_t limit(typename F::Address destination, uint16_t link_mtu, lb::Tick now) {
    if (known_.empty()) return link_mtu;
    const auto found = known_.find(destination.bits.raw());
    if (found == known_.end()) return link_mtu;
    if (!lb::before(now, found->second.until)) {
      known_.erase(found);
      return link_mtu;
    }
    return std::min(link_mtu, found->second.mtu);
  }

  void learn(typename F::Address destination, uint16_t mtu, lb::Tick now) {
    if (known_.size() >= kCapacity && !known_.contains(destination.bits.raw())) known_.clear();
    const auto [place, is_new] = known_.try_emplace(destination.bits.raw());
    Known& known = place->second;
    // RFC 1191 section 3: a message never makes the way wider; it is late, or forged.
    if (!is_new && lb::before(now, known.until) && known.mtu < mtu) return;
    known = {std::max(mtu, kLeast), now + kLifetime};
  }

 private:
  struct Known {
    uint16_t mtu;
    lb::Tick until;
  };
  std::unordered_map<uint32_t, Known> known_;
};

}  // namespace dataplane
