// The director of a recorded case: ipvsadm's commands as a configuration, in the topology of the
// recording.
#pragma once

#include <string>
#include <vector>

#include "test/vectors/cases.h"
#include "tools/replay/run.h"

namespace vectors_test {

// Clients in 10.1.0.0/24, real servers in 10.2.0.0/16, each behind one peer's MAC address, which is
// known. An address without a peer (10.2.0.99) is none's. Throws std::runtime_error for a command
// that it does not know.
replay::RunSetup director_of(const std::vector<std::string>& commands, const Case& recorded);

}  // namespace vectors_test
