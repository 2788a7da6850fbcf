// One call of lbd-replay, from options to result. Library and program share everything but the
// words printed.
#pragma once

#include "tools/replay/options.h"
#include "tools/replay/own_mac.h"
#include "tools/replay/run.h"

namespace replay {

// Errors of what was asked for, and of the world.
struct Failure {
  bool of_usage;
  std::string text;
  // What was played all the same, of captures that end in the middle of a frame as a rule; else
  // null.
  std::shared_ptr<Run> played = nullptr;
};

// Lines for people about what is going on.
using Say = void (*)(const std::string& line);

// Plays everything that the options name through a director of this configuration. What remains is
// the director as it was at the end.
std::expected<std::unique_ptr<Run>, Failure> play(conf::Config config, const Options& options,
                                                  Say say);

}  // namespace replay
