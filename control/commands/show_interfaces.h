// `show interfaces`: ports as the director uses them.
#pragma once

#include "control/command.h"

namespace control::commands {

Reply show_interfaces(Facts& facts, const Call& call);

inline constexpr Command kShowInterfaces{
    .words = "show interfaces",
    .grammar = "",
    .help = "interfaces with link, addresses and device counters",
    .run = show_interfaces,
};

}  // namespace control::commands
