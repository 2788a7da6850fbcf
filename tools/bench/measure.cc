#include "tools/bench/measure.h"

#include <cmath>
#include <ctime>

namespace bench {

uint64_t cpu_cycles() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  const double seconds =
      static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  return static_cast<uint64_t>(seconds * static_cast<double>(rte_get_tsc_hz()));
}

double Series::quantile(double q) const {
  std::vector<double> sorted = samples_;
  std::sort(sorted.begin(), sorted.end());
  const auto position = std::lround(q * static_cast<double>(sorted.size() - 1));
  return sorted[static_cast<size_t>(position)];
}

Series Series::over(const Series& baseline) const {
  Series result;
  for (size_t i = 0; i < samples_.size(); ++i) result.add(samples_[i] / baseline.samples_[i]);
  return result;
}

Series Series::above(const Series& baseline, double factor) const {
  Series result;
  for (size_t i = 0; i < samples_.size(); ++i) {
    result.add((samples_[i] - baseline.samples_[i]) * factor);
  }
  return result;
}

Series Series::mean(const Series& a, const Series& b) {
  Series result;
  for (size_t i = 0; i < a.samples_.size(); ++i) result.add((a.samples_[i] + b.samples_[i]) / 2);
  return result;
}

}  // namespace bench
