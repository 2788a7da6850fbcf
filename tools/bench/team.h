// Two threads on two CPUs that work at the same time: the caller's and a helper's, which sleeps
// while it is not needed.
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <thread>

#include "dataplane/owner.h"

namespace bench {

class Team {
 public:
  // The helper's CPU; the caller has been given its own. Throws Failure.
  explicit Team(unsigned cpu);
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;
  ~Team();

  // Calls work(0) here and, for two workers, work(1) on the helper: both begin together, neither
  // before the other is there. The helper of one worker keeps its CPU busy with nothing. Returns
  // when all have ended; throws what they threw.
  void run(dataplane::WorkerNumber workers,
           const std::function<void(dataplane::WorkerNumber)>& work);

 private:
  void help();
  void meet();
  void guarded(dataplane::WorkerNumber worker);

  const std::function<void(dataplane::WorkerNumber)>* work_ = nullptr;
  dataplane::WorkerNumber workers_ = 0;
  std::exception_ptr errors_[2];
  bool stop_ = false;
  alignas(64) std::atomic<uint32_t> task_{0};  // counts; the helper waits for the next
  alignas(64) std::atomic<uint32_t> met_{0};
  alignas(64) std::atomic<bool> first_ended_{false};
  alignas(64) std::atomic<bool> done_{false};
  std::thread helper_;
};

}  // namespace bench
