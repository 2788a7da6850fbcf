// `set server`: another value for one of a real server's keys.
#pragma once

#include "control/command.h"

namespace control::commands {

Reply set_server(Facts& facts, const Call& call);

inline constexpr Command kSetServer{
    .words = "set server",
    .grammar = "SERVICE ADDRESS KEY VALUE",
    .help = "changes weight, state (ready, drain, maint) or another key of a server",
    .level = Level::kAdmin,
    .run = set_server,
};

}  // namespace control::commands
