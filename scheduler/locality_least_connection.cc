#include "scheduler/locality_least_connection.h"

#include <algorithm>

#include "scheduler/least_of.h"

namespace scheduler {
namespace {

class LocalityLeastConnection final : public Plan {
 public:
  explicit LocalityLeastConnection(std::span<const Server> servers) : least_(servers) {
    for (uint32_t i = 0; i < servers.size(); ++i) {
      if (servers[i].weight > 0) candidates_.push_back({i, servers[i].slot, servers[i].weight});
      slots_.push_back(servers[i].slot);
    }
    std::ranges::sort(candidates_, {}, &Candidate::slot);
  }

  Picked pick(const Request& request) const override {
    if (request.memory == nullptr) return least_.pick(request);
    if (const Candidate* last = remembered(request); last != nullptr && may_stay(*last, request)) {
      return last->position;
    }
    const auto picked = least_.pick(request);
    if (picked) {
      request.memory->store(uint64_t{request.destination} << 32 | (slots_[*picked] + 1),
                            std::memory_order_relaxed);
    }
    return picked;
  }
  bool takes_turns() const override { return false; }

  std::string verdict(uint32_t position, Picked picked, const Request& request) const override {
    const std::string by_load = least_.verdict(position, picked, request);
    if (by_load.empty() || request.memory == nullptr) return by_load;
    const Candidate* last = remembered(request);
    if (last == nullptr) return by_load;
    if (!may_stay(*last, request)) {
      return last->position == position ? "the destination's so far, too loaded to stay: " + by_load
                                        : by_load;
    }
    return last->position == position ? "the destination's last server" : "not the destination's";
  }

 private:
  struct Candidate {
    uint32_t position;
    uint32_t slot;
    uint32_t weight;
  };

  // The cell holds the destination and, by its slot and 1, its server; anything else is no
  // server's.
  const Candidate* remembered(const Request& request) const {
    const uint64_t cell = request.memory->load(std::memory_order_relaxed);
    const auto slot = static_cast<uint32_t>(cell) - 1;
    if (cell >> 32 != request.destination) return nullptr;
    const auto found = std::ranges::lower_bound(candidates_, slot, {}, &Candidate::slot);
    return found == candidates_.end() || found->slot != slot ? nullptr : &*found;
  }

  bool may_stay(const Candidate& last, const Request& request) const {
    if (request.overloads.has(last.slot)) return false;
    if (request.loads.of(last.slot).active <= last.weight) return true;
    return std::ranges::none_of(candidates_, [&](const Candidate& other) {
      return request.loads.of(other.slot).active * 2 < other.weight;
    });
  }

  LeastOf<Measure::kOverhead, true> least_;
  std::vector<Candidate> candidates_;  // by slot
  std::vector<uint32_t> slots_;        // by position
};

}  // namespace

std::unique_ptr<const Plan> compile_locality_least_connection(std::span<const Server> servers,
                                                              Options) {
  return std::make_unique<LocalityLeastConnection>(servers);
}

}  // namespace scheduler
