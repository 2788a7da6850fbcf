// `help`: prints the table of commands that executes.
#pragma once

#include "control/command.h"

namespace control::commands {

Reply help(Facts& facts, const Call& call);

inline constexpr Command kHelp{
    .words = "help",
    .grammar = "[COMMAND]",
    .help = "every command, or how to use one",
    .run = help,
};

}  // namespace control::commands
