// A plan that takes the server of least load in proportion to its weight, the first of equals.
#pragma once

#include "scheduler/key_scan.h"
#include "scheduler/plan.h"

namespace scheduler {

// `Measure` has static uint64_t of(ServerLoad), the same for KeyScan, and kWeighted: whether
// weights are looked at.
template <class Measure>
class LeastOf final : public Plan {
 public:
  explicit LeastOf(std::span<const Server> servers) {
    for (uint32_t i = 0; i < servers.size(); ++i) {
      const Server& server = servers[i];
      if (server.weight == 0) continue;
      const uint64_t weight = Measure::kWeighted ? server.weight : 1;
      candidates_.push_back({i, server.slot, weight * server.ramp});
      scan_.add(server.slot, weight * server.ramp);
    }
    scan_.finish();
  }

  std::optional<uint32_t> pick(const Request& request) const override {
    if (!scan_.empty()) {
      // The least of all is the least of those that are not overloaded, if it is one.
      const uint32_t found = scan_.find(request.loads);
      if (found != scan_.kNone && !request.overloads.has(candidates_[found].slot)) {
        return candidates_[found].position;
      }
    }
    return pick_one_by_one(request);
  }
  bool takes_turns() const override { return false; }

 private:
  struct Candidate {
    uint32_t position;
    uint32_t slot;
    uint64_t share;
  };

  std::optional<uint32_t> pick_one_by_one(const Request& request) const {
    const Candidate* best = nullptr;
    uint64_t least = 0;
    for (const Candidate& candidate : candidates_) {
      const uint64_t measure = Measure::of(request.loads.of(candidate.slot));
      if (best != nullptr && !is_less(measure, candidate, least, *best)) continue;
      if (request.overloads.has(candidate.slot)) continue;
      best = &candidate;
      least = measure;
    }
    if (best == nullptr) return std::nullopt;
    return best->position;
  }

  // Multiplied crosswise, so that nothing is rounded. Measures stay below 2^41.
  static bool is_less(uint64_t measure_a, const Candidate& a, uint64_t measure_b,
                      const Candidate& b) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<Wide>(measure_a) * b.share < static_cast<Wide>(measure_b) * a.share;
  }

  std::vector<Candidate> candidates_;
  KeyScan<Measure> scan_;
};

}  // namespace scheduler
