// `show metrics`: what Prometheus scrapes.
#pragma once

#include "control/command.h"

namespace control::commands {

Reply show_metrics(Facts& facts, const Call& call);

inline constexpr Command kShowMetrics{
    .words = "show metrics",
    .grammar = "",
    .help = "all counters as OpenMetrics text",
    .run = show_metrics,
};

}  // namespace control::commands
