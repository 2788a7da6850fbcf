#include "control/commands/set_vips.h"

#include <fmt/format.h>

#include "conf/keys.h"
#include "control/commands/change.h"
#include "control/resolve.h"

namespace control::commands {

Reply set_vips(Facts&, const Call& call) {
  if (call.arguments.size() != 1) {
    return std::unexpected(usage_error(kSetVips, "expected active or standby"));
  }
  const std::string_view word = call.arguments[0];
  for (const conf::VipsKey& key : conf::kVipsKeys) {
    if (key.name != word) continue;
    if (auto changed = call.changes->set_vips(key.vips); !changed) {
      return std::unexpected(error_of(changed.error()));
    }
    return done(call, word == "active"
                          ? "VIPs are active as soon as no other director answers for them"
                          : "VIPs are standby");
  }
  return std::unexpected(
      usage_error(kSetVips, fmt::format("unexpected \"{}\" (expected active or standby)", word)));
}

}  // namespace control::commands
