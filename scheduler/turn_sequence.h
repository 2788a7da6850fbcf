// A plan that is a cycle of positions: turn k goes to entry k modulo the length.
#pragma once

#include <algorithm>

#include "scheduler/plan.h"
#include "scheduler/turn_limits.h"

namespace scheduler {

class TurnSequence final : public Plan {
 public:
  TurnSequence(std::vector<uint32_t> turns, std::span<const Server> servers)
      : turns_(std::move(turns)),
        inverse_(turns_.empty() ? 0 : ~uint64_t{0} / turns_.size()),
        limits_(servers, turns_.size()) {}

  Picked pick(const Request& request) const override {
    if (turns_.empty()) return std::nullopt;
    return limits_.pass(turns_[place_of(request.turn)], request);
  }
  bool takes_turns() const override { return true; }
  uint32_t turns_to_try() const override { return limits_.turns_to_try(); }

 private:
  // turn modulo the length, without a division: by the inverse the quotient is right, or less by 1.
  uint64_t place_of(uint64_t turn) const {
    __extension__ using Wide = unsigned __int128;
    const uint64_t cycles = static_cast<uint64_t>(static_cast<Wide>(turn) * inverse_ >> 64);
    const uint64_t place = turn - cycles * turns_.size();
    return place < turns_.size() ? place : place - turns_.size();
  }

  std::vector<uint32_t> turns_;
  uint64_t inverse_;  // 2^64 / length
  TurnLimits limits_;
};

}  // namespace scheduler
