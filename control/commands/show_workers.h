// `show workers`: load per worker.
#pragma once

#include "control/command.h"

namespace control::commands {

Reply show_workers(Facts& facts, const Call& call);

inline constexpr Command kShowWorkers{
    .words = "show workers",
    .grammar = "",
    .help = "workers with their load and how packets find them",
    .run = show_workers,
};

}  // namespace control::commands
