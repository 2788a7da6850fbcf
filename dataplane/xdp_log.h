// What libxdp and libbpf, on which net_af_xdp stands, write to standard error otherwise.
#pragma once

#include "dataplane/eal.h"

namespace dataplane {

// Their lines go to `sink`, as details: what matters of them DPDK says itself. Where a library is
// not installed, nothing uses it.
void capture_xdp_log(LogSink sink);

}  // namespace dataplane
