// Time and statistics: what is timed, how a sample is taken, and what is said of many samples.
#pragma once

#include <rte_cycles.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace bench {

// Something to be timed. One sample is one pass over prepared packets, keys or connections.
class Case {
 public:
  virtual ~Case() = default;
  // Nanoseconds per packet (connection, key). Throws Failure when anything came out wrong.
  virtual double sample() = 0;
};

inline double nanoseconds(uint64_t cycles) {
  return static_cast<double>(cycles) * 1e9 / static_cast<double>(rte_get_tsc_hz());
}

// CPU time of this thread, in cycles of the time-stamp counter.
uint64_t cpu_cycles();

// Cycles that `work` takes, without those that other processes had the CPU meanwhile: the CPU
// time's clock is too slow to read for a short pass and brackets it, but knows of them. The fenced
// reads cost some 20 ns, once for a whole pass.
template <class Work>
uint64_t time_of(Work work) {
  const uint64_t cpu_start = cpu_cycles();
  const uint64_t start = rte_rdtsc_precise();
  work();
  const uint64_t elapsed = rte_rdtsc_precise() - start;
  return std::min(elapsed, cpu_cycles() - cpu_start);
}

// Samples of one case, in the order of the rounds.
class Series {
 public:
  void add(double sample) { samples_.push_back(sample); }
  const std::vector<double>& samples() const { return samples_; }
  // 0 the smallest, 0.5 the median, 1 the largest.
  double quantile(double q) const;
  double median() const { return quantile(0.5); }

  // Round by round: this sample over that of the baseline. As many samples in both.
  Series over(const Series& baseline) const;
  // Round by round: the mean of two.
  static Series mean(const Series& a, const Series& b);

 private:
  std::vector<double> samples_;
};

}  // namespace bench
