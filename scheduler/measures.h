// What least-load schedulers weigh of a server's connections.
#pragma once

#include "scheduler/plan.h"

namespace scheduler {

// lc and wlc.
template <bool weighted>
struct Overhead {
  static constexpr bool kWeighted = weighted;
  static uint64_t of(const ServerLoad& load) { return load.overhead(); }
};

// sed: what it will have with this connection.
struct ExpectedDelay {
  static constexpr bool kWeighted = true;
  static uint64_t of(const ServerLoad& load) { return load.active + 1; }
};

// nq: as sed, but an idle server is less than any other.
struct NeverQueue {
  static constexpr bool kWeighted = true;
  static uint64_t of(const ServerLoad& load) { return load.active == 0 ? 0 : load.active + 1; }
};

}  // namespace scheduler
