#include "scheduler/fail_over.h"

#include <algorithm>

#include "scheduler/heaviest_first.h"

namespace scheduler {
namespace {

class FailOver final : public Plan {
 public:
  explicit FailOver(std::span<const Server> servers) : order_(heaviest_first(servers)) {}

  Picked pick(const Request& request) const override {
    for (const Heavy& server : order_) {
      if (!request.overloads.has(server.slot)) return server.position;
    }
    return std::nullopt;
  }
  bool takes_turns() const override { return false; }

  std::string verdict(uint32_t position, Picked picked, const Request&) const override {
    const auto found = std::ranges::find(order_, position, &Heavy::position);
    if (found == order_.end()) return {};
    const std::string own = "weight " + std::to_string(found->weight);
    return (position == picked ? "first by weight that is open: " : "not first by weight: ") + own;
  }

 private:
  std::vector<Heavy> order_;
};

}  // namespace

std::unique_ptr<const Plan> compile_fail_over(std::span<const Server> servers, Options) {
  return std::make_unique<FailOver>(servers);
}

}  // namespace scheduler
