// lbd as a service: the director, its sockets and its signals on the control thread's loop.
#pragma once

#include <string>
#include <vector>

#include "conf/config.h"

namespace control {

// Runs until SIGTERM or SIGINT. Returns the exit status: 0 then; when something did not come up, 2
// where the configuration or the arguments are wrong, else 1, with one line of log that says what
// to do.
int run_daemon(conf::Config config, const std::string& config_file,
               const std::vector<std::string>& eal_arguments);

}  // namespace control
