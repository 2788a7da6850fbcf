#include "tools/bench/arrivals.h"

#include <rte_cycles.h>

#include <random>

namespace bench {

std::vector<int64_t> arrivals(Spacing spacing, uint32_t count, double packets_per_second,
                              uint32_t seed) {
  const double gap = static_cast<double>(rte_get_tsc_hz()) / packets_per_second;
  std::mt19937 random(seed);
  std::exponential_distribution<double> exponential(1 / gap);
  std::vector<int64_t> result;
  result.reserve(count);
  double at = 0;
  for (uint32_t i = 0; i < count; ++i) {
    at += spacing == Spacing::kEven ? gap : exponential(random);
    result.push_back(static_cast<int64_t>(at));
  }
  return result;
}

}  // namespace bench
