// show health [SERVICE] [json]: what the health checks say.
#pragma once

#include "control/command.h"

namespace control::commands {

Reply show_health(Facts& facts, const Call& call);

inline constexpr Command kShowHealth{
    .words = "show health",
    .grammar = "[SERVICE]",
    .help = "checks, their last results and history, and quorums",
    .run = show_health,
};

}  // namespace control::commands
