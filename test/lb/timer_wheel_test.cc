// The timing wheel: each case of its lists and of its clock. Random use: timer_wheel_model_test.cc.
#include "lb/timer_wheel.h"

#include <catch2/catch.hpp>
#include <vector>

#include "lb/tick.h"

using lb::EntryIndex;
using lb::kNoEntry;
using lb::Tick;

namespace {

struct Links {
  EntryIndex timer_next;
  EntryIndex timer_previous;
};

using Wheel = lb::TimerWheel<std::vector<Links>>;
using Indices = std::vector<EntryIndex>;
constexpr uint32_t kMany = 1000000;

struct Fixture {
  std::vector<Links> links = std::vector<Links>(64);
  Wheel wheel{links};

  void insert(Tick deadline, const Indices& indices) {
    for (const EntryIndex index : indices) wheel.insert(index, deadline);
  }

  // What the wheel shows up to now, all of it ended.
  Indices ended(Tick now, uint32_t budget = kMany) {
    Indices result;
    const uint32_t looked =
        wheel.advance(now, budget, [&](EntryIndex index) { result.push_back(index); });
    CHECK(looked == result.size());
    return result;
  }
};

}  // namespace

TEST_CASE("one tick lies before another across the wrap of the clock too") {
  CHECK(lb::before(1, 2));
  CHECK_FALSE(lb::before(2, 2));
  CHECK_FALSE(lb::before(3, 2));
  CHECK(lb::before(0xfffffff0, 5));
  CHECK_FALSE(lb::before(5, 0xfffffff0));
}

TEST_CASE_METHOD(Fixture, "an entry is shown at its deadline, not one tick earlier") {
  insert(10, {1});
  CHECK(ended(9).empty());
  CHECK(ended(10) == Indices{1});
  CHECK(ended(11).empty());
}

TEST_CASE_METHOD(Fixture, "a deadline that is now or past comes at the next tick") {
  CHECK(ended(100).empty());
  insert(100, {1});
  insert(40, {2});
  CHECK(ended(100).empty());
  CHECK(ended(101) == Indices{1, 2});
}

TEST_CASE_METHOD(
    Fixture, "entries come in the order of their deadlines, of one deadline first in first out") {
  insert(7, {1});
  insert(5, {2, 3});
  insert(6, {4});
  insert(5, {5});
  CHECK(ended(10) == Indices{2, 3, 5, 4, 1});
}

TEST_CASE_METHOD(Fixture, "entries may be removed from head, middle and tail of a slot") {
  insert(5, {1, 2, 3, 4, 5});
  wheel.remove(1);
  wheel.remove(3);
  wheel.remove(5);
  insert(5, {6});
  CHECK(ended(5) == Indices{2, 4, 6});
}

TEST_CASE_METHOD(Fixture, "a slot whose last entry was removed is empty and can be used again") {
  insert(5, {1});
  wheel.remove(1);
  CHECK(wheel.first() == kNoEntry);
  insert(5, {2});
  CHECK(wheel.first() == 2);
  CHECK(ended(5) == Indices{2});
  CHECK(wheel.first() == kNoEntry);
}

TEST_CASE_METHOD(Fixture,
                 "entries left over by a small budget may be removed from head, middle and tail") {
  insert(5, {1, 2, 3, 4, 5, 6});
  CHECK(ended(5, 1) == Indices{1});
  wheel.remove(2);
  wheel.remove(4);
  wheel.remove(6);
  CHECK(wheel.first() == 3);
  CHECK(ended(5) == Indices{3, 5});
}

TEST_CASE_METHOD(Fixture, "the only entry left over by a budget may be removed") {
  insert(5, {1, 2});
  insert(6, {3});
  CHECK(ended(5, 1) == Indices{1});
  wheel.remove(2);
  CHECK(wheel.first() == 3);
  CHECK(ended(6) == Indices{3});
}

TEST_CASE_METHOD(Fixture,
                 "a budget is never exceeded and what is left over comes first next time") {
  insert(5, {1, 2, 3});
  insert(6, {4, 5});
  CHECK(ended(100, 0).empty());
  CHECK(ended(100, 2) == Indices{1, 2});
  CHECK(ended(100, 2) == Indices{3, 4});
  CHECK(ended(100, 2) == Indices{5});
}

TEST_CASE_METHOD(
    Fixture, "an entry that is put back while it is looked at comes again at its new deadline") {
  insert(5, {1});
  Indices seen;
  const auto put_back = [&](EntryIndex index) {
    seen.push_back(index);
    wheel.insert(index, 9);
  };
  CHECK(wheel.advance(6, kMany, put_back) == 1);
  CHECK(ended(8).empty());
  CHECK(ended(9) == Indices{1});
  CHECK(seen == Indices{1});
}

TEST_CASE_METHOD(
    Fixture,
    "what is on the wheel can be looked at before it is due, in the order of its deadlines") {
  insert(3000, {1, 2});
  insert(20, {3});
  insert(Wheel::kSlots - 1, {4});
  CHECK(ended(5).empty());
  wheel.look_at_all();
  insert(Wheel::kSlots + 5, {5});
  CHECK(ended(5, 3) == Indices{3, 1, 2});
  CHECK(ended(5, 0).empty());
  CHECK(ended(5) == Indices{4, 5});
  CHECK(ended(6).empty());
  insert(40, {6});
  CHECK(ended(39).empty());
}

