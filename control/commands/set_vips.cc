#include "control/commands/set_vips.h"

#include <fmt/format.h>

#include "conf/keys.h"
#include "control/commands/change.h"
#include "control/resolve.h"

namespace control::commands {

Reply set_vips(Facts& facts, const Call& call) {
  if (call.arguments.size() != 1) {
    return std::unexpected(usage_error(kSetVips, "expected active or standby"));
  }
  const std::string_view word = call.arguments[0];
  const auto vips = conf::value_of(conf::kVips, word);
  if (!vips) {
    return std::unexpected(
        usage_error(kSetVips, fmt::format("unexpected \"{}\" (expected active or standby)", word)));
  }
  if (auto changed = call.changes->set_vips(*vips); !changed) {
    return std::unexpected(error_of(changed.error()));
  }
  const bool waits = *vips == conf::Vips::kActive && facts.info().vips != word;
  return done(call, waits ? "VIPs are active as soon as no other director answers for them"
                          : fmt::format("VIPs are {}", word));
}

}  // namespace control::commands
