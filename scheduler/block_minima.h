// What a worker remembers of the servers that it last looked through: the least of each block of
// them, which holds until a load of that block changes. One thread; any number of plans share it,
// and what does not fit is looked through again.
#pragma once

#include <cstdint>
#include <vector>

namespace scheduler {

class BlockMinima {
 public:
  static constexpr uint32_t kMost = 1024;

  struct Minimum {
    uint64_t plan = 0;     // its serial; 0: nothing is remembered
    uint32_t changes = 0;  // LoadView::changes of the block when it was looked through
    uint32_t index = 0;    // of the first server of least load
    double key = 0;        // its load, not negative
  };

  // Where a plan's blocks, up to kMost, have their places, which others may have taken since.
  Minimum* of(uint64_t plan) { return &minima_[plan * 0x9e3779b97f4a7c15 >> 32 & (kMost - 1)]; }

 private:
  std::vector<Minimum> minima_ = std::vector<Minimum>(2 * kMost);
};

}  // namespace scheduler
