// `show services`: virtual services and their real servers.
#pragma once

#include "control/command.h"

namespace control::commands {

Reply show_services(Facts& facts, const Call& call);

inline constexpr Command kShowServices{
    .words = "show services",
    .grammar = "[NAME]",
    .help = "virtual services with their real servers, connections and traffic",
    .run = show_services,
};

}  // namespace control::commands
