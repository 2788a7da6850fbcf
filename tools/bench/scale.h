// What must not make a packet dearer: how many services and servers there are, and how large it is.
#pragma once

#include <vector>

#include "tools/bench/catalogue.h"

namespace bench {

void add_scales(std::vector<Group>& groups);

}  // namespace bench
