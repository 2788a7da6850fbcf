#include "scheduler/shortest_expected_delay.h"

#include "scheduler/least_of.h"
#include "scheduler/measures.h"

namespace scheduler {

std::unique_ptr<const Plan> compile_shortest_expected_delay(std::span<const Server> servers,
                                                            Options) {
  return std::make_unique<LeastOf<ExpectedDelay>>(servers);
}

}  // namespace scheduler
