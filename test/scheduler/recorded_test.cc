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

constexpr uint32_t kClient = 0x0a01000a;  // 10.1.0.10
constexpr uint32_t kServer = 0x0a02000a;  // 10.2.0.11 is server 1's

std::vector<scheduler::Server> servers_in_order(const std::vector<unsigned>& weights) {
  std::vector<scheduler::Server> servers;
  for (auto number = static_cast<uint32_t>(weights.size()); number > 0; --number) {
    servers.push_back(
        {.slot = number, .weight = weights[number - 1], .address = kServer + number, .port = 80});
  }
  return servers;
}

scheduler::Options options_of(const Recorded& recorded) {
  const scheduler::Entry& entry = *scheduler::find(recorded.scheduler);
  scheduler::Options options;
  for (size_t i = 0; i < entry.options.size(); ++i) {
    if (recorded.options.find(entry.options[i].name) != std::string_view::npos) options.set(i);
  }
  return options;
}

// Plays as many connections as were recorded, one after the other, each counted as active while it
// is held and as inactive once closed.
std::string play(const Recorded& recorded) {
  const auto servers = servers_in_order(recorded.weights);
  const auto plan = scheduler::find(recorded.scheduler)->compile(servers, options_of(recorded));
  std::vector<lb::Load> loads(servers.size() + 1);
  const lb::Load* const workers[] = {loads.data()};
  std::string sequence;
  for (uint32_t i = 0; i < recorded.sequence.size(); ++i) {
    const bool one_client = recorded.first_port != 0;
    const auto chosen = plan->pick(
        {.turn = i,
         .loads = scheduler::LoadView(workers),
         .client = one_client ? kClient : kClient + i,
         .client_port = static_cast<uint16_t>(one_client ? recorded.first_port + i : 0)});
    if (!chosen) {
      sequence += 'x';
      continue;
    }
    const uint32_t number = servers[*chosen].slot;
    sequence += static_cast<char>('0' + number);
    (recorded.held ? loads[number].active : loads[number].inactive).add(1);
  }
  return sequence;
}

std::string name_of(const Recorded& recorded) {
  std::string name(recorded.scheduler);
  if (!recorded.options.empty()) name += " (" + std::string(recorded.options) + ")";
  for (const unsigned weight : recorded.weights) name += ":" + std::to_string(weight);
  return name + (recorded.held ? " held" : " closed");
}

}  // namespace

TEST_CASE("all schedulers but wrr choose to the letter what LVS was recorded to choose") {
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
  const auto cases = [](std::string_view scheduler, bool held, size_t length) {
    return std::count_if(kRecorded.begin(), kRecorded.end(), [&](const Recorded& recorded) {
      return recorded.scheduler == scheduler && recorded.held == held &&
             recorded.sequence.size() == length;
    });
  };
  for (const char* scheduler : {"rr", "wrr", "lc", "wlc", "sed", "nq", "fo", "ovf"}) {
    CAPTURE(scheduler);
    CHECK(cases(scheduler, false, 24) == 8);
    CHECK(cases(scheduler, true, 24) == 8);
  }
  for (const char* scheduler : {"sh", "mh"}) {
    CAPTURE(scheduler);
    CHECK(cases(scheduler, false, 60) == 8);
    CHECK(cases(scheduler, false, 40) == 9);
  }
}
