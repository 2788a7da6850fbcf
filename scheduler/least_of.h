// A plan that takes the server of least load in proportion to its weight, the first of equals.
#pragma once

#include "scheduler/key_scan.h"
#include "scheduler/plan.h"

namespace scheduler {

// `weighted`: whether weights are looked at.
template <Measure measure, bool weighted>
class LeastOf final : public Plan {
 public:
  explicit LeastOf(std::span<const Server> servers) {
    for (uint32_t i = 0; i < servers.size(); ++i) {
      const Server& server = servers[i];
      if (server.weight == 0) continue;
      const uint64_t weight = weighted ? server.weight : 1;
      candidates_.push_back({i, server.slot, weight * server.ramp});
      scan_.add(server.slot, weight * server.ramp);
    }
    scan_.finish();
  }

  Picked pick(const Request& request) const override {
    if (!scan_.empty()) {
      // The least of all is the least of those that are not overloaded, if it is one.
      const uint32_t found = scan_.find(request.loads, request.minima);
      if (found != scan_.kNone && !request.overloads.has(candidates_[found].slot)) {
        return candidates_[found].position;
      }
    }
    return pick_one_by_one(request);
  }
  bool takes_turns() const override { return false; }

  std::string verdict(uint32_t position, Picked picked, const Request& request) const override {
    const Candidate* self = at(position);
    if (self == nullptr) return {};
    const uint64_t load = measured<measure>(request.loads.of(self->slot));
    const std::string own = figures(*self, load);
    if (position == picked) return "least loaded: " + own;
    const Candidate* best = picked ? at(*picked) : nullptr;
    if (best == nullptr) return own;
    const uint64_t least = measured<measure>(request.loads.of(best->slot));
    const bool is_more = is_less(least, *best, load, *self);
    return (is_more ? "more loaded: " : "as loaded, but later in order: ") + own + " against " +
           figures(*best, least);
  }

 private:
  struct Candidate {
    uint32_t position;
    uint32_t slot;
    uint64_t share;
  };

  const Candidate* at(uint32_t position) const {
    const auto found = std::ranges::lower_bound(candidates_, position, {}, &Candidate::position);
    return found == candidates_.end() || found->position != position ? nullptr : &*found;
  }

  static std::string figures(const Candidate& candidate, uint64_t load) {
    if (!weighted && candidate.share == Server::kFullRamp) return "load " + std::to_string(load);
    return proportion(load, candidate.share);
  }

  Picked pick_one_by_one(const Request& request) const {
    const Candidate* best = nullptr;
    uint64_t least = 0;
    for (const Candidate& candidate : candidates_) {
      const uint64_t load = measured<measure>(request.loads.of(candidate.slot));
      if (best != nullptr && !is_less(load, candidate, least, *best)) continue;
      if (request.overloads.has(candidate.slot)) continue;
      best = &candidate;
      least = load;
    }
    if (best == nullptr) return std::nullopt;
    return best->position;
  }

  // Multiplied crosswise, so that nothing is rounded.
  static bool is_less(uint64_t load_a, const Candidate& a, uint64_t load_b, const Candidate& b) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<Wide>(load_a) * b.share < static_cast<Wide>(load_b) * a.share;
  }

  std::vector<Candidate> candidates_;
  KeyScan<measure> scan_;
};

}  // namespace scheduler
