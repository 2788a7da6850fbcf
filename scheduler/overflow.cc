#include "scheduler/overflow.h"

#include <algorithm>

#include "scheduler/heaviest_first.h"

namespace scheduler {
namespace {

class Overflow final : public Plan {
 public:
  explicit Overflow(std::span<const Server> servers) : order_(heaviest_first(servers)) {}

  Picked pick(const Request& request) const override {
    for (const Heavy& server : order_) {
      if (request.loads.of(server.slot).active > server.weight) continue;
      if (!request.overloads.has(server.slot)) return server.position;
    }
    return std::nullopt;
  }
  bool takes_turns() const override { return false; }

  std::string verdict(uint32_t position, Picked picked, const Request& request) const override {
    const auto found = std::ranges::find(order_, position, &Heavy::position);
    if (found == order_.end()) return {};
    const uint64_t active = request.loads.of(found->slot).active;
    const std::string own =
        std::to_string(active) + " active, weight " + std::to_string(found->weight);
    if (position == picked) return "first by weight that is not full: " + own;
    return (active > found->weight ? "full: " : "not first by weight: ") + own;
  }

 private:
  std::vector<Heavy> order_;
};

}  // namespace

std::unique_ptr<const Plan> compile_overflow(std::span<const Server> servers, Options) {
  return std::make_unique<Overflow>(servers);
}

}  // namespace scheduler
