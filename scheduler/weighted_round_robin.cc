#include "scheduler/weighted_round_robin.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <queue>
#include <utility>

#include "scheduler/turn_limits.h"
#include "scheduler/turn_sequence.h"

namespace scheduler {
namespace {

// Longer cycles are not written out but computed turn by turn.
constexpr uint64_t kLongestSequence = 65536;

struct Share {
  uint32_t position;
  uint64_t weight;
};

// Shares of one weight. Their turns open and are due together, so they take them in order, round
// after round: as many servers as there may be, weights that differ are few in a short cycle.
struct Equals {
  uint64_t weight;
  std::vector<uint32_t> positions;
  size_t next = 0;     // of the positions
  uint64_t given = 0;  // rounds
};

std::vector<Equals> by_weight(const std::vector<Share>& shares) {
  std::map<uint64_t, std::vector<uint32_t>> positions;
  for (const Share& share : shares) positions[share.weight].push_back(share.position);
  std::vector<Equals> result;
  for (auto& [weight, members] : positions) result.push_back({weight, std::move(members)});
  return result;
}

// Tijdeman's chairman assignment (The chairman assignment problem, 1980): of the servers whose next
// turn is open, the one whose turn is due first, the first of equals. After k turns no server is a
// whole turn away from k times its share: it has had that share, rounded up or down. (Taking just
// the least served, (2 * given + 1) / weight, is up to an eighth of the cycle away: with one server
// of weight 100 and a hundred of weight 1 the heavy one waits for a hundred turns in a row.)
std::vector<uint32_t> spread_evenly(const std::vector<Share>& shares, uint64_t cycle) {
  const uint64_t unit = shares.size() > 1 ? 2 * (shares.size() - 1) : 1;
  // The first turn, counted from 0, that is open to them.
  const auto opens = [&](const Equals& equals) {
    const uint64_t divisor = equals.weight * unit;
    return ((equals.given * unit + 1) * cycle + divisor - 1) / divisor - 1;
  };
  std::vector<Equals> all = by_weight(shares);
  const auto later = [&](uint32_t one, uint32_t other) {
    const Equals &a = all[one], &b = all[other];
    const uint64_t left = ((a.given + 1) * unit - 1) * b.weight;
    const uint64_t right = ((b.given + 1) * unit - 1) * a.weight;
    return left != right ? left > right : a.positions[a.next] > b.positions[b.next];
  };
  using Opening = std::pair<uint64_t, uint32_t>;  // when, and of whom
  std::priority_queue<Opening, std::vector<Opening>, std::greater<>> closed;
  for (uint32_t i = 0; i < all.size(); ++i) closed.emplace(opens(all[i]), i);
  std::priority_queue<uint32_t, std::vector<uint32_t>, decltype(later)> open(later);
  std::vector<uint32_t> turns;
  turns.reserve(cycle);
  for (uint64_t turn = 0; turn < cycle; ++turn) {
    for (; !closed.empty() && closed.top().first <= turn; closed.pop()) {
      open.push(closed.top().second);
    }
    const uint32_t chosen = open.top();
    open.pop();
    Equals& equals = all[chosen];
    turns.push_back(equals.positions[equals.next]);
    if (++equals.next < equals.positions.size()) {
      open.push(chosen);
      continue;
    }
    equals.next = 0;
    if (++equals.given < equals.weight) closed.emplace(opens(equals), chosen);
  }
  return turns;
}

// The cycle as a permutation: turn k stands at k * step modulo the cycle, each server owning as
// many neighbouring places as its weight. A step near the golden section of the cycle spreads every
// interval evenly (three-distance theorem); coprime to the cycle, it meets every place once.
class TurnPermutation final : public Plan {
 public:
  TurnPermutation(const std::vector<Share>& shares, uint64_t cycle, std::span<const Server> servers)
      : cycle_(cycle), step_(coprime_near_golden(cycle)), limits_(servers, cycle) {
    uint64_t end = 0;
    for (const Share& share : shares) {
      end += share.weight;
      ends_.push_back(end);
      positions_.push_back(share.position);
    }
  }

  Picked pick(const Request& request) const override {
    // Both factors are below 2^48: servers are counted in 32 bits, weights in 16.
    __extension__ using Wide = unsigned __int128;
    const auto place =
        static_cast<uint64_t>(static_cast<Wide>(request.turn % cycle_) * step_ % cycle_);
    const auto owner = std::upper_bound(ends_.begin(), ends_.end(), place);
    return limits_.pass(positions_[static_cast<size_t>(owner - ends_.begin())], request);
  }
  bool takes_turns() const override { return true; }
  uint32_t turns_to_try() const override { return limits_.turns_to_try(); }

 private:
  // Not just the nearest coprime: where a fraction of small denominator is very close to the step,
  // turns gather in few places for thousands of turns. Such a fraction shows as a large quotient.
  static uint64_t coprime_near_golden(uint64_t cycle) {
    constexpr uint64_t kCandidates = 256;
    const auto golden =
        static_cast<uint64_t>(std::llround(static_cast<double>(cycle) * 0.6180339887498949));
    uint64_t best = 1;  // coprime to everything
    uint64_t least = cycle;
    for (uint64_t step = golden; step < golden + kCandidates; ++step) {
      if (std::gcd(step, cycle) != 1) continue;
      const uint64_t quotient = largest_quotient(step, cycle);
      if (quotient >= least) continue;
      best = step;
      least = quotient;
    }
    return best;
  }

  // Of the continued fraction of step / cycle.
  static uint64_t largest_quotient(uint64_t step, uint64_t cycle) {
    uint64_t largest = 0;
    for (uint64_t a = cycle, b = step; b != 0;) {
      largest = std::max(largest, a / b);
      a = std::exchange(b, a % b);
    }
    return largest;
  }

  uint64_t cycle_;
  uint64_t step_;
  std::vector<uint64_t> ends_;
  std::vector<uint32_t> positions_;
  TurnLimits limits_;
};

}  // namespace

std::unique_ptr<const Plan> compile_weighted_round_robin(std::span<const Server> servers, Options) {
  uint64_t divisor = 0;
  for (const Server& server : servers) divisor = std::gcd(divisor, server.weight);
  std::vector<Share> shares;
  uint64_t cycle = 0;
  for (uint32_t i = 0; i < servers.size(); ++i) {
    if (servers[i].weight == 0) continue;
    assert(divisor > 0);
    shares.push_back({i, servers[i].weight / divisor});
    cycle += shares.back().weight;
  }
  if (cycle <= kLongestSequence) {
    return std::make_unique<TurnSequence>(spread_evenly(shares, cycle), servers);
  }
  return std::make_unique<TurnPermutation>(shares, cycle, servers);
}

}  // namespace scheduler
