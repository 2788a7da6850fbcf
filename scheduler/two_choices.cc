#include "scheduler/two_choices.h"

#include <algorithm>
#include <utility>

#include "lb/hash.h"

namespace scheduler {
namespace {

__extension__ using Wide = unsigned __int128;

class TwoChoices final : public Plan {
 public:
  explicit TwoChoices(std::span<const Server> servers) {
    uint64_t end = 0;
    for (uint32_t i = 0; i < servers.size(); ++i) {
      const uint64_t share = uint64_t{servers[i].weight} * servers[i].ramp;
      if (share == 0) continue;
      end += share;
      ends_.push_back(end);
      candidates_.push_back({i, servers[i].slot, share});
    }
  }

  Picked pick(const Request& request) const override {
    const auto drawn = draw(request);
    if (!drawn) return std::nullopt;
    const auto [one, other] = *drawn;
    return (is_less(*other, *one, request) ? other : one)->position;
  }
  bool takes_turns() const override { return false; }

  std::string verdict(uint32_t position, Picked picked, const Request& request) const override {
    const auto found = std::ranges::find(candidates_, position, &Candidate::position);
    if (found == candidates_.end()) return {};
    const std::string own = proportion(request.loads.of(found->slot).overhead(), found->share);
    if (position == picked) return "the less loaded of two drawn by lot: " + own;
    const auto drawn = draw(request);
    if (!drawn || (drawn->first->position != position && drawn->second->position != position)) {
      return "not drawn by lot";
    }
    return "drawn by lot, but no less loaded: " + own;
  }

 private:
  struct Candidate {
    uint32_t position;
    uint32_t slot;
    uint64_t share;
  };

  std::optional<std::pair<const Candidate*, const Candidate*>> draw(const Request& request) const {
    if (candidates_.empty()) return std::nullopt;
    const Candidate* one = &drawn(request.random);
    const Candidate* other = &drawn(next(request.random));
    // To draw both anew is as fair as to have drawn among the open ones alone.
    if (is_overloaded(*one, request) || is_overloaded(*other, request)) [[unlikely]] {
      const uint64_t sum = open_shares(request);
      if (sum == 0) return std::nullopt;
      const uint64_t random = next(next(request.random));
      one = &drawn_open(random, sum, request);
      other = &drawn_open(next(random), sum, request);
    }
    return std::pair(one, other);
  }

  static uint64_t next(uint64_t random) {
    return lb::mix({0x9e3779b97f4a7c15, 0xd6e8feb86659fd93}, random);
  }
  static uint64_t below(uint64_t limit, uint64_t random) {
    return static_cast<uint64_t>(static_cast<Wide>(random) * limit >> 64);
  }
  static bool is_overloaded(const Candidate& candidate, const Request& request) {
    return request.overloads.has(candidate.slot);
  }
  static bool is_less(const Candidate& a, const Candidate& b, const Request& request) {
    return static_cast<Wide>(request.loads.of(a.slot).overhead()) * b.share <
           static_cast<Wide>(request.loads.of(b.slot).overhead()) * a.share;
  }

  const Candidate& drawn(uint64_t random) const {
    const auto end = std::ranges::upper_bound(ends_, below(ends_.back(), random));
    return candidates_[static_cast<size_t>(end - ends_.begin())];
  }

  uint64_t open_shares(const Request& request) const {
    uint64_t sum = 0;
    for (const Candidate& candidate : candidates_) {
      if (!is_overloaded(candidate, request)) sum += candidate.share;
    }
    return sum;
  }
  // One that is overloaded only where it has become so since `sum` was formed.
  const Candidate& drawn_open(uint64_t random, uint64_t sum, const Request& request) const {
    uint64_t left = below(sum, random);
    const Candidate* last = &candidates_.back();
    for (const Candidate& candidate : candidates_) {
      if (is_overloaded(candidate, request)) continue;
      last = &candidate;
      if (left < candidate.share) break;
      left -= candidate.share;
    }
    return *last;
  }

  std::vector<uint64_t> ends_;  // the sums of shares up to each candidate
  std::vector<Candidate> candidates_;
};

}  // namespace

std::unique_ptr<const Plan> compile_two_choices(std::span<const Server> servers, Options) {
  return std::make_unique<TwoChoices>(servers);
}

}  // namespace scheduler
