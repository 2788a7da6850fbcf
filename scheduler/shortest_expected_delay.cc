#include "scheduler/shortest_expected_delay.h"

#include "scheduler/least_of.h"

namespace scheduler {

std::unique_ptr<const Plan> compile_shortest_expected_delay(std::span<const Server> servers,
                                                            Options) {
  return std::make_unique<LeastOf<Measure::kExpectedDelay, true>>(servers);
}

}  // namespace scheduler
