// What is known of many packets' latencies, and what is said of one kind of traffic.
#pragma once

#include <string>
#include <vector>

#include "tools/bench/measure.h"
#include "tools/bench/paced_io.h"

namespace bench {

// Nanoseconds, of many packets.
class Distribution {
 public:
  // Those that are kNever are left out.
  void add_cycles(const std::vector<uint64_t>& cycles);
  double quantile(double q) const;  // 0 for none
  size_t size() const { return ns_.size(); }

 private:
  mutable std::vector<float> ns_;
};

// Samples of one kind. One in which others had the CPU is taken again, so many times at most.
class Samples {
 public:
  static constexpr uint32_t kTries = 20;

  // The last outcome, calm or not.
  template <class Run>
  PacedIo::Outcome take(Run run) {
    for (uint32_t tries = 1;; ++tries) {
      PacedIo::Outcome outcome = run();
      const bool calm = is_calm(outcome.use);
      if (calm || tries == kTries) {
        note(outcome, calm);
        return outcome;
      }
      ++repeated;
    }
  }
  Distribution latency;              // of all packets
  Distribution calm_latency;         // of those that met no pause
  std::vector<double> taken_share;   // by sample, of its time, by others
  std::vector<double> paused_share;  // the same of pauses
  uint64_t packets = 0, bursts = 0, lost = 0;
  uint32_t repeated = 0;
  uint32_t disturbed = 0;  // samples that no try found calm

 private:
  static bool is_calm(const ThreadUse& use);
  void note(const PacedIo::Outcome& outcome, bool calm);
};

// At so many packets a second, which are always waiting.
struct Reachable {
  std::string name;
  uint32_t flows = 0;
  Series director, pass_through;
};

struct LoadResult {
  std::string name;
  uint32_t flows;
  std::string load;
  double rate;  // packets a second, the mean of all rounds
  Samples director, pass_through;
};

// Of a worker that sleeps when it has nothing to do.
struct IdleResult {
  std::string name;
  uint32_t flows = 0;
  uint32_t sleep_us = 0;
  double cpu_share = 0;    // of the worker without any packets
  Distribution nanosleep;  // of so many microseconds, by itself; empty for 0
  double rate = 0;         // packets a second of `samples`
  Samples samples;
  double step_share = 0;  // of the reachable rate
  double step_rate = 0;   // packets a second
  double longest_us = 0;  // from one turn to the next, in the trials at that rate
  uint32_t step_repeated = 0, step_disturbed = 0;  // trials, as of samples
};

}  // namespace bench
