// The commands of the control socket.
#pragma once

#include <span>

#include "control/command.h"

namespace control {

std::span<const Command> command_table();

}  // namespace control
