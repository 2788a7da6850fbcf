// A plan that is a cycle of positions: turn k goes to entry k modulo the length.
#pragma once

#include <algorithm>

#include "scheduler/plan.h"
#include "scheduler/turn_limits.h"

namespace scheduler {

class TurnSequence final : public Plan {
 public:
  TurnSequence(std::vector<uint32_t> turns, std::span<const Server> servers)
      : turns_(std::move(turns)), limits_(servers, turns_.size()) {}

  std::optional<uint32_t> pick(const Request& request) const override {
    if (turns_.empty()) return std::nullopt;
    return limits_.pass(turns_[request.turn % turns_.size()], request);
  }
  bool takes_turns() const override { return true; }
  uint32_t turns_to_try() const override { return limits_.turns_to_try(); }

 private:
  std::vector<uint32_t> turns_;
  TurnLimits limits_;
};

}  // namespace scheduler
