// Flows in random order, round and round: each comes once before any comes again. All cases over
// the same flows share one, so each goes on where the last stopped, and none finds in the caches
// what another has just had there.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace bench {

class Rotation {
 public:
  Rotation(std::vector<uint32_t> flows, uint32_t seed) : flows_(std::move(flows)) {
    std::shuffle(flows_.begin(), flows_.end(), std::mt19937(seed));
  }
  size_t size() const { return flows_.size(); }
  uint32_t next() { return flows_[next_++ % flows_.size()]; }
  std::vector<uint32_t> next(size_t count) {
    std::vector<uint32_t> result(count);
    for (uint32_t& flow : result) flow = next();
    return result;
  }

 private:
  std::vector<uint32_t> flows_;
  size_t next_ = 0;
};

}  // namespace bench
