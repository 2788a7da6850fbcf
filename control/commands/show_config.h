// `show config`: the running state as a configuration file.
#pragma once

#include "control/command.h"

namespace control::commands {

Reply show_config(Facts& facts, const Call& call);

inline constexpr Command kShowConfig{
    .words = "show config",
    .grammar = "",
    .help = "the running configuration as a file that lbd loads (always JSON)",
    .run = show_config,
};

}  // namespace control::commands
