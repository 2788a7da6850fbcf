// `show neighbours`: the ARP table.
#pragma once

#include "control/command.h"

namespace control::commands {

Reply show_neighbours(Facts& facts, const Call& call);

inline constexpr Command kShowNeighbours{
    .words = "show neighbours",
    .grammar = "",
    .help = "next hops with their MAC addresses",
    .run = show_neighbours,
};

}  // namespace control::commands
