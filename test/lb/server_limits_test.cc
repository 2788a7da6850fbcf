// How many connections servers may have: LVS's rule, and that no order of workers breaks it.
#include "lb/server_limits.h"

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "lb/connections.h"
#include "test/lb/connections_support.h"

using lb::Limits;

namespace {

class Board {
 public:
  Limits* operator->() { return &limits_; }
  Limits& operator*() { return limits_; }
  bool flag(uint32_t server) const { return flags_[server].load() != 0; }
  // By a configuration newer than those before.
  void set(uint32_t server, uint32_t upper, uint32_t lower) {
    limits_.set(server, upper, lower, ++version_);
  }

 private:
  std::vector<lb::Limit> memory_{8};
  std::vector<std::atomic<uint8_t>> flags_ = std::vector<std::atomic<uint8_t>>(8);
  Limits limits_{memory_, flags_};
  uint64_t version_ = 0;
};

// How many more a server takes.
uint32_t fill(Board& board, uint32_t server) {
  uint32_t taken = 0;
  while (board->claim(server)) ++taken;
  return taken;
}

}  // namespace

TEST_CASE("a server takes connections up to its upper threshold, and again below its lower one") {
  Board board;
  board.set(1, 4, 2);
  CHECK(fill(board, 1) == 4);
  CHECK(board.flag(1));
  board->release(1);
  board->release(1);
  CHECK(board->connections(1) == 2);
  CHECK_FALSE(board->claim(1));
  board->release(1);
  CHECK_FALSE(board.flag(1));
  CHECK(fill(board, 1) == 3);
}

TEST_CASE("without a lower threshold it is three quarters of the upper one") {
  Board board;
  board.set(1, 8, 0);
  CHECK(fill(board, 1) == 8);
  board->release(1);
  board->release(1);
  CHECK_FALSE(board->claim(1));  // 6 are three quarters
  board->release(1);
  CHECK(board->claim(1));
  board.set(2, 1, 0);
  CHECK(fill(board, 2) == 1);
  board->release(2);
  CHECK(fill(board, 2) == 1);
}

TEST_CASE("connections beyond the threshold are counted, too") {
  Board board;
  board.set(1, 2, 0);
  for (int i = 0; i < 5; ++i) board->add(1);
  CHECK(board->connections(1) == 5);
  for (int i = 0; i < 3; ++i) board->release(1);
  CHECK_FALSE(board->claim(1));
  board->release(1);
  CHECK(board->claim(1));
}

TEST_CASE("a threshold that rises ends an overload, one that falls may begin it") {
  Board board;
  board.set(1, 4, 1);
  CHECK(fill(board, 1) == 4);
  board.set(1, 6, 1);
  CHECK_FALSE(board.flag(1));
  CHECK(fill(board, 1) == 2);
  board.set(1, 6, 1);
  CHECK(board.flag(1));
  board.set(1, 3, 1);
  CHECK(board.flag(1));
  Board other;
  other.set(1, 10, 0);
  for (int i = 0; i < 5; ++i) other->claim(1);
  other.set(1, 5, 0);
  CHECK(other.flag(1));
  CHECK_FALSE(other->claim(1));
}

TEST_CASE("a lower threshold that rises beyond the connections ends an overload at once") {
  Board board;
  board.set(1, 4, 1);
  CHECK(fill(board, 1) == 4);
  board->release(1);
  board->release(1);
  board.set(1, 4, 2);
  CHECK(board.flag(1));
  board.set(1, 4, 3);
  CHECK_FALSE(board.flag(1));
  CHECK(fill(board, 1) == 2);
}

TEST_CASE("a worker that is late with a configuration does not undo the next one's thresholds") {
  Board board;
  board->set(1, 3, 0, 7);
  board->set(1, 5, 0, 8);
  board->set(1, 3, 0, 7);
  CHECK(board->upper(1) == 5);
  CHECK(fill(board, 1) == 5);
  board->set(1, 9, 0, 8);  // another worker, of the same one
  CHECK(board->upper(1) == 5);
}

