#include "control/commands/reload.h"

#include "control/commands/change.h"

namespace control::commands {

Reply reload(Facts&, const Call& call) {
  const auto lines = call.changes->reload();
  if (!lines) return std::unexpected(error_of(lines.error()));
  return changes_reply(call, *lines);
}

}  // namespace control::commands
