#include "scheduler/weighted_least_connection.h"

#include "scheduler/least_of.h"
#include "scheduler/measures.h"

namespace scheduler {

std::unique_ptr<const Plan> compile_weighted_least_connection(std::span<const Server> servers,
                                                              Options) {
  return std::make_unique<LeastOf<Overhead<true>>>(servers);
}

}  // namespace scheduler
