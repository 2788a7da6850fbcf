// `clear counters`: totals that count from zero again; connections and drops go on.
#pragma once

#include "control/command.h"

namespace control::commands {

Reply clear_counters(Facts& facts, const Call& call);

inline constexpr Command kClearCounters{
    .words = "clear counters",
    .grammar = "[SERVICE]",
    .help = "totals and rates count from zero again",
    .level = Level::kAdmin,
    .run = clear_counters,
};

}  // namespace control::commands
