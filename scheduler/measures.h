// What least-load schedulers weigh of a server's connections.
#pragma once

#include "scheduler/plan.h"

namespace scheduler {

enum class Measure {
  kOverhead,       // lc and wlc: 256 * active + inactive
  kExpectedDelay,  // sed: how many will be active with this one
  kNeverQueue,     // nq: the same, but an idle server is less than any other
};

template <Measure measure>
uint64_t measured(const ServerLoad& load) {
  if constexpr (measure == Measure::kOverhead) return load.overhead();
  if (measure == Measure::kNeverQueue && load.active == 0) return 0;
  return load.active + 1;
}

}  // namespace scheduler
