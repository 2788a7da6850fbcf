// Asks a DNS server over UDP and passes when it answers without error, and with `answer` among the
// records if that is given. No other transport is tried where the answer is truncated.
#pragma once

#include <optional>
#include <vector>

#include "conf/config.h"
#include "conf/shape.h"
#include "conf/vocabulary.h"
#include "control/health/check.h"

namespace control::health {

std::vector<conf::Property> dns_options();
// An `answer` that no record of the type can be.
std::optional<conf::CheckType::Contradiction> dns_contradiction(const conf::Options& options);
std::unique_ptr<Check> make_dns(boost::asio::io_context& io, const conf::Options& options);

}  // namespace control::health
