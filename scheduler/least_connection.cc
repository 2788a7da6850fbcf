#include "scheduler/least_connection.h"

#include "scheduler/least_of.h"

namespace scheduler {
namespace {

struct FewestConnections {
  static bool less(const ServerLoad& a, uint32_t, const ServerLoad& b, uint32_t) {
    return a.overhead() < b.overhead();
  }
};

}  // namespace

std::unique_ptr<const Plan> compile_least_connection(std::span<const Server> servers, Options) {
  return std::make_unique<LeastOf<FewestConnections>>(servers);
}

}  // namespace scheduler
