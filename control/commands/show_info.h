// `show info`: the director at a glance.
#pragma once

#include "control/command.h"

namespace control::commands {

Reply show_info(Facts& facts, const Call& call);

inline constexpr Command kShowInfo{
    .words = "show info",
    .grammar = "",
    .help = "version, uptime, and how full connections and packet buffers are",
    .run = show_info,
};

}  // namespace control::commands
