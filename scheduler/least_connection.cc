#include "scheduler/least_connection.h"

#include "scheduler/least_of.h"

namespace scheduler {

std::unique_ptr<const Plan> compile_least_connection(std::span<const Server> servers, Options) {
  return std::make_unique<LeastOf<Measure::kOverhead, false>>(servers);
}

}  // namespace scheduler
