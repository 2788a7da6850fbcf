// How evenly wrr spreads a cycle's turns, with LVS's own wrr as the baseline.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "test/scheduler/recorded_sequences.h"
#include "test/scheduler/support.h"

using scheduler_test::compile;
using scheduler_test::cycle_of;
using scheduler_test::divisor_of;
using scheduler_test::kRecorded;
using scheduler_test::Random;
using scheduler_test::Recorded;
using scheduler_test::Weights;

namespace {

using Turns = std::vector<uint32_t>;

// LVS's sweep (ip_vs_wrr.c): the list is gone through again and again while a level falls from the
// largest weight by the divisor; at each level those of at least that weight have a turn. As
// recorded, a new service starts with the lowest level.
Turns lvs_cycle(const Weights& weights) {
  const uint64_t largest = *std::max_element(weights.begin(), weights.end());
  const uint64_t step = divisor_of(weights);
  Turns turns;
  const auto sweep = [&](uint64_t level) {
    for (uint32_t i = 0; i < weights.size(); ++i) {
      if (weights[i] >= level) turns.push_back(i);
    }
  };
  sweep(step);
  for (uint64_t level = largest; level > step; level -= step) sweep(level);
  return turns;
}

Turns our_cycle(const Weights& weights) {
  const auto plan = compile("wrr", weights);
  Turns turns;
  for (uint64_t turn = 0; turn < cycle_of(weights); ++turn) {
    turns.push_back(*scheduler_test::pick(*plan, turn));
  }
  return turns;
}

// The largest |count(k) - k * share / cycle| over all servers and all k, times the cycle: whole
// numbers. A server is furthest from its share right before and right after a turn of its own.
int64_t deviation(const Weights& weights, const Turns& turns) {
  const auto cycle = static_cast<int64_t>(turns.size());
  const uint64_t divisor = divisor_of(weights);
  int64_t worst = 0;
  std::vector<int64_t> counts(weights.size());
  for (int64_t k = 0; k < cycle; ++k) {
    const uint32_t server = turns[static_cast<size_t>(k)];
    const auto share = static_cast<int64_t>(weights[server] / divisor);
    worst = std::max(worst, k * share - counts[server] * cycle);
    ++counts[server];
    worst = std::max(worst, counts[server] * cycle - (k + 1) * share);
  }
  return worst;
}

// For each server, the most turns from one of its own to the next, round the end of the cycle too.
std::vector<uint64_t> gaps(const Weights& weights, const Turns& turns) {
  std::vector<uint64_t> result(weights.size());
  std::vector<int64_t> last(weights.size(), -1);
  for (uint64_t turn = 0; turn < 2 * turns.size(); ++turn) {
    const uint32_t server = turns[turn % turns.size()];
    if (last[server] >= 0) {
      result[server] = std::max(result[server], turn - static_cast<uint64_t>(last[server]));
    }
    last[server] = static_cast<int64_t>(turn);
  }
  return result;
}

uint64_t longest(const std::vector<uint64_t>& gaps) {
  return *std::max_element(gaps.begin(), gaps.end());
}

// Small ones of every kind, random ones, one heavy among many light ones, nearly equal ones.
std::vector<Weights> weight_sets() {
  std::vector<Weights> sets;
  for (uint32_t a = 1; a <= 9; ++a) {
    for (uint32_t b = 0; b <= 9; ++b) {
      for (uint32_t c = 0; c <= 9; ++c) sets.push_back({a, b, c});
    }
  }
  Random random(1);
  for (int round = 0; round < 500; ++round) {
    Weights weights(1 + random.below(24));
    const uint32_t least = random.below(40);
    const uint32_t range = 1 + random.below(60);
    for (uint32_t& weight : weights) weight = least + random.below(range);
    weights[0] = std::max(weights[0], 1u);
    sets.push_back(weights);
  }
  for (const uint32_t light : {1, 3, 10, 100, 500}) {
    for (const uint32_t heavy : {2, 10, 100, 1000}) {
      Weights weights(light, 1);
      weights.insert(weights.begin() + light / 2, heavy);
      sets.push_back(weights);
    }
  }
  return sets;
}

}  // namespace

