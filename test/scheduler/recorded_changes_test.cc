// What the kernel's LVS was recorded to choose while servers were added, removed, quiesced and
// filled, against what is chosen here.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "test/scheduler/recorded_changes.h"
#include "test/scheduler/support.h"

using namespace scheduler_test;

namespace {

// Servers of one service under a script, in the order in which LVS has them: the last added first.
// A server that comes back finds the counts that it had, as it does in LVS.
class Play {
 public:
  Play(std::string_view scheduler, const Script& script, bool held)
      : scheduler_(*scheduler::find(scheduler)), script_(script), held_(held) {
    for (unsigned i = 0; i < script.weights.size(); ++i) add(i + 1, script.weights[i]);
  }

  std::string run(size_t connections) {
    std::string sequence;
    for (size_t i = 0; i < connections; ++i) {
      for (const Change& change : script_.changes) {
        if (change.before == i) apply(change);
      }
      sequence += open();
    }
    return sequence;
  }

 private:
  void add(unsigned number, unsigned weight) {
    const unsigned threshold = script_.thresholds.empty() ? 0 : script_.thresholds[number - 1];
    servers_.insert(servers_.begin(),
                    {.slot = number, .weight = weight, .limited = threshold != 0});
  }

  void apply(const Change& change) {
    const auto server = std::ranges::find(servers_, change.server, &scheduler::Server::slot);
    if (change.kind == Change::kAdd) add(change.server, change.weight);
    if (change.kind == Change::kRemove) servers_.erase(server);
    if (change.kind == Change::kWeight) server->weight = change.weight;
  }

  char open() {
    const auto plan = scheduler_.compile(servers_);
    const lb::Load* const workers[] = {loads_};
    scheduler::Request request{.loads = scheduler::LoadView(workers),
                               .overloads = scheduler::Overloads(overloads_)};
    std::optional<uint32_t> chosen;
    for (uint32_t tries = plan->turns_to_try(); tries > 0 && !chosen; --tries) {
      if (plan->takes_turns()) request.turn = turn_++;
      request.last_try = tries == 1;
      chosen = optional_of(plan->pick(request));
    }
    if (!chosen) return 'x';
    const uint32_t number = servers_[*chosen].slot;
    (held_ ? loads_[number].active : loads_[number].inactive).add(1);
    if (servers_[*chosen].limited && ++opened_[number] >= script_.thresholds[number - 1]) {
      overloads_[number] = 1;
    }
    return static_cast<char>('0' + number);
  }

  const scheduler::Entry& scheduler_;
  const Script& script_;
  bool held_;
  std::vector<scheduler::Server> servers_;
  uint64_t turn_ = 0;
  lb::Load loads_[10];
  std::atomic<uint8_t> overloads_[10] = {};
  unsigned opened_[10] = {};
};

// Where the choice is another one than LVS's, on purpose.
struct Deviation {
  std::string_view scheduler;
  std::string_view script;
  const char* reason;
};

// After a change a turn is still counted from the service's first, so that workers share nothing
// but one counter; LVS goes on from the place in its list where it was.
constexpr const char* kCounted = "turns are counted, not kept as a place in a list that changes";
// Each server has its share in every cycle, but spread evenly.
constexpr const char* kSpread = "wrr spreads turns evenly, LVS gives the heaviest its own in a row";

constexpr Deviation kDeviations[] = {
    {"rr", "servers", kCounted},    {"rr", "coming back", kCounted},  {"wrr", "weights", kSpread},
    {"wrr", "servers", kSpread},    {"wrr", "coming back", kCounted}, {"wrr", "quiesced", kSpread},
    {"wrr", "thresholds", kSpread},
};

bool deviates(std::string_view scheduler, std::string_view script) {
  return std::ranges::any_of(kDeviations, [&](const Deviation& deviation) {
    return deviation.scheduler == scheduler && deviation.script == script;
  });
}

template <class Check>
void for_each_recording(const Check& check) {
  for (const RecordedChanges& recorded : kRecordedChanges) {
    for (size_t i = 0; i < recorded.sequences.size(); ++i) {
      for (const bool held : {false, true}) {
        if (recorded.pattern != Pattern::kBoth && (recorded.pattern == Pattern::kHeld) != held) {
          continue;
        }
        // Thresholds were recorded with held connections.
        if (!kScripts[i].thresholds.empty() && !held) continue;
        check(recorded.scheduler, kScripts[i], held, std::string(recorded.sequences[i]));
      }
    }
  }
}

}  // namespace

TEST_CASE(
    "while servers change, choices are what LVS was recorded to choose, or listed as others") {
  for_each_recording(
      [](std::string_view scheduler, const Script& script, bool held, const std::string& sequence) {
        CAPTURE(scheduler, script.name, held);
        const std::string ours = Play(scheduler, script, held).run(sequence.size());
        if (deviates(scheduler, script.name)) {
          CHECK(ours != sequence);
        } else {
          CHECK(ours == sequence);
        }
      });
}

TEST_CASE("a server that is full is passed over, and the others' turns stay theirs") {
  const Script& script = kScripts.back();
  REQUIRE(script.name == std::string("thresholds"));
  CHECK(Play("rr", script, true).run(14) == "32132132323333");
  std::string shares = Play("wrr", script, true).run(14);
  std::ranges::sort(shares);
  CHECK(shares == "11222233333333");
}
