#include "scheduler/never_queue.h"

#include "scheduler/least_of.h"
#include "scheduler/measures.h"

namespace scheduler {

std::unique_ptr<const Plan> compile_never_queue(std::span<const Server> servers, Options) {
  return std::make_unique<LeastOf<NeverQueue>>(servers);
}

}  // namespace scheduler