TEST_CASE("workers bring the connections that they have, and take them away again") {
  using Connections = lb_test::Connections;
  Board board;
  lb_test::Pool pool(100);
  lb_test::Worker one(*pool, 100), two(*pool, 100);
  one->share_limits(*board);
  two->share_limits(*board);
  const std::vector<uint32_t> limited{1};
  for (uint32_t i = 0; i < 3; ++i) one->open(lb_test::opening(i, lb::State::kSynRecv, 1), 0);
  two->open(lb_test::opening(10, lb::State::kSynRecv, 1), 0);
  two->open(lb_test::opening(11, lb::State::kSynRecv, 2), 0);
  CHECK(one->claim(1));  // there is no threshold
  board.set(1, 5, 0);
  one->count_at_limits(limited);
  CHECK(board->workers(1) == 1);
  two->count_at_limits(limited);
  CHECK(board->workers(1) == 2);
  CHECK(board->connections(1) == 4);
  // To be told again changes nothing.
  two->count_at_limits(limited);
  CHECK(board->connections(1) == 4);
  CHECK(two->claim(1));
  CHECK_FALSE(one->claim(1));
  CHECK(one->claim(2));
  const lb::EntryIndex index = two->open(lb_test::opening(12, lb::State::kSynRecv, 1), 0);
  CHECK(board->connections(1) == 5);
  two->close(index);
  for (uint32_t i = 0; i < 2; ++i) one->close(one.live().front());
  CHECK(board->connections(1) == 2);
  one->count_at_limits({});
  two->count_at_limits({});
  CHECK(board->workers(1) == 0);
  CHECK(board->connections(1) == 0);
  CHECK_FALSE(board.flag(1));
  static_assert(std::is_same_v<Connections, lb::Connections<lb::V4>>);
}

TEST_CASE("a claim that finds the table full is given back") {
  Board board;
  lb_test::Pool pool(1);
  lb_test::Worker worker(*pool, 1);
  worker->share_limits(*board);
  board.set(1, 5, 0);
  worker->count_at_limits(std::vector<uint32_t>{1});
  const auto open = [&](uint32_t number) {
    REQUIRE(worker->claim(1));
    return worker->open(lb_test::opening(number, lb::State::kEstablished, 1), 0);
  };
  CHECK(open(1) != lb::kNoEntry);
  CHECK(open(2) == lb::kNoEntry);
  CHECK(board->connections(1) == 1);
}

TEST_CASE("a claim of which nothing comes leaves no overload behind") {
  Board board;
  board.set(1, 5, 2);
  for (int i = 0; i < 5; ++i) REQUIRE(board->claim(1));
  CHECK(board.flag(1));
  board->disclaim(1);
  CHECK_FALSE(board.flag(1));
  CHECK(board->connections(1) == 4);
  // Two that came in spite of the threshold are beyond it without the third, too.
  for (int i = 0; i < 2; ++i) board->add(1);
  board->disclaim(1);
  CHECK(board.flag(1));
  // And a connection that ends does not end it.
  board->release(1);
  CHECK(board.flag(1));
}

TEST_CASE("threads never take more places than there are, and leave the right flag") {
  constexpr uint32_t kThreads = 4, kTurns = 20000, kUpper = 3;
  Board board;
  board.set(1, kUpper, 0);
  std::atomic<uint32_t> taken{0}, most{0};
  std::vector<std::thread> threads;
  for (uint32_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      for (uint32_t i = 0; i < kTurns; ++i) {
        if (!board->claim(1)) continue;
        const uint32_t now = ++taken;
        for (uint32_t seen = most.load(); now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        --taken;
        board->release(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(most.load() <= kUpper);
  CHECK(board->connections(1) == 0);
  CHECK_FALSE(board.flag(1));
  CHECK(fill(board, 1) == kUpper);
}
