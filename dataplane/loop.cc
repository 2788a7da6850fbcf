#include "dataplane/loop.h"

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <sched.h>
#include <sys/prctl.h>

#include <ctime>

namespace dataplane {

lb::Tick Clock::now() const { return at(rte_rdtsc()); }

Clock::Clock() : start_(rte_rdtsc()), cycles_per_tick_(rte_get_tsc_hz() / lb::kTicksPerSecond) {}

Loop::~Loop() {
  stop_.store(true, std::memory_order_release);
  if (started_) rte_eal_wait_lcore(lcore_);
}

std::expected<void, std::string> Loop::start() {
  const int error = rte_eal_remote_launch(run, this, lcore_);
  if (error != 0) {
    return std::unexpected("lcore " + std::to_string(lcore_) +
                           " did not start: " + rte_strerror(-error));
  }
  started_ = true;
  return {};
}

int Loop::run(void* self) {
  static_cast<Loop*>(self)->run();
  return 0;
}

void Loop::run() {
  // A sleep else takes 50 us more: the kernel's usual slack, within which it gathers timers.
  prctl(PR_SET_TIMERSLACK, 1UL);
  WorkerCounters& counters = worker_.counters();
  uint32_t empty_polls = 0;
  uint64_t now = rte_rdtsc();
  while (!stop_.load(std::memory_order_relaxed)) {
    const uint32_t worked_on = worker_.turn(clock_.at(now));
    const uint64_t after = rte_rdtsc();
    counters.total_cycles.add(after - now);
    if (worked_on > 0) {
      counters.busy_cycles.add(after - now);
      empty_polls = 0;
    } else {
      rest(++empty_polls);
    }
    now = after;
  }
}

void Loop::rest(uint32_t empty_polls) const {
  if (idle_.sleep_us > 0 && empty_polls > idle_.after_polls) {
    const timespec pause{0, static_cast<long>(idle_.sleep_us) * 1000};
    nanosleep(&pause, nullptr);
  } else if (empty_polls % idle_.yield_every == 0) {
    sched_yield();
  }
}

}  // namespace dataplane
