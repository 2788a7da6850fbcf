// The table of schedulers, and what all of them have in common.
#include "scheduler/table.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "test/scheduler/support.h"

using scheduler_test::pick;
using scheduler_test::Random;
using scheduler_test::servers_of;
using scheduler_test::Weights;

namespace {

// Picks with all servers idle.
std::optional<uint32_t> pick_idle(const scheduler::Plan& plan, uint64_t turn) {
  static const std::vector<lb::Load> loads(1000);
  static const lb::Load* const workers[] = {loads.data()};
  return plan.pick({turn, scheduler::LoadView(workers)});
}

}  // namespace

TEST_CASE("schedulers have distinct names and each a summary of one line") {
  std::set<std::string_view> names;
  for (const scheduler::Entry& entry : scheduler::table()) {
    CAPTURE(entry.name);
    CHECK_FALSE(entry.name.empty());
    CHECK(names.insert(entry.name).second);
    CHECK_FALSE(entry.summary.empty());
    CHECK(entry.summary.find('\n') == std::string_view::npos);
    CHECK(entry.compile_with != nullptr);
  }
}

TEST_CASE("the table holds LVS's names") {
  for (const char* name : {"rr", "wrr", "lc", "wlc"}) CHECK(scheduler::find(name) != nullptr);
}

TEST_CASE("every scheduler is found by its name") {
  for (const scheduler::Entry& entry : scheduler::table()) {
    CHECK(scheduler::find(entry.name) == &entry);
    CHECK(scheduler::find(std::string(entry.name)) == &entry);
  }
}

TEST_CASE("an unknown name is found nowhere") {
  for (const char* name : {"", "r", "rrr", "RR", "rr ", " rr", "wlcx", "none"}) {
    CAPTURE(name);
    CHECK(scheduler::find(name) == nullptr);
  }
}

TEST_CASE("no scheduler chooses among no servers") {
  for (const scheduler::Entry& entry : scheduler::table()) {
    CAPTURE(entry.name);
    const auto plan = entry.compile({});
    for (uint64_t turn = 0; turn < 5; ++turn) CHECK_FALSE(pick_idle(*plan, turn));
  }
}

TEST_CASE("no scheduler chooses among servers that are all of weight 0") {
  for (const scheduler::Entry& entry : scheduler::table()) {
    for (const size_t count : {1, 2, 10}) {
      CAPTURE(entry.name, count);
      const auto plan = entry.compile(servers_of(Weights(count, 0)));
      for (uint64_t turn = 0; turn < 5; ++turn) CHECK_FALSE(pick_idle(*plan, turn));
    }
  }
}

TEST_CASE("every scheduler takes the only server that may be taken, at any turn") {
  for (const scheduler::Entry& entry : scheduler::table()) {
    CAPTURE(entry.name);
    const auto plan = entry.compile(servers_of({0, 0, 65535, 0}));
    for (const uint64_t turn : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 63, ~uint64_t{0}}) {
      CHECK(pick_idle(*plan, turn) == 2u);
    }
  }
}

TEST_CASE("every scheduler's first choice among idle equals is the first in the file") {
  for (const scheduler::Entry& entry : scheduler::table()) {
    CAPTURE(entry.name);
    CHECK(pick_idle(*entry.compile(servers_of({7, 7, 7})), 0) == 0u);
    CHECK(pick_idle(*entry.compile(servers_of({0, 7, 7})), 0) == 1u);
  }
}

TEST_CASE("a server of weight 0 is never chosen, for random weights and loads") {
  Random random(1);
  for (int round = 0; round < 200; ++round) {
    Weights weights(1 + random.below(20));
    for (uint32_t& weight : weights) weight = random.below(3) == 0 ? 0 : random.below(100);
    std::vector<lb::Load> loads(weights.size());
    const lb::Load* const workers[] = {loads.data()};
    for (const scheduler::Entry& entry : scheduler::table()) {
      const auto plan = entry.compile(servers_of(weights));
      for (uint64_t turn = 0; turn < 200; ++turn) {
        loads[random.below(static_cast<uint32_t>(loads.size()))].active.set(random.below(10));
        const auto chosen = plan->pick({turn, scheduler::LoadView(workers)});
        REQUIRE(chosen.has_value() == (scheduler_test::cycle_of(weights) != 0));
        if (chosen) REQUIRE(weights.at(*chosen) > 0);
      }
    }
  }
}

TEST_CASE("two plans of the same servers choose alike: nothing is random") {
  Random random(2);
  Weights weights(50);
  for (uint32_t& weight : weights) weight = random.below(1000);
  for (const scheduler::Entry& entry : scheduler::table()) {
    const auto one = entry.compile(servers_of(weights));
    const auto other = entry.compile(servers_of(weights));
    CHECK(one->takes_turns() == other->takes_turns());
    for (uint64_t turn = 0; turn < 1000; ++turn) {
      REQUIRE(pick_idle(*one, turn) == pick_idle(*other, turn));
    }
  }
}

TEST_CASE("round robins take turns, least-connection schedulers do not") {
  for (const char* name : {"rr", "wrr"})
    CHECK(scheduler_test::compile(name, {1, 2})->takes_turns());
  for (const char* name : {"lc", "wlc"}) {
    CHECK_FALSE(scheduler_test::compile(name, {1, 2})->takes_turns());
  }
}
