// A rate limit: `rate` per second, `burst` at once.
#pragma once

#include <algorithm>
#include <cstdint>

#include "lb/tick.h"

namespace dataplane {

class TokenBucket {
 public:
  TokenBucket(uint32_t rate, uint32_t burst) : rate_(rate), burst_(burst), tokens_(burst) {}

  bool take(lb::Tick now) {
    const uint64_t elapsed = now - last_;
    last_ = now;
    remainder_ += elapsed * rate_;
    tokens_ = std::min<uint64_t>(burst_, tokens_ + remainder_ / lb::kTicksPerSecond);
    remainder_ %= lb::kTicksPerSecond;
    if (tokens_ == 0) return false;
    --tokens_;
    return true;
  }

 private:
  uint64_t rate_;
  uint64_t burst_;
  uint64_t tokens_;
  uint64_t remainder_ = 0;
  lb::Tick last_ = 0;
};

}  // namespace dataplane
