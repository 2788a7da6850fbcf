#include "tools/bench/latency.h"

#include <rte_launch.h>
#include <sys/prctl.h>

#include <cmath>
#include <ctime>
#include <random>

#include "conf/config.h"
#include "tools/bench/paced.h"

namespace bench {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr double kShares[] = {0.1, 0.5, 0.9};
constexpr double kAloneRate = 100'000;
constexpr uint32_t kAlonePackets = 256;
constexpr uint32_t kSleeps[] = {0, 50, 200};
constexpr double kIdleRate = 2000;
constexpr uint32_t kIdlePackets = 16;
constexpr uint32_t kIdleSamples = 4;   // a round
constexpr uint32_t kOversleptUs = 40;  // a longer pause is the machine's
constexpr double kSameSpeed = 0.95;

dataplane::IdlePolicy sleeping(uint32_t sleep_us) {
  dataplane::IdlePolicy policy;
  policy.sleep_us = sleep_us;
  policy.after_polls = conf::Idle{}.after_polls;
  return policy;
}

struct Subjects {
  std::string name;
  uint32_t flows;
  std::shared_ptr<KnownFlows> known;
  Ring& ring;

  PacedDirector director(uint32_t sleep_us = 0) const { return {known, ring, sleeping(sleep_us)}; }
  PassThrough pass_through() const { return {ring, known->world().is_nat()}; }
};

// Packets a second when some are always waiting.
double reach(Paced& subject, const Subjects& subjects) {
  const uint32_t packets = subjects.ring.size();
  Samples samples;
  const PacedIo::Outcome outcome =
      samples.take([&] { return subject.run({.packets = packets, .lead = microseconds(0)}); });
  return static_cast<double>(packets) * static_cast<double>(rte_get_tsc_hz()) /
         static_cast<double>(outcome.last_left);
}

struct LoadSpec {
  std::string name;
  double rate;   // packets a second, or
  double share;  // of the reachable rate
  Spacing spacing;
  uint32_t packets;
};

std::vector<LoadSpec> load_specs(const Subjects& subjects) {
  std::vector<LoadSpec> specs{{"alone", kAloneRate, 0, Spacing::kPoisson, kAlonePackets}};
  for (const double share : kShares) {
    const std::string percent = std::to_string(std::lround(share * 100)) + " %";
    specs.push_back({percent, 0, share, Spacing::kPoisson, subjects.ring.size()});
    specs.push_back({percent + " even", 0, share, Spacing::kEven, subjects.ring.size()});
  }
  return specs;
}

struct LoadResults {
  Reachable reachable;
  std::vector<LoadResult> loads;
};

// Round by round: what is reachable, as other work may change it from one moment to the next; then
// each kind of arrivals at the director and at the loop that passes them on.
LoadResults measure_loads(const Subjects& subjects, uint32_t rounds) {
  LoadResults results{{subjects.name, subjects.flows, {}, {}}, {}};
  const std::vector<LoadSpec> specs = load_specs(subjects);
  for (const LoadSpec& spec : specs) {
    results.loads.push_back({subjects.name, subjects.flows, spec.name, 0, {}, {}});
  }
  PacedDirector director = subjects.director();
  PassThrough pass = subjects.pass_through();
  reach(director, subjects);  // warms up
  for (uint32_t round = 0; round < rounds; ++round) {
    const double reached = reach(director, subjects);
    results.reachable.director.add(reached);
    results.reachable.pass_through.add(reach(pass, subjects));
    for (size_t i = 0; i < specs.size(); ++i) {
      const LoadSpec& spec = specs[i];
      const double rate = spec.rate > 0 ? spec.rate : spec.share * reached;
      const Load load{rate, spec.spacing, spec.packets, round};
      LoadResult& result = results.loads[i];
      result.rate += rate / rounds;
      result.director.take([&] { return director.run(load); });
      result.pass_through.take([&] { return pass.run(load); });
    }
  }
  return results;
}

struct Nap {
  uint32_t us;
  uint32_t times;
  std::vector<uint64_t> cycles;
};

int take_naps(void* argument) {
  Nap& nap = *static_cast<Nap*>(argument);
  prctl(PR_SET_TIMERSLACK, 1);
  set_real_time(true);
  const timespec pause{0, static_cast<long>(nap.us) * 1000};
  for (uint32_t i = 0; i < nap.times; ++i) {
    const uint64_t start = rte_rdtsc();
    nanosleep(&pause, nullptr);
    nap.cycles.push_back(rte_rdtsc() - start);
  }
  set_real_time(false);
  return 0;
}

Distribution nanosleep_alone(uint32_t us, uint32_t times) {
  Distribution result;
  if (us == 0) return result;
  Nap nap{us, times, {}};
  if (rte_eal_remote_launch(take_naps, &nap, paced_lcore()) != 0) {
    throw Failure("the lcore did not start");
  }
  rte_eal_wait_lcore(paced_lcore());
  result.add_cycles(nap.cycles);
  return result;
}

double idle_cpu_share(Paced& director) {
  const PacedIo::Outcome outcome = director.run({.rate = 1, .until = milliseconds(100)});
  const ThreadUse& use = outcome.use;
  const uint64_t available = use.elapsed - std::min(use.elapsed, use.waited);
  return std::min(1.0, static_cast<double>(use.on_cpu) / static_cast<double>(available));
}

// The highest rate that a worker takes that had nothing to do before.
class Step {
 public:
  Step(Paced& director, const Subjects& subjects, uint32_t sleep_us, uint32_t trials)
      : director_(director), subjects_(subjects), sleep_us_(sleep_us), trials_(trials) {}

