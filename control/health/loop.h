// The monitor on the control thread's loop: wakes it when something is due, hands on what has
// changed, and runs the programs that are to be told.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "control/health/monitor.h"
#include "control/health/process.h"

namespace control::health {

class Loop {
 public:
  // Runs in the thread of `io`, which outlives it.
  explicit Loop(boost::asio::io_context& io);
  ~Loop();  // ends all checks and programs

  Monitor& monitor();

  // What has changed goes to `take`, much of it at once when much happens: taking may cost
  // milliseconds, and is to take up no more than a fifth of the time.
  void deliver_to(std::function<void(const std::vector<Change>&)> take);

  // Runs a program for at most a minute, and logs under `name`, which says what it tells, if it
  // fails. Of one `lane` one runs at a time, of all a few; of those that wait, only the last is
  // wanted any more, and not where it would tell the same as the one that runs.
  void run_program(const std::string& lane, const std::string& name, Program program);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // shared with handlers that are still queued
};

// Lets this process have as many sockets as it may: checks by the thousand need them.
void raise_file_limit();

}  // namespace control::health
