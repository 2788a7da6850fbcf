// lbd as a service: the director, its sockets and its signals on the control thread's loop.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "conf/config.h"

namespace control {

// Why lbd cannot start with this configuration here, as far as that can be told without starting
// it: one line. `eal_arguments`: those of the command line.
std::optional<std::string> why_unfit(const conf::Config& config,
                                     const std::vector<std::string>& eal_arguments);

// Runs until SIGTERM or SIGINT. Returns the exit status: 0 then; when something did not come up, 2
// where the configuration or the arguments are wrong, else 1, with one line of log that says what
// to do.
int run_daemon(conf::Config config, const std::string& config_file,
               const std::vector<std::string>& eal_arguments);

}  // namespace control
