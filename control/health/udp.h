// Sends a datagram. With `expect` it passes when an answer has that in it; without, when no error
// has come within the time-out ("port unreachable" above all), or anything as an answer. A host
// that is dead says nothing, and so passes unless an answer is expected; and hosts send only so
// many errors a second.
#pragma once

#include <vector>

#include "conf/config.h"
#include "conf/shape.h"
#include "control/health/check.h"

namespace control::health {

std::vector<conf::Property> udp_options();
std::unique_ptr<Check> make_udp(boost::asio::io_context& io, const conf::Options& options);

}  // namespace control::health
