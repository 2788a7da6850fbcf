// What plans that take turns do about overloaded servers. Costs nothing where no server has a
// threshold.
#pragma once

#include <algorithm>

#include "scheduler/plan.h"

namespace scheduler {

class TurnLimits {
 public:
  // A cycle in which nearly all are overloaded is not walked to its end, for each connection anew.
  static constexpr uint64_t kMostTurns = 64;

  // `cycle`: turns that offer every server once.
  TurnLimits(std::span<const Server> servers, uint64_t cycle) {
    const bool limited = std::ranges::any_of(servers, &Server::limited);
    if (!limited || cycle == 0) return;
    turns_ = static_cast<uint32_t>(std::min(cycle, kMostTurns));
    for (const Server& server : servers) servers_.push_back({server.slot, server.weight > 0});
  }

  uint32_t turns_to_try() const { return turns_; }

  // The server whose turn it is, unless it is overloaded.
  Picked pass(uint32_t position, const Request& request) const {
    if (servers_.empty() || !request.overloads.has(servers_[position].slot)) return position;
    if (!request.last_try) return std::nullopt;
    for (size_t step = 1; step < servers_.size(); ++step) {
      const size_t next = (position + step) % servers_.size();
      if (servers_[next].accepts && !request.overloads.has(servers_[next].slot)) {
        return static_cast<uint32_t>(next);
      }
    }
    return std::nullopt;
  }

 private:
  struct Candidate {
    uint32_t slot;
    bool accepts;
  };
  std::vector<Candidate> servers_;  // empty where none is limited
  uint32_t turns_ = 1;
};

}  // namespace scheduler
