// A program that runs beside the control thread, without a shell, for a limited time.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "control/health/check.h"

namespace control::health {

struct Program {
  std::vector<std::string> argv;  // an absolute path or what PATH finds, and arguments; not empty
  // In addition to lbd's own environment.
  std::vector<std::pair<std::string, std::string>> environment;
};

// Passed: it ended with status 0. Else "exit status 1", "signal 9", "nothing within 1 s" or why it
// did not start, with the first line of what it printed. It has a process group of its own, which
// is killed when its time is over or the probe destroyed; standard input is empty.
std::unique_ptr<Probe> run(boost::asio::io_context& io, const Program& program,
                           std::chrono::milliseconds timeout, Done done);

}  // namespace control::health
