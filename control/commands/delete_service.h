// `delete service`: a service that is no more. Its connections go on unless told otherwise.
#pragma once

#include "control/command.h"

namespace control::commands {

Reply delete_service(Facts& facts, const Call& call);

inline constexpr Command kDeleteService{
    .words = "delete service",
    .grammar = "NAME [force | deadline SECONDS]",
    .help = "takes no more clients; connections go on, to the deadline, or are cut",
    .level = Level::kAdmin,
    .run = delete_service,
};

}  // namespace control::commands