TEST_CASE_METHOD(Fixture, "an early look goes on where time has not come by meanwhile") {
  insert(10, {1});
  insert(20, {2});
  insert(30, {3});
  insert(400, {4});
  wheel.look_at_all();
  CHECK(ended(5, 1) == Indices{1});
  CHECK(ended(25, 1) == Indices{2});
  insert(26, {5});
  CHECK(ended(25, 1) == Indices{5});
  CHECK(ended(35, 1) == Indices{3});
  CHECK(ended(35) == Indices{4});
  insert(60, {6});
  CHECK(ended(59).empty());
}

TEST_CASE_METHOD(Fixture, "an early look that puts entries back leaves them due when they were") {
  insert(100, {1, 2});
  insert(50, {3});
  wheel.look_at_all();
  Indices seen;
  const uint32_t looked = wheel.advance(1, kMany, [&](EntryIndex index) {
    seen.push_back(index);
    wheel.insert(index, index == 3 ? 200 : 100);
  });
  CHECK(looked == seen.size());
  CHECK(seen == Indices{3, 1, 2, 3});
  CHECK(ended(99).empty());
  CHECK(ended(100) == Indices{1, 2});
  CHECK(ended(200) == Indices{3});
}

TEST_CASE_METHOD(Fixture, "looking at one entry may remove another that is due in the same slot") {
  insert(5, {1, 2, 3});
  Indices seen;
  wheel.advance(5, kMany, [&](EntryIndex index) {
    if (seen.empty()) wheel.remove(2);
    seen.push_back(index);
  });
  CHECK(seen == Indices{1, 3});
}

TEST_CASE_METHOD(Fixture, "what is looked at is announced before, several at a time, once each") {
  Indices all;
  for (EntryIndex index = 0; index < 40; ++index) all.push_back(index);
  insert(5, all);
  Indices announced, seen;
  const auto advance = [&](uint32_t budget) {
    wheel.advance(
        5, budget, [&](EntryIndex index) { announced.push_back(index); },
        [&](EntryIndex index) {
          seen.push_back(index);
          REQUIRE(announced.size() >= seen.size());
          CHECK(announced[seen.size() - 1] == index);
        });
    CHECK(announced == seen);
  };
  advance(3);
  CHECK(seen.size() == 3);
  advance(kMany);
  CHECK(seen == all);
}

TEST_CASE_METHOD(Fixture, "an idle time beyond one turn is looked at early, once every turn") {
  const Tick deadline = 2 * Wheel::kSlots + 100;
  wheel.insert(1, deadline);
  std::vector<Tick> looks;
  for (Tick now = 0; now <= deadline; ++now) {
    wheel.advance(now, kMany, [&](EntryIndex index) {
      looks.push_back(now);
      if (lb::before(now, deadline)) wheel.insert(index, deadline);
    });
  }
  CHECK(looks == std::vector<Tick>{100, Wheel::kSlots + 100, deadline});
  CHECK(wheel.first() == kNoEntry);
}

TEST_CASE_METHOD(Fixture, "a deadline exactly one turn ahead is not looked at before it is due") {
  ended(50);
  wheel.insert(1, 50 + Wheel::kSlots);
  CHECK(ended(49 + Wheel::kSlots).empty());
  CHECK(ended(50 + Wheel::kSlots) == Indices{1});
}

TEST_CASE_METHOD(Fixture,
                 "after a stall of many turns everything is shown once and the wheel goes on") {
  insert(5, {1});
  insert(Wheel::kSlots - 1, {2});
  const Tick late = 7 * Wheel::kSlots + 3;
  CHECK(ended(late).size() == 2);
  insert(late + 2, {3});
  CHECK(ended(late + 1).empty());
  CHECK(ended(late + 2) == Indices{3});
}

TEST_CASE_METHOD(Fixture, "the first entry is the one due first, across the end of a turn") {
  CHECK(wheel.first() == kNoEntry);
  ended(Wheel::kSlots - 10);
  wheel.insert(1, Wheel::kSlots + 500);
  CHECK(wheel.first() == 1);
  wheel.insert(2, Wheel::kSlots + 3);
  CHECK(wheel.first() == 2);
  wheel.insert(3, Wheel::kSlots - 2);
  CHECK(wheel.first() == 3);
  wheel.remove(3);
  CHECK(wheel.first() == 2);
}

TEST_CASE_METHOD(Fixture,
                 "the first entry is found in the slot just behind the clock, a whole turn ahead") {
  ended(70);
  wheel.insert(1, 70 + Wheel::kSlots);
  CHECK(wheel.first() == 1);
  wheel.insert(2, 69 + Wheel::kSlots);
  CHECK(wheel.first() == 2);
  wheel.insert(3, 500);
  CHECK(wheel.first() == 3);
}

TEST_CASE_METHOD(Fixture,
                 "the wheel says whether its first entry stands where its deadline belongs") {
  wheel.insert(1, 50);
  CHECK(wheel.first_stands_at(1, 50));
  CHECK_FALSE(wheel.first_stands_at(1, 51));
  insert(51, {2});
  CHECK(ended(60, 1) == Indices{1});
  // Left over, so overdue: nothing is due before it.
  CHECK(ended(60, 0).empty());
  CHECK(wheel.first_stands_at(2, 51));
  CHECK_FALSE(wheel.first_stands_at(2, 90));
}

TEST_CASE("a wheel started just before the clock wraps shows entries on time") {
  std::vector<Links> links(4);
  Wheel wheel(links, 0xfffffff0);
  wheel.insert(1, 0xfffffffe);
  wheel.insert(2, 5);
  Indices seen;
  const auto see = [&](EntryIndex index) { seen.push_back(index); };
  wheel.advance(0xfffffffd, kMany, see);
  CHECK(seen.empty());
  wheel.advance(4, kMany, see);
  CHECK(seen == Indices{1});
  wheel.advance(5, kMany, see);
  CHECK(seen == Indices{1, 2});
}
