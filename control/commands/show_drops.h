// `show drops`: why packets were dropped.
#pragma once

#include "control/command.h"

namespace control::commands {

Reply show_drops(Facts& facts, const Call& call);

inline constexpr Command kShowDrops{
    .words = "show drops",
    .grammar = "",
    .help = "every reason to drop a packet with its count, most frequent first",
    .run = show_drops,
};

}  // namespace control::commands
