// What must not make a packet dearer: how many services and servers there are, how large the packet
// is, and that the configuration changes meanwhile.
#pragma once

#include <vector>

#include "tools/bench/catalogue.h"

namespace bench {

void add_scales(std::vector<Group>& groups, const Options& options);

}  // namespace bench
