#include "scheduler/fail_over.h"

#include "scheduler/heaviest_first.h"

namespace scheduler {
namespace {

class FailOver final : public Plan {
 public:
  explicit FailOver(std::span<const Server> servers) : order_(heaviest_first(servers)) {}

  std::optional<uint32_t> pick(const Request& request) const override {
    for (const Heavy& server : order_) {
      if (!request.overloads.has(server.slot)) return server.position;
    }
    return std::nullopt;
  }
  bool takes_turns() const override { return false; }

 private:
  std::vector<Heavy> order_;
};

}  // namespace

std::unique_ptr<const Plan> compile_fail_over(std::span<const Server> servers, Options) {
  return std::make_unique<FailOver>(servers);
}

}  // namespace scheduler
