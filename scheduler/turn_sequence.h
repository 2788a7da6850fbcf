// A plan that is a cycle of positions: turn k goes to entry k modulo the length.
#pragma once

#include "scheduler/plan.h"

namespace scheduler {

class TurnSequence final : public Plan {
 public:
  explicit TurnSequence(std::vector<uint32_t> turns) : turns_(std::move(turns)) {}

  std::optional<uint32_t> pick(const Request& request) const override {
    if (turns_.empty()) return std::nullopt;
    return turns_[request.turn % turns_.size()];
  }
  bool takes_turns() const override { return true; }

 private:
  std::vector<uint32_t> turns_;
};

}  // namespace scheduler
