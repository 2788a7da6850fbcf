#include "scheduler/weighted_least_connection.h"

#include "scheduler/least_of.h"

namespace scheduler {
namespace {

struct FewestByWeight {
  // Overheads stay below 2^41 and weights below 2^16: the products fit.
  static bool less(const ServerLoad& a, uint32_t weight_a, const ServerLoad& b, uint32_t weight_b) {
    return a.overhead() * weight_b < b.overhead() * weight_a;
  }
};

}  // namespace

std::unique_ptr<const Plan> compile_weighted_least_connection(std::span<const Server> servers,
                                                              Options) {
  return std::make_unique<LeastOf<FewestByWeight>>(servers);
}

}  // namespace scheduler
