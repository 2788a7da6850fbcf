// Four servers' counts at once, in a vector register: SSE's width, which every x86-64 has.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "lb/live.h"

namespace scheduler {

using Lanes = uint32_t __attribute__((vector_size(16)));
inline constexpr uint32_t kLanes = 4;

struct LoadLanes {
  Lanes active{};
  Lanes inactive{};

  LoadLanes& operator+=(const LoadLanes& other) {
    active += other.active;
    inactive += other.inactive;
    return *this;
  }
  LoadLanes& operator|=(const LoadLanes& other) {
    active |= other.active;
    inactive |= other.inactive;
    return *this;
  }
};

// Their workers write the counts by plain stores of each, and no read of 16 aligned or unaligned
// bytes tears an aligned 32-bit word on x86: what std::atomic's relaxed load gives, four at a time.
// The language has no word for it, hence the attribute at whoever calls this.
[[gnu::always_inline]] inline LoadLanes loads_at(const lb::Load* loads) {
  static_assert(sizeof(lb::Load) == 8 && offsetof(lb::Load, inactive) == 4);
  Lanes low, high;
  std::memcpy(&low, static_cast<const void*>(loads), sizeof low);
  std::memcpy(&high, static_cast<const void*>(loads + 2), sizeof high);
  return {__builtin_shufflevector(low, high, 0, 2, 4, 6),
          __builtin_shufflevector(low, high, 1, 3, 5, 7)};
}

inline Lanes least(Lanes a, Lanes b) { return a < b ? a : b; }

inline uint32_t least_lane(Lanes a) {
  a = least(a, __builtin_shufflevector(a, a, 2, 3, 0, 1));
  a = least(a, __builtin_shufflevector(a, a, 1, 0, 3, 2));
  return a[0];
}

inline uint32_t any_bits(Lanes a) { return a[0] | a[1] | a[2] | a[3]; }

}  // namespace scheduler
