// When packets come: an open loop, which asks nobody whether the last one has left.
#pragma once

#include <cstdint>
#include <vector>

namespace bench {

enum class Spacing : uint8_t { kEven, kPoisson };

// Cycles of the time-stamp counter after the start, ascending. The same seed gives the same.
std::vector<int64_t> arrivals(Spacing spacing, uint32_t count, double packets_per_second,
                              uint32_t seed);

}  // namespace bench
