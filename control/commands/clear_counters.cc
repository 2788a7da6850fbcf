#include "control/commands/clear_counters.h"

#include <fmt/format.h>

#include "control/commands/change.h"
#include "control/resolve.h"

namespace control::commands {

Reply clear_counters(Facts&, const Call& call) {
  if (call.arguments.size() > 1) {
    return std::unexpected(
        usage_error(kClearCounters, fmt::format("unexpected \"{}\"", call.arguments[1])));
  }
  std::optional<ServiceKey> key;
  if (!call.arguments.empty()) {
    const auto service = find_service(*call.changes, call.arguments[0]);
    if (!service) return std::unexpected(service.error());
    key = key_of(**service);
  }
  if (auto cleared = call.changes->clear_counters(key); !cleared) {
    return std::unexpected(error_of(cleared.error()));
  }
  return done(call, key ? fmt::format("counters of {} cleared", call.arguments[0])
                        : std::string("counters cleared"));
}

}  // namespace control::commands
