// Connections that keep their clients at their servers: looked at often enough, and no more often.
#include <catch2/catch.hpp>

#include "lb/connections.h"
#include "test/lb/connections_support.h"

using lb::State;
using lb::Tick;
using lb_test::kSecond;

namespace {

struct Keeper final : lb::HoldKeeper<lb::V4> {
  void keep(const lb::Connection<lb::V4>&, Tick until) override {
    ++calls;
    ends = std::max(ends, until);
  }
  Tick ends = 0;
  uint32_t calls = 0;
};

struct Fixture {
  explicit Fixture(uint32_t entries) : pool(entries), worker(*pool, entries) {
    worker->look_after_holds_by(keeper);
  }
  lb::EntryIndex open(uint32_t number, State state, uint8_t seconds, Tick now) {
    auto opening = lb_test::opening(number, state);
    opening.hold_seconds = seconds;
    keeper.ends = std::max(keeper.ends, now + seconds * kSecond);
    return worker->open(opening, now);
  }
  lb_test::Pool pool;
  lb_test::Worker worker;
  Keeper keeper;
};

}  // namespace

TEST_CASE("an idle connection prolongs its client's hold until it ends itself") {
  const uint8_t seconds = GENERATE(uint8_t{1}, uint8_t{2}, uint8_t{10}, uint8_t{60});
  Fixture f(10);
  f.open(1, State::kEstablished, seconds, 0);
  const Tick end = 900 * kSecond;
  for (Tick now = 1; now < end; ++now) {
    f.worker->expire(now, lb_test::kNoBudget);
    REQUIRE(lb::before(now, f.keeper.ends));
  }
  CHECK(f.worker.is_live(1, State::kEstablished));
  f.worker->expire(end, lb_test::kNoBudget);
  CHECK_FALSE(f.worker.is_live(1, State::kEstablished));
  CHECK(f.keeper.ends <= end + seconds * kSecond);
  CHECK(f.keeper.calls <= 2 * 900u / seconds);
}

TEST_CASE("a change of state prolongs it, too, a packet alone does not") {
  Fixture f(10);
  const lb::EntryIndex index = f.open(1, State::kSynRecv, 20, 0);
  f.worker->touch(f.worker->entry(index), State::kSynRecv, 5);
  CHECK(f.keeper.calls == 0);
  f.worker->touch(f.worker->entry(index), State::kEstablished, 10);
  CHECK(f.keeper.calls == 1);
  CHECK(f.keeper.ends == 10 + 20 * kSecond);
}

TEST_CASE("a connection without a hold is not looked at before its time") {
  Fixture f(10);
  f.open(1, State::kEstablished, 0, 0);
  CHECK(f.worker->expire(899 * kSecond, lb_test::kNoBudget) == 0);
  CHECK(f.keeper.calls == 0);
}

TEST_CASE("the oldest that a full table takes back is the oldest, with holds and without") {
  Fixture f(8);
  for (uint32_t i = 0; i < 8; ++i) {
    const auto seconds = static_cast<uint8_t>(i % 2 == 0 ? 10 : 0);
    REQUIRE(f.open(i, State::kTimeWait, seconds, i * kSecond) != lb::kNoEntry);
  }
  for (uint32_t i = 0; i < 8; ++i) {
    REQUIRE(f.open(100 + i, State::kEstablished, 10, 9 * kSecond) != lb::kNoEntry);
    CHECK_FALSE(f.worker.is_live(i, State::kTimeWait));
    if (i < 7) CHECK(f.worker.is_live(i + 1, State::kTimeWait));
  }
  // What was to be taken back was no longer looked at, but its holds lasted as long as it would
  // have.
  CHECK(f.keeper.ends >= 120 * kSecond);
}
