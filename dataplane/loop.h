// A worker on its lcore: the only place where the clock is read and the loop turns.
#pragma once

#include <atomic>
#include <expected>
#include <string>

#include "dataplane/idle.h"
#include "dataplane/worker.h"

namespace dataplane {

// Time-stamp counter to ticks since `start`.
class Clock {
 public:
  Clock();  // starts now
  lb::Tick now() const;
  lb::Tick at(uint64_t cycles) const {
    return static_cast<lb::Tick>((cycles - start_) / cycles_per_tick_);
  }

 private:
  uint64_t start_;
  uint64_t cycles_per_tick_;
};

// Runs a worker on an lcore until destroyed.
class Loop {
 public:
  Loop(Worker& worker, const Clock& clock, unsigned lcore, const IdlePolicy& idle)
      : worker_(worker), clock_(clock), lcore_(lcore), idle_(idle) {}
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  std::expected<void, std::string> start();

 private:
  static int run(void* self);
  void run();
  void rest(uint32_t empty_polls) const;

  Worker& worker_;
  const Clock& clock_;
  unsigned lcore_;
  IdlePolicy idle_;
  bool started_ = false;
  std::atomic<bool> stop_{false};
};

}  // namespace dataplane
