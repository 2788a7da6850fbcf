// A rate limit of the whole director: `rate` per second, `burst` at once, whichever workers take.
// Any thread. One that is empty costs its takers a read of memory that nobody writes.
#pragma once

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstdint>

#include "lb/tick.h"

namespace dataplane {

class TokenBucket {
 public:
  // Preconditions: burst < 2^28, and no less than the rate brings in a tick: what is beyond is
  // lost.
  TokenBucket(uint32_t rate, uint32_t burst, lb::Tick now = 0)
      : rate_(rate), full_(burst * kToken), state_(pack(now, burst * kToken)) {
    assert(full_ >= rate);
  }

  // All of `count` tokens, or none.
  bool take(lb::Tick now, uint32_t count = 1) {
    const uint32_t wanted = count * kToken;
    uint64_t state = state_.load(std::memory_order_relaxed);
    for (;;) {
      // Another worker may have read the clock a little later than this one.
      const lb::Tick last = tick_of(state);
      const lb::Tick time = lb::before(last, now) ? now : last;
      const uint64_t grown = level_of(state) + uint64_t{time - last} * rate_;
      const auto level = static_cast<uint32_t>(std::min<uint64_t>(full_, grown));
      if (level < wanted) return false;
      if (state_.compare_exchange_weak(state, pack(time, level - wanted),
                                       std::memory_order_relaxed)) {
        return true;
      }
    }
  }

 private:
  // A tick adds `rate` parts.
  static constexpr uint32_t kToken = lb::kTicksPerSecond;

  static uint64_t pack(lb::Tick tick, uint32_t level) { return uint64_t{tick} << 32 | level; }
  static lb::Tick tick_of(uint64_t state) { return static_cast<lb::Tick>(state >> 32); }
  static uint32_t level_of(uint64_t state) { return static_cast<uint32_t>(state); }

  uint64_t rate_;
  uint32_t full_;
  std::atomic<uint64_t> state_;
};

}  // namespace dataplane
