// What least-load schedulers weigh of a server's connections; of four servers' at once, too, where
// counts are so low that it fits.
#pragma once

#include "scheduler/lanes.h"
#include "scheduler/plan.h"

namespace scheduler {

// lc and wlc.
template <bool weighted>
struct Overhead {
  static constexpr bool kWeighted = weighted;
  static uint64_t of(const ServerLoad& load) { return load.overhead(); }
  static Lanes of(const LoadLanes& load) { return (load.active << 8) + load.inactive; }
};

// sed: what it will have with this connection.
struct ExpectedDelay {
  static constexpr bool kWeighted = true;
  static uint64_t of(const ServerLoad& load) { return load.active + 1; }
  static Lanes of(const LoadLanes& load) { return load.active + 1; }
};

// nq: as sed, but an idle server is less than any other.
struct NeverQueue {
  static constexpr bool kWeighted = true;
  static uint64_t of(const ServerLoad& load) { return load.active == 0 ? 0 : load.active + 1; }
  static Lanes of(const LoadLanes& load) {
    return (load.active + 1) & std::bit_cast<Lanes>(load.active != 0);
  }
};

}  // namespace scheduler
