// The clock of connections: coarse, so that a stamp changes rarely, and small, so that an entry can
// carry it. Ticks count from the start of the director and wrap after eight years.
#pragma once

#include <cstdint>

namespace lb {

using Tick = uint32_t;
inline constexpr Tick kTicksPerSecond = 16;

// True when `a` lies before `b`, wrapping included, for distances under four years.
constexpr bool before(Tick a, Tick b) { return static_cast<int32_t>(a - b) < 0; }

}  // namespace lb
