// Finds the least of many loads in proportion to weight, exactly, four servers at a time by AVX2.
//
// A load is multiplied by its weight's inverse, in doubles. Two such keys that stand for the same
// proportion differ by rounding, less than 2^-51 of themselves; those of different proportions
// differ by more than 2^-49 as long as loads times weights stay below 2^48. So a difference tells
// which it is, and nothing need be compared crosswise. Greater loads are left to whoever asked. A
// sum over workers fits into 32 bits, as all connections are numbered in these.
//
// A worker that remembers the least of each block (block_minima.h) looks only through those blocks
// whose loads have changed since: of one server's, as a rule.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <limits>
#include <numeric>
#include <vector>

#include "lb/serial.h"
#include "scheduler/measures.h"
#include "scheduler/plan.h"

namespace scheduler {

template <Measure measure>
class KeyScan {
 public:
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

  // To be called for each server, in order of preference.
  void add(uint32_t slot, uint64_t share) {
    const bool follows = !blocks_.empty() && slot % kBlock != 0 &&
                         slot == blocks_.back().slot + blocks_.back().count;
    if (!follows) blocks_.push_back({static_cast<uint32_t>(shares_.size()), slot, 0});
    ++blocks_.back().count;
    shares_.push_back(share);
  }

  // To be called when all have been added.
  void finish() {
    uint64_t divisor = 0;
    uint64_t greatest_share = 1;
    for (const uint64_t share : shares_) divisor = std::gcd(divisor, share);
    for (const uint64_t share : shares_) {
      assert(share > 0 && divisor > 0);
      inverses_.push_back(1.0 / static_cast<double>(share / divisor));
      greatest_share = std::max(greatest_share, share / divisor);
    }
    limit_ = (uint64_t{1} << 48) / greatest_share;
    inverses_.resize(inverses_.size() + kLanes - 1);
    // Of fewer servers, or of slots all over the place, one by one is as fast.
    const bool worthwhile = shares_.size() >= kLanes && shares_.size() >= blocks_.size() * kLanes;
    if (!worthwhile || !__builtin_cpu_supports("avx2")) blocks_.clear();
    shares_ = {};
  }

  bool empty() const { return blocks_.empty(); }

  // How many were added before the one of least load, the first of equals. kNone: it cannot tell.
  // `minima`: as Request has them.
  uint32_t find(const LoadView& loads, BlockMinima* minima) const {
    // Where there is one block only, it has changed since: by the connection that came of it.
    if (blocks_.size() == 1) return minimum_of(blocks_[0], loads).index;
    if (minima != nullptr && blocks_.size() <= BlockMinima::kMost) {
      return find_remembering(loads, minima->of(plan_.number()));
    }
    double least = std::numeric_limits<double>::infinity();
    uint32_t found = kNone;
    for (const Block& block : blocks_) {
      const BlockMinima::Minimum minimum = minimum_of(block, loads);
      if (minimum.index == kNone) return kNone;
      if (minimum.key >= least * (1 - kTie)) continue;
      least = minimum.key;
      found = minimum.index;
    }
    return found;
  }

 private:
  static constexpr uint32_t kLanes = 4;
  static constexpr uint32_t kBlock = lb::LoadChanges::kBlock;
  static constexpr double kTie = 0x1p-49;

  // Servers whose slots follow one another, within a block of slots.
  struct Block {
    uint32_t first;
    uint32_t slot;
    uint32_t count;
  };

  uint32_t find_remembering(const LoadView& loads, BlockMinima::Minimum* minima) const {
    // Doubles that are not negative have the order of their bits, whose least needs no branch.
    uint64_t least = std::numeric_limits<uint64_t>::max();
    for (size_t i = 0; i < blocks_.size(); ++i) {
      BlockMinima::Minimum& minimum = minima[i];
      const uint32_t changes = loads.changes(blocks_[i].slot);
      if (minimum.changes != changes || minimum.plan != plan_.number()) [[unlikely]] {
        minimum = minimum_of(blocks_[i], loads);
        minimum.plan = plan_.number();
        minimum.changes = changes;
      }
      least = std::min(least, std::bit_cast<uint64_t>(minimum.key));
    }
    const double most = std::bit_cast<double>(least) * (1 + kTie);
    const BlockMinima::Minimum* found = minima;
    while (found->key > most) ++found;
    return found->index;
  }

  // The first of least load of a block; kNone, if it cannot tell.
  BlockMinima::Minimum minimum_of(const Block& block, const LoadView& loads) const {
    return loads.workers().size() == 1 ? scan<true>(block, loads) : scan<false>(block, loads);
  }

