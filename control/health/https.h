// The same as http over TLS. The certificate is checked unless `verify` is false: against `ca_file`
// or the system's authorities, for the name in `sni`, else for that in `host`, else for the address
// that is asked. A session is not resumed: every check makes the server prove that it has its key.
#pragma once

#include <vector>

#include "conf/config.h"
#include "conf/shape.h"
#include "control/health/check.h"

namespace control::health {

std::vector<conf::Property> https_options();
std::unique_ptr<Check> make_https(boost::asio::io_context& io, const conf::Options& options);

}  // namespace control::health
