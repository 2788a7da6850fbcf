// Time and statistics: what is timed, how a sample is taken, and what is said of many samples.
#pragma once

#include <rte_cycles.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace bench {

// Something to be timed. One sample is one pass over prepared packets, keys or connections.
class Case {
 public:
  virtual ~Case() = default;
  // Nanoseconds per packet (connection, key). Throws Failure when anything came out wrong.
  virtual double sample() = 0;
  // What else is to be known of all samples; mostly nothing.
  virtual std::string remark() const { return {}; }
};

inline double nanoseconds(uint64_t cycles) {
  return static_cast<double>(cycles) * 1e9 / static_cast<double>(rte_get_tsc_hz());
}

// How many passes over known flows, not counted, come before those of a sample. Other cases have
// had the caches since the sample before: where these can hold what flows need, each comes by once,
// as it would have in a director that forwards nothing else.
inline uint32_t warm_up_passes(size_t flows, uint32_t flows_a_pass) {
  constexpr size_t kKept = 131'072;  // 64 bytes and their share of an index each, in L3
  if (flows > kKept) return 1;
  return static_cast<uint32_t>((flows + flows_a_pass - 1) / flows_a_pass);
}

// CPU time of this thread, in cycles of the time-stamp counter.
uint64_t cpu_cycles();

struct Stretch {
  uint64_t elapsed;
  uint64_t on_cpu;
  // Without what other processes had of the CPU meanwhile.
  uint64_t cycles() const { return std::min(elapsed, on_cpu); }
  // Whether they had any of it: more than the two clocks may differ by.
  bool was_interrupted() const {
    return elapsed > on_cpu + elapsed / 100 + rte_get_tsc_hz() / 1'000'000;
  }
};

// What `work` takes. The CPU time's clock is too slow to read for a short pass and brackets it, but
// knows of other processes. The fenced reads cost some 20 ns, once for a whole pass.
template <class Work>
Stretch stretch_of(Work work) {
  const uint64_t cpu_start = cpu_cycles();
  const uint64_t start = rte_rdtsc_precise();
  work();
  const uint64_t elapsed = rte_rdtsc_precise() - start;
  return {elapsed, cpu_cycles() - cpu_start};
}

template <class Work>
uint64_t time_of(Work work) {
  return stretch_of(work).cycles();
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
  // Round by round: how much longer than the baseline, times `factor`.
  Series above(const Series& baseline, double factor) const;

 private:
  std::vector<double> samples_;
};

}  // namespace bench