  // Nothing branches on what the loads are: it would be guessed wrong each time.
  //
  // Counts are read as their workers write them, by plain loads: on x86 a vector's load does not
  // tear the aligned words in it, so each is what a relaxed atomic load would give. The language
  // has no word for that, hence no_sanitize.
  template <bool alone>
  __attribute__((noinline, target("avx2"), no_sanitize("thread"))) BlockMinima::Minimum scan(
      const Block& block, const LoadView& loads) const {
    static_assert(sizeof(lb::Load) == 8 && offsetof(lb::Load, inactive) == 4);
    using Words = const long long*;
    const std::span<const lb::Load* const> workers = loads.workers();
    const double* inverses = inverses_.data() + block.first;
    const __m256d infinity = _mm256_set1_pd(std::numeric_limits<double>::infinity());
    // A double of this exponent holds a whole number in its lower 52 bits.
    const __m256i exponent = _mm256_set1_epi64x(0x4330000000000000);
    const __m256i lanes = _mm256_set_epi64x(3, 2, 1, 0);
    __m256d keys[kBlock / kLanes];
    __m256d low = infinity;
    __m256i bits = _mm256_setzero_si256();  // all that any count has, active ones in lower halves
    for (uint32_t i = 0; i < block.count; i += kLanes) {
      const __m256i there = _mm256_cmpgt_epi64(_mm256_set1_epi64x(block.count - i), lanes);
      const uint32_t slot = block.slot + i;
      __m256i counts = _mm256_setzero_si256();
      for (const lb::Load* worker : alone ? workers.first(1) : workers) {
        counts = _mm256_add_epi32(
            counts, _mm256_maskload_epi64(reinterpret_cast<Words>(worker + slot), there));
      }
      bits = _mm256_or_si256(bits, counts);
      __m256i load;
      if constexpr (measure == Measure::kOverhead) {
        // Of each count in 64 bits the product takes the lower half, the active ones.
        load = _mm256_add_epi64(_mm256_mul_epu32(counts, _mm256_set1_epi64x(256)),
                                _mm256_srli_epi64(counts, 32));
      } else {
        const __m256i active = _mm256_and_si256(counts, _mm256_set1_epi64x(0xffffffff));
        load = _mm256_add_epi64(active, _mm256_set1_epi64x(1));
        if constexpr (measure == Measure::kNeverQueue) {
          const __m256i idle = _mm256_cmpeq_epi64(active, _mm256_setzero_si256());
          load = _mm256_andnot_si256(idle, load);
        }
      }
      const __m256d real = _mm256_sub_pd(_mm256_castsi256_pd(_mm256_or_si256(load, exponent)),
                                         _mm256_castsi256_pd(exponent));
      const __m256d key = _mm256_mul_pd(real, _mm256_loadu_pd(inverses + i));
      keys[i / kLanes] = _mm256_blendv_pd(infinity, key, _mm256_castsi256_pd(there));
      low = _mm256_min_pd(low, keys[i / kLanes]);
    }
    const __m128i half_bits =
        _mm_or_si128(_mm256_castsi256_si128(bits), _mm256_extracti128_si256(bits, 1));
    const uint64_t all = static_cast<uint64_t>(_mm_extract_epi64(half_bits, 0)) |
                         static_cast<uint64_t>(_mm_extract_epi64(half_bits, 1));
    if (ServerLoad{all & 0xffffffff, all >> 32}.overhead() + 1 >= limit_) return {.index = kNone};

    const __m128d half = _mm_min_pd(_mm256_castpd256_pd128(low), _mm256_extractf128_pd(low, 1));
    const double least = std::min(half[0], half[1]);
    const __m256d most = _mm256_set1_pd(least * (1 + kTie));
    uint64_t equals = 0;
    for (uint32_t i = 0; i < block.count; i += kLanes) {
      const __m256d is_equal = _mm256_cmp_pd(keys[i / kLanes], most, _CMP_LE_OQ);
      equals |= static_cast<uint64_t>(_mm256_movemask_pd(is_equal)) << i;
    }
    return {.index = block.first + static_cast<uint32_t>(std::countr_zero(equals)), .key = least};
  }

  lb::Serial plan_;
  std::vector<Block> blocks_;
  std::vector<uint64_t> shares_;
  std::vector<double> inverses_;  // and room for a whole vector behind the last
  uint64_t limit_ = 0;            // of loads that keys can tell apart
};

}  // namespace scheduler
