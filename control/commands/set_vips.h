// `set vips`: takes the VIPs over from another director, or leaves them to it.
#pragma once

#include "control/command.h"

namespace control::commands {

Reply set_vips(Facts& facts, const Call& call);

inline constexpr Command kSetVips{
    .words = "set vips",
    .grammar = "active|standby",
    .help = "takes the VIPs over from another director, or leaves them to it",
    .level = Level::kAdmin,
    .run = set_vips,
};

}  // namespace control::commands
