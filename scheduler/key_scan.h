// Finds the least of many loads in proportion to weight, exactly, four servers at a time: a load
// times what its weight lacks to a common multiple of all weights is a whole number, and these
// compare as the proportions do. Weights without a small common multiple and loads that would not
// fit are left to whoever asked.
#pragma once

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

#include "scheduler/lanes.h"
#include "scheduler/plan.h"

namespace scheduler {

// `Measure` has static Lanes of(LoadLanes).
template <class Measure>
class KeyScan {
 public:
  static constexpr uint32_t kBlock = 64;
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

  // To be called for each server, in order of preference.
  void add(uint32_t slot, uint64_t share) {
    const bool follows = !blocks_.empty() && blocks_.back().count < kBlock &&
                         slot == blocks_.back().slot + blocks_.back().count;
    if (!follows) blocks_.push_back({static_cast<uint32_t>(shares_.size()), slot, 0});
    ++blocks_.back().count;
    shares_.push_back(share);
  }

  // To be called when all have been added.
  void finish() {
    // Below that a plain pass is as fast.
    constexpr size_t kFew = 16;
    uint64_t divisor = 0;
    for (const uint64_t share : shares_) divisor = std::gcd(divisor, share);
    uint64_t multiple = 1;
    if (shares_.size() < kFew || shares_.size() < blocks_.size() * kLanes) multiple = 0;
    for (size_t i = 0; i < shares_.size() && multiple != 0; ++i) {
      multiple = std::lcm(multiple, shares_[i] / divisor);
      if (multiple > kGreatestMultiple) multiple = 0;
    }
    if (multiple != 0) {
      for (const uint64_t share : shares_) {
        factors_.push_back(static_cast<uint32_t>(multiple / (share / divisor)));
      }
      greatest_factor_ = *std::ranges::max_element(factors_);
    } else {
      blocks_.clear();
    }
    shares_ = {};
  }

  bool empty() const { return blocks_.empty(); }

  // How many were added before the one of least load, the first of equals. kNone: it cannot tell.
  [[gnu::noinline]] __attribute__((no_sanitize("thread"))) uint32_t find(
      const LoadView& loads) const {
    Lanes buffers[2][kBlock / kLanes];
    Lanes* keys = buffers[0];
    Lanes* best_keys = buffers[1];
    const Block* best_block = nullptr;
    uint32_t best = kNone;
    const bool alone = loads.workers().size() == 1;
    LoadLanes seen;  // all bits that any count has
    for (const Block& block : blocks_) {
      const uint32_t key = alone ? scan<true>(block, loads.workers(), keys, seen)
                                 : scan<false>(block, loads.workers(), keys, seen);
      if (key >= best) continue;
      best = key;
      best_block = &block;
      std::swap(keys, best_keys);
    }
    if (best_block == nullptr || !fits(seen)) return kNone;
    uint32_t index = 0;
    while (best_keys[index / kLanes][index % kLanes] != best) ++index;
    return best_block->first + index;
  }

 private:
  // Servers whose slots follow one another.
  struct Block {
    uint32_t first;
    uint32_t slot;
    uint32_t count;
  };

  static constexpr uint64_t kGreatestMultiple = 1u << 24;

  // The least key of a block, all of which go to `keys`.
  template <bool alone>
  [[gnu::always_inline]] uint32_t scan(const Block& block, std::span<const lb::Load* const> workers,
                                       Lanes* keys, LoadLanes& seen) const {
    const Lanes all = Lanes{} - 1;
    Lanes low = all;
    const lb::Load* first = workers[0] + block.slot;
    const uint32_t* factors = factors_.data() + block.first;
    const uint32_t whole = block.count / kLanes * kLanes;
    for (uint32_t i = 0; i < whole; i += kLanes) {
      LoadLanes load = loads_at(first + i);
      if constexpr (!alone) {
        for (const lb::Load* worker : workers.subspan(1)) load += loads_at(worker + block.slot + i);
      }
      seen |= load;
      Lanes factor;
      std::memcpy(&factor, factors + i, sizeof factor);
      const Lanes key = Measure::of(load) * factor;
      *keys++ = key;
      low = least(low, key);
    }
    if (whole == block.count) return least_lane(low);
    LoadLanes load;
    Lanes factor{};
    Lanes absent = all;
    for (uint32_t lane = 0; whole + lane < block.count; ++lane) {
      for (const lb::Load* worker : workers) {
        const lb::Load& one = worker[block.slot + whole + lane];
        load.active[lane] += one.active.reader_get();
        load.inactive[lane] += one.inactive.reader_get();
      }
      factor[lane] = factors[whole + lane];
      absent[lane] = 0;
    }
    seen |= load;
    *keys = Measure::of(load) * factor | absent;
    return least_lane(least(low, *keys));
  }

  // Whether all keys are what they ought to be, not the lower half of something longer.
  bool fits(const LoadLanes& seen) const {
    const uint64_t greatest =
        ServerLoad{any_bits(seen.active), any_bits(seen.inactive)}.overhead() + 1;
    return greatest <= (kNone - 1) / greatest_factor_;
  }

  std::vector<Block> blocks_;
  std::vector<uint64_t> shares_;
  std::vector<uint32_t> factors_;
  uint32_t greatest_factor_ = 1;
};

}  // namespace scheduler
