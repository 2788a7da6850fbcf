// rr, and wrr's shares. How evenly wrr spreads turns: smoothness_test.cc.
#include "scheduler/round_robin.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <latch>
#include <numeric>
#include <thread>
#include <vector>

#include "scheduler/weighted_round_robin.h"
#include "test/scheduler/support.h"

using scheduler_test::compile;
using scheduler_test::cycle_of;
using scheduler_test::divisor_of;
using scheduler_test::pick;
using scheduler_test::Random;
using scheduler_test::Weights;

namespace {

// How many of the turns [begin, begin + length) each server gets.
std::vector<uint64_t> shares(const scheduler::Plan& plan, size_t servers, uint64_t begin,
                             uint64_t length) {
  std::vector<uint64_t> counts(servers);
  for (uint64_t turn = begin; turn != begin + length; ++turn) ++counts[*pick(plan, turn)];
  return counts;
}

std::vector<uint64_t> exact_shares(const Weights& weights) {
  std::vector<uint64_t> exact;
  for (const uint32_t weight : weights) exact.push_back(weight / divisor_of(weights));
  return exact;
}

// Every window of one cycle that starts where a cycle starts has the exact shares.
void check_exact(const Weights& weights, std::initializer_list<uint64_t> cycles) {
  const auto plan = compile("wrr", weights);
  const uint64_t cycle = cycle_of(weights);
  for (const uint64_t number : cycles) {
    REQUIRE(shares(*plan, weights.size(), number * cycle, cycle) == exact_shares(weights));
  }
}

Weights random_weights(Random& random, uint32_t servers, uint32_t largest) {
  Weights weights(servers);
  for (uint32_t& weight : weights) weight = random.below(5) == 0 ? 0 : random.below(largest + 1);
  weights[random.below(servers)] = largest;
  return weights;
}

// Mostly small, some as large as a weight may be.
Weights skewed_weights(Random& random, uint32_t servers) {
  Weights weights(servers);
  for (uint32_t& weight : weights) weight = random.below(uint32_t{1} << random.below(17));
  weights[random.below(servers)] = 65535;
  return weights;
}

}  // namespace

TEST_CASE("rr goes through the servers in the order of the file, past those of weight 0") {
  const auto plan = compile("rr", {5, 0, 1, 65535, 0});
  for (uint64_t turn = 0; turn < 100; ++turn) {
    const uint32_t expected[] = {0, 2, 3};
    CHECK(pick(*plan, turn) == expected[turn % 3]);
  }
}

TEST_CASE("rr's turns go on as they count, however many there have been") {
  for (uint64_t servers = 1; servers <= 70; ++servers) {
    const auto plan = compile("rr", Weights(servers, 1));
    for (const uint64_t from :
         {uint64_t{0}, servers * 1000000007 - 3, (uint64_t{1} << 32) - 100, ~uint64_t{0} - 200}) {
      for (uint64_t turn = from; turn < from + 200; ++turn) {
        REQUIRE(pick(*plan, turn) == static_cast<uint32_t>(turn % servers));
      }
    }
  }
}

TEST_CASE("rr gives every server the same share of any window, to one turn") {
  const auto plan = compile("rr", {1, 2, 3, 4, 5, 6, 7});
  for (uint64_t begin = 0; begin < 20; ++begin) {
    for (uint64_t length = 0; length < 50; ++length) {
      for (const uint64_t count : shares(*plan, 7, begin, length)) {
        REQUIRE(count >= length / 7);
        REQUIRE(count <= (length + 6) / 7);
      }
    }
  }
}

TEST_CASE("wrr of equal weights goes through the servers in the order of the file") {
  for (const uint32_t weight : {1u, 2u, 100u, 65535u}) {
    const auto plan = compile("wrr", Weights(7, weight));
    for (uint64_t turn = 0; turn < 100; ++turn) REQUIRE(pick(*plan, turn) == turn % 7);
  }
}

TEST_CASE("wrr gives exact shares in every cycle, for all small weights") {
  for (uint32_t a = 0; a <= 6; ++a) {
    for (uint32_t b = 0; b <= 6; ++b) {
      for (uint32_t c = 0; c <= 6; ++c) {
        for (uint32_t d = 1; d <= 6; ++d) check_exact({a, b, c, d}, {0, 1, 2, 1000000});
      }
    }
  }
}

