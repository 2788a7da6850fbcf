// `add server`: a real server more.
#pragma once

#include "control/command.h"

namespace control::commands {

Reply add_server(Facts& facts, const Call& call);

inline constexpr Command kAddServer{
    .words = "add server",
    .grammar = "SERVICE ADDRESS [KEY VALUE]...",
    .help = "a real server more, last in order; keys as in the file: weight, forward, …",
    .level = Level::kAdmin,
    .run = add_server,
};

}  // namespace control::commands
