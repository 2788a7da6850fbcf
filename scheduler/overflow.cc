#include "scheduler/overflow.h"

#include "scheduler/heaviest_first.h"

namespace scheduler {
namespace {

class Overflow final : public Plan {
 public:
  explicit Overflow(std::span<const Server> servers) : order_(heaviest_first(servers)) {}

  std::optional<uint32_t> pick(const Request& request) const override {
    for (const Heavy& server : order_) {
      if (request.loads.of(server.slot).active > server.weight) continue;
      if (!request.overloads.has(server.slot)) return server.position;
    }
    return std::nullopt;
  }
  bool takes_turns() const override { return false; }

 private:
  std::vector<Heavy> order_;
};

}  // namespace

std::unique_ptr<const Plan> compile_overflow(std::span<const Server> servers, Options) {
  return std::make_unique<Overflow>(servers);
}

}  // namespace scheduler
