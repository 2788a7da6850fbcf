// `set service`: another value for one of the file's keys.
#pragma once

#include "control/command.h"

namespace control::commands {

Reply set_service(Facts& facts, const Call& call);

inline constexpr Command kSetService{
    .words = "set service",
    .grammar = "NAME KEY VALUE",
    .help = "changes a key of a service, as the file has it",
    .level = Level::kAdmin,
    .run = set_service,
};

}  // namespace control::commands