TEST_CASE("wrr gives exact shares in every cycle, for random weights and many servers") {
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    const uint32_t servers = 1 + random.below(100);
    check_exact(random_weights(random, servers, 1 + random.below(300)),
                {0, 1, random.next() >> 32});
  }
}

TEST_CASE("wrr takes weights by their common divisor, however large they are") {
  const auto small = compile("wrr", {3, 2, 0, 1});
  const auto large = compile("wrr", {63000, 42000, 0, 21000});
  for (uint64_t turn = 0; turn < 100; ++turn) REQUIRE(pick(*small, turn) == pick(*large, turn));
}

TEST_CASE("wrr gives exact shares in cycles around the longest that is written out") {
  for (const uint32_t rest : {1u, 2u, 3u, 100u, 101u}) {
    check_exact({65535, rest}, {0, 1, 12345});
    check_exact({32768, 32768 - rest, 0, rest / 2 + 1}, {0, 1});
  }
}

TEST_CASE("wrr gives exact shares in cycles that are too long to be written out") {
  Random random(2);
  for (int round = 0; round < 20; ++round) {
    const Weights weights = random_weights(random, 3 + random.below(20), 65535);
    if (cycle_of(weights) <= 65536) continue;
    check_exact(weights, {0, 1 + (random.next() >> 40)});
  }
}

TEST_CASE("wrr gives exact shares to a thousand servers of weights up to 65535") {
  Random random(3);
  const Weights weights = skewed_weights(random, 1000);
  REQUIRE(cycle_of(weights) > 2000000);
  check_exact(weights, {0});
}

TEST_CASE("wrr serves the largest service there can be") {
  Weights weights(1000, 65535);
  weights[0] = 65534;
  const auto plan = compile("wrr", weights);
  // A cycle is too long to count; a sample of as many turns as servers reaches most of them.
  const auto counts = shares(*plan, 1000, uint64_t{1} << 40, 10000);
  for (const uint64_t count : counts) {
    CHECK(count >= 7);
    CHECK(count <= 13);
  }
}

TEST_CASE("turns that threads claim from one counter give exact shares") {
  struct Row {
    const char* scheduler;
    Weights weights;
    std::vector<uint64_t> shares;  // of one cycle
  };
  const Row row = GENERATE(values<Row>({
      {"rr", {5, 3, 0, 1}, {1, 1, 0, 1}},
      {"wrr", {5, 3, 0, 1}, {5, 3, 0, 1}},
      {"wrr", {65535, 1001, 0, 7}, {65535, 1001, 0, 7}},
  }));
  const auto plan = compile(row.scheduler, row.weights);
  const uint64_t cycle = std::accumulate(row.shares.begin(), row.shares.end(), uint64_t{0});
  const uint64_t cycles = std::max<uint64_t>(2, 20000 / cycle);
  constexpr uint64_t kThreads = 4;
  std::atomic<uint64_t> cursor{0};
  std::latch start(kThreads);
  std::vector<std::vector<uint64_t>> counts(kThreads, std::vector<uint64_t>(row.weights.size()));
  std::vector<std::thread> threads;
  for (uint64_t number = 0; number < kThreads; ++number) {
    threads.emplace_back([&, number] {
      Random random(number);
      start.arrive_and_wait();
      // By bursts of up to 32 turns, until all cycles are claimed.
      for (;;) {
        const uint64_t wanted = 1 + random.below(32);
        const uint64_t first = cursor.fetch_add(wanted, std::memory_order_relaxed);
        for (uint64_t turn = first; turn < std::min(first + wanted, cycles * cycle); ++turn) {
          ++counts[number][*pick(*plan, turn)];
        }
        if (first + wanted >= cycles * cycle) return;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t server = 0; server < row.weights.size(); ++server) {
    uint64_t sum = 0;
    for (const auto& count : counts) sum += count[server];
    CHECK(sum == row.shares[server] * cycles);
  }
}
