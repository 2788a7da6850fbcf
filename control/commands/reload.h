// `reload`: what SIGHUP does.
#pragma once

#include "control/command.h"

namespace control::commands {

Reply reload(Facts& facts, const Call& call);

inline constexpr Command kReload{
    .words = "reload",
    .grammar = "",
    .help = "makes the running state what the file says, as a whole or not at all",
    .level = Level::kAdmin,
    .run = reload,
};

}  // namespace control::commands
