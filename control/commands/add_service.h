// `add service`: a virtual service more, at once.
#pragma once

#include "control/command.h"

namespace control::commands {

Reply add_service(Facts& facts, const Call& call);

inline constexpr Command kAddService{
    .words = "add service",
    .grammar = "JSON",
    .help = "a service more, as it would stand in the file",
    .level = Level::kAdmin,
    .run = add_service,
};

}  // namespace control::commands
