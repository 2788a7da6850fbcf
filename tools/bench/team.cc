#include "tools/bench/team.h"

#include <pthread.h>
#include <rte_pause.h>
#include <sched.h>

#include <string>
#include <utility>

#include "tools/bench/packets.h"

namespace bench {

Team::Team(unsigned cpu) {
  helper_ = std::thread([this] { help(); });
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (pthread_setaffinity_np(helper_.native_handle(), sizeof set, &set) == 0) return;
  stop_ = true;
  task_.fetch_add(1, std::memory_order_release);
  task_.notify_one();
  helper_.join();
  throw Failure("--second-cpu: CPU " + std::to_string(cpu) + " cannot be used");
}

Team::~Team() {
  stop_ = true;
  task_.fetch_add(1, std::memory_order_release);
  task_.notify_one();
  helper_.join();
}

void Team::run(dataplane::WorkerNumber workers,
               const std::function<void(dataplane::WorkerNumber)>& work) {
  work_ = &work;
  workers_ = workers;
  first_ended_.store(false, std::memory_order_relaxed);
  met_.store(0, std::memory_order_relaxed);
  done_.store(false, std::memory_order_relaxed);
  task_.fetch_add(1, std::memory_order_release);
  task_.notify_one();
  meet();
  guarded(0);
  first_ended_.store(true, std::memory_order_release);
  while (!done_.load(std::memory_order_acquire)) rte_pause();
  for (std::exception_ptr& error : errors_) {
    if (error) std::rethrow_exception(std::exchange(error, nullptr));
  }
}

void Team::help() {
  // One task follows another closely as a rule.
  constexpr uint32_t kSpins = 20'000;
  for (uint32_t seen = 0;;) {
    for (uint32_t i = 0; i < kSpins && task_.load(std::memory_order_acquire) == seen; ++i) {
      rte_pause();
    }
    task_.wait(seen, std::memory_order_acquire);
    ++seen;
    if (stop_) return;
    meet();
    if (workers_ > 1) {
      guarded(1);
    } else {
      // Another process here would slow the first CPU by its caches and its clock, in just those
      // runs that several workers are compared with.
      while (!first_ended_.load(std::memory_order_acquire)) rte_pause();
    }
    done_.store(true, std::memory_order_release);
  }
}

void Team::meet() {
  met_.fetch_add(1, std::memory_order_acq_rel);
  while (met_.load(std::memory_order_acquire) < 2) rte_pause();
}

void Team::guarded(dataplane::WorkerNumber worker) {
  try {
    (*work_)(worker);
  } catch (...) {
    errors_[worker] = std::current_exception();
  }
}

}  // namespace bench
