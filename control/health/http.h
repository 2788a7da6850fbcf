// Asks by HTTP/1.1 and passes when the status is one of those wanted and, with `body`, that text is
// in the answer. Without `body` the verdict falls with the head of the answer, whatever comes after
// it. Redirections are answers like others.
#pragma once

#include "conf/config.h"
#include "control/health/check.h"
#include "control/health/http_exchange.h"

namespace control::health {

std::unique_ptr<Check> make_http(boost::asio::io_context& io, const conf::Options& options);

}  // namespace control::health
