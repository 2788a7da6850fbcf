// Runs a program, without a shell, and passes when it ends with status 0. It is told the target by
// its environment: LBD_ADDRESS, LBD_PORT (0: none), and LBD_TIMEOUT, the seconds after which it and
// its children are killed. A process per check and interval: the dearest type by far.
#pragma once

#include <vector>

#include "conf/config.h"
#include "conf/shape.h"
#include "control/health/check.h"

namespace control::health {

std::vector<conf::Property> command_options();
std::unique_ptr<Check> make_command(boost::asio::io_context& io, const conf::Options& options);

}  // namespace control::health