TEST_CASE("the baseline is LVS: its sweep gives the recorded wrr sequences to the letter") {
  for (const Recorded& recorded : kRecorded) {
    if (recorded.scheduler != "wrr") continue;
    const Weights weights(recorded.weights.rbegin(), recorded.weights.rend());
    const Turns turns = lvs_cycle(weights);
    std::string sequence;
    for (size_t k = 0; k < recorded.sequence.size(); ++k) {
      sequence += static_cast<char>('0' + weights.size() - turns[k % turns.size()]);
    }
    CHECK(sequence == recorded.sequence);
  }
}

TEST_CASE("at every turn every server has had its share, rounded up or down") {
  for (const Weights& weights : weight_sets()) {
    CAPTURE(weights);
    const Turns turns = our_cycle(weights);
    REQUIRE(deviation(weights, turns) < static_cast<int64_t>(turns.size()));
  }
}

TEST_CASE("no server is ever further from its share than under LVS's wrr") {
  for (const Weights& weights : weight_sets()) {
    CAPTURE(weights);
    REQUIRE(deviation(weights, our_cycle(weights)) <= deviation(weights, lvs_cycle(weights)));
  }
}

TEST_CASE("the longest wait for a turn, over all servers, is never longer than under LVS's wrr") {
  for (const Weights& weights : weight_sets()) {
    CAPTURE(weights);
    REQUIRE(longest(gaps(weights, our_cycle(weights))) <=
            longest(gaps(weights, lvs_cycle(weights))));
  }
}

TEST_CASE("no server waits for twice its even distance between turns and one turn more") {
  for (const Weights& weights : weight_sets()) {
    CAPTURE(weights);
    const Turns turns = our_cycle(weights);
    const auto waits = gaps(weights, turns);
    for (size_t i = 0; i < weights.size(); ++i) {
      // gap < 2 * cycle / share + 1
      if (weights[i] > 0) {
        REQUIRE((waits[i] - 1) * (weights[i] / divisor_of(weights)) < 2 * turns.size());
      }
    }
  }
}

TEST_CASE("a heavy server among light ones has its turns between theirs, not in a row") {
  Weights weights(101, 1);
  weights[0] = 100;
  CHECK(gaps(weights, our_cycle(weights))[0] <= 3);
  CHECK(gaps(weights, lvs_cycle(weights))[0] == 101);
}

// The price: the wait of each single server is not always shorter than under LVS.
TEST_CASE(
    "a single server may wait a turn longer than under LVS's wrr, as the middle one of 1:2:1") {
  CHECK(our_cycle({1, 2, 1}) == Turns{1, 0, 2, 1});
  CHECK(lvs_cycle({1, 2, 1}) == Turns{0, 1, 2, 1});
  CHECK(gaps({1, 2, 1}, our_cycle({1, 2, 1})) == std::vector<uint64_t>{4, 3, 4});
  CHECK(gaps({1, 2, 1}, lvs_cycle({1, 2, 1})) == std::vector<uint64_t>{4, 2, 4});
}

TEST_CASE("in cycles too long to be written out no server is more than some turns from its share") {
  Random random(2);
  std::vector<Weights> sets;
  for (int round = 0; round < 4; ++round) {
    Weights weights(2 + random.below(12));
    for (uint32_t& weight : weights) weight = 1 + random.below(65535);
    weights[0] = 65535;
    sets.push_back(weights);
  }
  // Here the nearest coprime to the golden section is nearly a fraction of small denominator, and a
  // server would be 1,957 turns away.
  Weights unlucky(45, 65535);
  unlucky.push_back(4237);
  unlucky.push_back(2967888 - 45 * 65535 - 4237);
  sets.push_back(unlucky);
  for (const Weights& weights : sets) {
    if (cycle_of(weights) <= 65536) continue;
    CAPTURE(weights);
    const Turns turns = our_cycle(weights);
    CHECK(deviation(weights, turns) < 10 * static_cast<int64_t>(turns.size()));
  }
}
