// Passes when an ICMP echo request is answered: the host is there, whatever its programs do. All
// targets share one raw socket, which needs CAP_NET_RAW.
#pragma once

#include "conf/config.h"
#include "control/health/check.h"

namespace control::health {

std::unique_ptr<Check> make_ping(boost::asio::io_context& io, const conf::Options& options);

}  // namespace control::health
