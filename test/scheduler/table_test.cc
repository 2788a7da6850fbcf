// The table of schedulers, and what all of them have in common.
#include "scheduler/table.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "test/scheduler/support.h"

using scheduler_test::optional_of;
using scheduler_test::pick;
using scheduler_test::Random;
using scheduler_test::servers_of;
using scheduler_test::Weights;

namespace {

// Picks with all servers idle.
std::optional<uint32_t> pick_idle(const scheduler::Plan& plan, uint64_t turn) {
  static const std::vector<lb::Load> loads(1000);
  static const lb::Load* const workers[] = {loads.data()};
  return optional_of(plan.pick({turn, scheduler::LoadView(workers)}));
}

// Those that refuse a connection although some server would take it: what is hashed to one that is
// quiesced, or what is more than all weights.
bool may_refuse(std::string_view name) {
  return name == "sh" || name == "mh" || name == "dh" || name == "ovf";
}

// Those of whose choice the file's order says nothing.
bool scatters(std::string_view name) {
  return name == "sh" || name == "mh" || name == "dh" || name == "twos";
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
  for (const char* name :
       {"rr", "wrr", "lc", "wlc", "sed", "nq", "sh", "mh", "dh", "lblc", "fo", "ovf", "twos"}) {
    CAPTURE(name);
    CHECK(scheduler::find(name) != nullptr);
  }
}

TEST_CASE("options have distinct names and each a summary of one line") {
  for (const scheduler::Entry& entry : scheduler::table()) {
    std::set<std::string_view> names;
    for (const scheduler::Option& option : entry.options) {
      CAPTURE(entry.name, option.name);
      CHECK_FALSE(option.name.empty());
      CHECK(names.insert(option.name).second);
      CHECK_FALSE(option.summary.empty());
      CHECK(option.summary.find('\n') == std::string_view::npos);
    }
  }
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
    if (may_refuse(entry.name)) continue;
    CAPTURE(entry.name);
    const auto plan = entry.compile(servers_of({0, 0, 65535, 0}));
    for (const uint64_t turn : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 63, ~uint64_t{0}}) {
      CHECK(pick_idle(*plan, turn) == 2u);
    }
  }
}

TEST_CASE("every scheduler's first choice among idle equals is the first in the file") {
  for (const scheduler::Entry& entry : scheduler::table()) {
    if (scatters(entry.name)) continue;
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
        const auto chosen = plan->pick({.turn = turn,
                                        .loads = scheduler::LoadView(workers),
                                        .client = random.below(1000),
                                        .random = random.next()});
        if (chosen) {
          REQUIRE(weights.at(*chosen) > 0);
        } else if (!may_refuse(entry.name)) {
          REQUIRE(scheduler_test::cycle_of(weights) == 0);
        }
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
  for (const char* name :
       {"lc", "wlc", "sed", "nq", "sh", "mh", "dh", "lblc", "fo", "ovf", "twos"}) {
    CHECK_FALSE(scheduler_test::compile(name, {1, 2})->takes_turns());
  }
}

TEST_CASE("an overloaded server is never chosen, another that is not is, for random servers") {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    Weights weights(1 + random.below(12));
    for (uint32_t& weight : weights) weight = random.below(4) == 0 ? 0 : random.below(40000);
    auto servers = servers_of(weights);
    for (scheduler::Server& server : servers) server.limited = true;
    std::vector<lb::Load> loads(weights.size());
    const lb::Load* const workers[] = {loads.data()};
    for (const scheduler::Entry& entry : scheduler::table()) {
      const auto plan = entry.compile(servers);
      CAPTURE(entry.name);
      for (uint32_t round = 0; round < 20; ++round) {
        std::vector<std::atomic<uint8_t>> overloaded(weights.size());
        bool any_open = false;
        for (size_t i = 0; i < weights.size(); ++i) {
          overloaded[i] = random.below(3) != 0;
          loads[i].active.set(random.below(5));
          any_open = any_open || (overloaded[i] == 0 && weights[i] > 0);
        }
        std::atomic<uint64_t> memory = random.below(2) << 31 | random.below(20);
        scheduler::Request request{.loads = scheduler::LoadView(workers),
                                   .overloads = scheduler::Overloads(overloaded.data()),
                                   .client = random.below(1000),
                                   .random = random.next(),
                                   .memory = &memory};
        std::optional<uint32_t> chosen;
        for (uint32_t tries = plan->turns_to_try(); tries > 0 && !chosen; --tries) {
          request.turn = random.next();
          request.last_try = tries == 1;
          chosen = optional_of(plan->pick(request));
        }
        if (chosen) {
          REQUIRE(weights.at(*chosen) > 0);
          REQUIRE(overloaded.at(*chosen) == 0);
        } else if (!may_refuse(entry.name)) {
          REQUIRE_FALSE(any_open);
        }
      }
    }
  }
}

TEST_CASE("further turns are only tried where a server has a threshold, and not without end") {
  for (const scheduler::Entry& entry : scheduler::table()) {
    CAPTURE(entry.name);
    auto servers = servers_of({5, 3, 65521});
    CHECK(entry.compile(servers)->turns_to_try() == 1);
    servers[1].limited = true;
    const auto plan = entry.compile(servers);
    CHECK(plan->turns_to_try() >= 1);
    CHECK(plan->turns_to_try() <= 64);
    CHECK((plan->turns_to_try() > 1) == plan->takes_turns());
  }
}
