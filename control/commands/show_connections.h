// `show connections`: live connections, filtered. With `limit all` on a full table the reply is
// some 250 bytes an entry, and the control thread does nothing else while it renders them.
#pragma once

#include "control/command.h"

namespace control::commands {

Reply show_connections(Facts& facts, const Call& call);

inline constexpr Command kShowConnections{
    .words = "show connections",
    .grammar = "[service NAME] [server IP[:PORT]] [client IP[:PORT]] [limit N|all]",
    .help = "live connections, 100 of them unless limit says otherwise",
    .run = show_connections,
};

}  // namespace control::commands
