#include "tools/bench/latency_results.h"

#include <cmath>

namespace bench {

void Distribution::add_cycles(const std::vector<uint64_t>& cycles) {
  for (const uint64_t one : cycles) {
    if (one != PacedIo::Outcome::kNever) ns_.push_back(static_cast<float>(nanoseconds(one)));
  }
}

double Distribution::quantile(double q) const {
  if (ns_.empty()) return 0;
  const auto position = std::lround(q * static_cast<double>(ns_.size() - 1));
  std::nth_element(ns_.begin(), ns_.begin() + position, ns_.end());
  return ns_[static_cast<size_t>(position)];
}

bool Samples::is_calm(const ThreadUse& use) {
  // One that wakes up waits for its CPU each time.
  const uint64_t us = rte_get_tsc_hz() / 1'000'000;
  return use.waited <= (2 + 5 * use.turns) * us;
}

void Samples::note(const PacedIo::Outcome& outcome, bool calm) {
  latency.add_cycles(outcome.latencies);
  calm_latency.add_cycles(outcome.calm_latencies);
  const auto elapsed = static_cast<double>(outcome.use.elapsed);
  taken_share.push_back(static_cast<double>(outcome.use.waited) / elapsed);
  paused_share.push_back(static_cast<double>(outcome.paused) / elapsed);
  packets += outcome.latencies.size() - outcome.lost;
  bursts += outcome.bursts;
  lost += outcome.lost;
  if (!calm) ++disturbed;
}

}  // namespace bench