  void find(IdleResult& result) {
    int low = 0;
    int high = 101;
    while (high - low > 1) {
      const int percent = (low + high) / 2;
      if (is_lossless(percent)) {
        low = percent;
        result.step_rate = percent / 100.0 * reached_.median();
        result.longest_us =
            static_cast<double>(longest_) * 1e6 / static_cast<double>(rte_get_tsc_hz());
      } else {
        high = percent;
      }
    }
    result.step_share = low / 100.0;
    result.step_repeated = repeated_;
    result.step_disturbed = disturbed_;
  }

 private:
  bool is_lossless(int percent) {
    longest_ = 0;
    reached_ = {};
    for (uint32_t trial = 0; trial < trials_; ++trial) {
      if (loses_packets(percent)) return false;
    }
    return true;
  }

  // A trial that lost some while the machine stood still or became slower is tried again.
  bool loses_packets(int percent) {
    const uint64_t usual_pause = (sleep_us_ + kOversleptUs) * (rte_get_tsc_hz() / 1'000'000);
    for (uint32_t tries = 1;; ++tries) {
      const double reached = reach(director_, subjects_);
      const PacedIo::Outcome outcome = step(percent * reached / 100);
      if (outcome.lost == 0) {
        reached_.add(reached);
        longest_ = std::max(longest_, outcome.longest);
        return false;
      }
      const bool stood_still = outcome.longest > usual_pause;
      if (!stood_still && reach(director_, subjects_) > kSameSpeed * reached) return true;
      if (tries == Samples::kTries) {
        ++disturbed_;
        return true;
      }
      ++repeated_;
    }
  }

  // Long enough for the worker to fall asleep; then at any moment of its sleep.
  PacedIo::Outcome step(double rate) {
    const auto phase = std::chrono::nanoseconds(random_() % (1 + uint64_t{sleep_us_} * 1000));
    return director_.run({.rate = rate,
                          .spacing = Spacing::kEven,
                          .packets = subjects_.ring.size(),
                          .lead = milliseconds(1) + phase});
  }

  Paced& director_;
  const Subjects& subjects_;
  uint32_t sleep_us_;
  uint32_t trials_;
  std::mt19937 random_{1};
  Series reached_;
  uint64_t longest_ = 0;
  uint32_t repeated_ = 0, disturbed_ = 0;
};

IdleResult measure_idle(const Subjects& subjects, uint32_t sleep_us, uint32_t rounds) {
  IdleResult result;
  result.name = subjects.name;
  result.flows = subjects.flows;
  result.sleep_us = sleep_us;
  result.rate = kIdleRate;
  PacedDirector director = subjects.director(sleep_us);
  result.cpu_share = idle_cpu_share(director);
  result.nanosleep = nanosleep_alone(sleep_us, 10 * rounds);
  for (uint32_t i = 0; i < rounds * kIdleSamples; ++i) {
    const Load load{.rate = kIdleRate, .packets = kIdlePackets, .seed = i};
    result.samples.take([&] { return director.run(load); });
  }
  Step(director, subjects, sleep_us, rounds).find(result);
  return result;
}

}  // namespace

std::vector<std::string> latency_cases() { return {"dr tcp", "nat tcp"}; }

void measure_latency(const Options& options, Lab& lab, LatencyReport& report) {
  ThreadUse::now();  // says here, not on the worker's thread, what the kernel does not tell
  for (const std::string& name : latency_cases()) {
    if (!is_wanted(options, name)) continue;
    const WorldConfig config{.method = name.substr(0, name.find(' '))};
    for (const uint32_t flows : options.flows) {
      Subjects subjects{name, flows,
                        std::make_shared<KnownFlows>(config, flows, lab.ring(kRing), lab.burst()),
                        lab.ring(kColdRing)};
      const LoadResults results = measure_loads(subjects, options.rounds);
      report.add(results.reachable);
      for (const LoadResult& load : results.loads) report.add(load);
      if (flows != options.flows.front()) continue;
      for (const uint32_t sleep_us : kSleeps) {
        report.add(measure_idle(subjects, sleep_us, options.rounds));
      }
    }
  }
}

}  // namespace bench
