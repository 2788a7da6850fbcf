// `explain`: what would become of a packet, and why, as things stand. No packet is sent, and
// nothing changes; another packet that comes first may take a turn or a place that was meant for
// this one. A connection that a SYN would end before it opens the next still counts here.
#pragma once

#include "control/command.h"

namespace control::commands {

Reply explain(Facts& facts, const Call& call);

inline constexpr Command kExplain{
    .words = "explain",
    .grammar = "tcp|udp CLIENT:PORT VIP:PORT",
    .help = "what would become of a packet from CLIENT to VIP, and why",
    .run = explain,
};

}  // namespace control::commands
