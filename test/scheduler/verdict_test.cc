// What plans say of their servers for people.
#include <catch2/catch.hpp>

#include "test/scheduler/support.h"

using namespace scheduler_test;
using scheduler::Plan;
using scheduler::Request;

namespace {

// The counts of servers, active and inactive.
class Loads {
 public:
  Loads(std::vector<std::pair<uint32_t, uint32_t>> counts) : loads_(counts.size()) {
    for (size_t i = 0; i < counts.size(); ++i) {
      loads_[i].active.add(counts[i].first);
      loads_[i].inactive.add(counts[i].second);
    }
  }
  Request request() const { return {.loads = scheduler::LoadView(workers_)}; }

 private:
  std::vector<lb::Load> loads_;
  std::vector<const lb::Load*> workers_{loads_.data()};
};

std::vector<std::string> verdicts(const Plan& plan, size_t servers, const Request& request) {
  // As explain does: the pick may write to its cell, so what follows has a copy of what was there.
  std::atomic<uint64_t> cell = request.memory != nullptr ? request.memory->load() : 0;
  Request asked = request;
  if (request.memory != nullptr) asked.memory = &cell;
  const auto picked = plan.pick(asked);
  std::vector<std::string> result;
  for (uint32_t i = 0; i < servers; ++i) result.push_back(plan.verdict(i, picked, request));
  return result;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("turns are named") {
  const auto plan = compile("rr", {1, 1, 0});
  Request request = Loads({{0, 0}, {0, 0}, {0, 0}}).request();
  request.turn = 7;
  CHECK(verdicts(*plan, 3, request) == Texts{"not its turn", "has turn 7", "not its turn"});
}

TEST_CASE("loads are told with what they are compared to") {
  const Loads loads({{2, 1}, {1, 0}, {0, 0}, {1, 0}});
  CHECK(verdicts(*compile("wlc", {2, 1, 0, 1}), 4, loads.request()) ==
        Texts{"more loaded: load 513 / weight 2 against load 256 / weight 1",
              "least loaded: load 256 / weight 1", "",
              "as loaded, but later in order: load 256 / weight 1 against load 256 / weight 1"});
  CHECK(verdicts(*compile("lc", {2, 1, 0, 1}), 2, loads.request()) ==
        Texts{"more loaded: load 513 against load 256", "least loaded: load 256"});
}

TEST_CASE("a slow start is a part of a weight") {
  auto servers = servers_of({2, 1});
  servers[0].ramp = 17;
  const auto plan = scheduler::find("wlc")->compile(servers);
  CHECK(verdicts(*plan, 2, Loads({{1, 0}, {1, 0}}).request())[0] ==
        "more loaded: load 256 / weight 34/256 against load 256 / weight 1");
}

TEST_CASE("hashes lead to one server, even to one that takes nothing") {
  const Loads loads({{0, 0}, {0, 0}});
  for (const char* name : {"sh", "mh", "dh"}) {
    const Texts told = verdicts(*compile(name, {1, 1}), 2, loads.request());
    CHECK((told == Texts{"hashed to", "not hashed to"} ||
           told == Texts{"not hashed to", "hashed to"}));
  }
  CHECK(verdicts(*compile("dh", {0, 0}), 1, loads.request()) == Texts{"hashed to"});
}

TEST_CASE("fo and ovf name weights") {
  const Loads loads({{3, 0}, {0, 0}, {0, 0}});
  CHECK(verdicts(*compile("fo", {2, 1, 0}), 3, loads.request()) ==
        Texts{"first by weight that is open: weight 2", "not first by weight: weight 1", ""});
  CHECK(verdicts(*compile("ovf", {2, 1, 0}), 3, loads.request()) ==
        Texts{"full: 3 active, weight 2", "first by weight that is not full: 0 active, weight 1",
              ""});
}

TEST_CASE("lblc names the destination's server, and no verdict changes it") {
  const Loads loads({{1, 0}, {0, 0}});
  const auto plan = compile("lblc", {1, 1});
  std::atomic<uint64_t> cell = 0;
  Request request = loads.request();
  request.memory = &cell;
  CHECK(verdicts(*plan, 2, request)[1] == "least loaded: load 0 / weight 1");
  CHECK(cell == 0);
  cell = 1;  // the destination 0's: the first server
  CHECK(verdicts(*plan, 2, request) ==
        Texts{"the destination's last server", "not the destination's"});
  const Loads busy({{2, 0}, {0, 0}});
  request.loads = busy.request().loads;
  CHECK(verdicts(*plan, 2, request) ==
        Texts{"the destination's so far, too loaded to stay: more loaded: load 512 / weight 1 "
              "against load 0 / weight 1",
              "least loaded: load 0 / weight 1"});
}

TEST_CASE("twos says what was drawn") {
  const Loads loads({{1, 0}, {0, 0}, {5, 0}});
  for (uint64_t random = 0; random < 64; ++random) {
    Request request = loads.request();
    request.random = random * 0x9e3779b97f4a7c15;
    const auto plan = compile("twos", {1, 1, 1});
    const auto picked = plan->pick(request);
    const Texts told = verdicts(*plan, 3, request);
    unsigned drawn = 0;
    for (const std::string& text : told) drawn += text == "not drawn by lot" ? 0 : 1;
    CHECK((drawn == 1 || drawn == 2));
    CHECK(told[*picked].starts_with("the less loaded of two drawn by lot: load "));
  }
}
