// `delete server`: a real server that is no more. Its connections go on unless told otherwise.
#pragma once

#include "control/command.h"

namespace control::commands {

Reply delete_server(Facts& facts, const Call& call);

inline constexpr Command kDeleteServer{
    .words = "delete server",
    .grammar = "SERVICE ADDRESS [force | deadline SECONDS]",
    .help = "takes no more clients; connections go on, to the deadline, or are cut",
    .level = Level::kAdmin,
    .run = delete_server,
};

}  // namespace control::commands
