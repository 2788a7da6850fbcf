// What the kernel's LVS was recorded to choose, against what is chosen here. LVS puts a new server
// at the head of its list, so the file's order is the reverse of the order of adding.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "test/scheduler/recorded_sequences.h"
#include "test/scheduler/support.h"

using scheduler_test::kRecorded;
using scheduler_test::Recorded;
using scheduler_test::Weights;

namespace {

// Plays as many connections as were recorded, one after the other, each counted as active while it
// is held and as inactive once closed.
std::string play(const Recorded& recorded) {
  const auto count = static_cast<uint32_t>(recorded.weights.size());
  const auto plan = scheduler_test::compile(
      recorded.scheduler, Weights(recorded.weights.rbegin(), recorded.weights.rend()));
  std::vector<lb::Load> loads(count);
  const lb::Load* const workers[] = {loads.data()};
  std::string sequence;
  for (uint64_t turn = 0; turn < recorded.sequence.size(); ++turn) {
    const auto chosen = plan->pick({turn, scheduler::LoadView(workers)});
    REQUIRE(chosen);
    sequence += static_cast<char>('0' + count - *chosen);
    (recorded.held ? loads[*chosen].active : loads[*chosen].inactive).add(1);
  }
  return sequence;
}

std::string name_of(const Recorded& recorded) {
  std::string name(recorded.scheduler);
  for (const unsigned weight : recorded.weights) name += ":" + std::to_string(weight);
  return name + (recorded.held ? " held" : " closed");
}

}  // namespace

TEST_CASE("rr, lc and wlc choose to the letter what LVS was recorded to choose") {
  for (const Recorded& recorded : kRecorded) {
    if (recorded.scheduler == "wrr") continue;
    INFO(name_of(recorded));
    CHECK(play(recorded) == recorded.sequence);
  }
}

TEST_CASE("wrr gives in each recorded cycle the shares that LVS was recorded to give") {
  for (const Recorded& recorded : kRecorded) {
    if (recorded.scheduler != "wrr") continue;
    INFO(name_of(recorded));
    const uint64_t cycle =
        scheduler_test::cycle_of(Weights(recorded.weights.begin(), recorded.weights.end()));
    const std::string ours = play(recorded);
    for (size_t begin = 0; begin + cycle <= ours.size(); begin += cycle) {
      std::string here = ours.substr(begin, cycle);
      std::string there(recorded.sequence.substr(begin, cycle));
      std::sort(here.begin(), here.end());
      std::sort(there.begin(), there.end());
      CHECK(here == there);
    }
  }
}

TEST_CASE("the recording has all its cases") {
  for (const char* scheduler : {"rr", "wrr", "lc", "wlc"}) {
    for (const bool held : {false, true}) {
      CHECK(std::count_if(kRecorded.begin(), kRecorded.end(), [&](const Recorded& recorded) {
              return recorded.scheduler == scheduler && recorded.held == held &&
                     recorded.sequence.size() == 24;
            }) == 8);
    }
  }
}
