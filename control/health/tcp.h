// Passes when a TCP connection can be opened. It is reset at once, so that thousands of checks
// leave no TIME_WAIT behind; what the server says is not read. A server whose process hangs still
// passes, as the kernel opens its connections.
#pragma once

#include "conf/config.h"
#include "control/health/check.h"

namespace control::health {

std::unique_ptr<Check> make_tcp(boost::asio::io_context& io, const conf::Options& options);

}  // namespace control::health
