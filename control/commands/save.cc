#include "control/commands/save.h"

#include <fmt/format.h>

#include "control/commands/change.h"

namespace control::commands {

Reply save(Facts& facts, const Call& call) {
  if (auto saved = call.changes->save(); !saved) return std::unexpected(error_of(saved.error()));
  return done(call, fmt::format("saved to {}", facts.info().config_file));
}

}  // namespace control::commands
