// The timing wheel against a sorted list of deadlines, over random operations.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <vector>

#include "lb/tick.h"
#include "lb/timer_wheel.h"
#include "test/lb/support.h"

using lb::EntryIndex;
using lb::Tick;
using lb_test::Random;

namespace {

struct Links {
  EntryIndex timer_next;
  EntryIndex timer_previous;
};

using Wheel = lb::TimerWheel<std::vector<Links>>;
constexpr uint32_t kEntries = 300;
constexpr uint32_t kUnlimited = 0x7fffffff;

// A wheel, and beside it when each entry is due. Time is kept in 64 bits, the wheel sees the
// low 32.
class Model {
 public:
  Model(uint64_t seed, uint64_t start)
      : random_(seed),
        now_(start),
        advanced_to_(start),
        links_(kEntries),
        wheel_(links_, static_cast<Tick>(start)) {}

  Random& random() { return random_; }
  size_t size() const { return by_index_.size(); }
  uint64_t now() const { return now_; }
  void wait(uint64_t ticks) { now_ += ticks; }

  // Puts a random entry on the wheel, or takes it off if it is there.
  void toggle(uint32_t longest_idle) {
    const EntryIndex index = random_.below(kEntries);
    if (const auto found = by_index_.find(index); found != by_index_.end()) {
      wheel_.remove(index);
      forget(found);
      return;
    }
    put(index, now_ + random_.below(longest_idle + 1));
  }

  // Advances and checks that nothing ends early; returns how many were looked at. One entry in
  // eight had a packet meanwhile and is put back.
  uint32_t advance(uint32_t budget, uint32_t longest_idle) {
    uint32_t looks = 0;
    const uint32_t looked = wheel_.advance(static_cast<Tick>(now_), budget, [&](EntryIndex index) {
      ++looks;
      const auto found = by_index_.find(index);
      REQUIRE(found != by_index_.end());
      const uint64_t deadline = found->second->first;
      unseen_.erase(index);
      if (deadline > now_) {  // a turn too early, or an early look: not ended
        wheel_.insert(index, static_cast<Tick>(deadline));
      } else {
        forget(found);
        if (random_.one_in(8)) put(index, now_ + 1 + random_.below(longest_idle + 1));
      }
    });
    REQUIRE(looked == looks);
    REQUIRE(looked <= budget);
    if (looked < budget) advanced_to_ = now_;
    return looked;
  }

  void look_at_all() {
    wheel_.look_at_all();
    unseen_.clear();
    for (const auto& [index, place] : by_index_) unseen_.insert(index);
  }
  // After an advance that its budget did not stop.
  void check_all_seen() const { REQUIRE(unseen_.empty()); }

  // After an advance that its budget did not stop: what is still there is not overdue, but for what
  // was due at once when it came and has to wait for the next tick.
  void check_nothing_late() const {
    for (const auto& [deadline, index] : by_deadline_) REQUIRE(deadline + 1 > now_);
  }

  // Precondition: no idle time beyond a turn and the last advance was complete.
  void check_first() const {
    const EntryIndex first = wheel_.first();
    if (by_deadline_.empty()) {
      REQUIRE(first == lb::kNoEntry);
      return;
    }
    const auto found = by_index_.find(first);
    REQUIRE(found != by_index_.end());
    // Deadlines up to the wheel's time share the next slot.
    const uint64_t next_slot = advanced_to_ + 1;
    REQUIRE(std::max(found->second->first, next_slot) ==
            std::max(by_deadline_.begin()->first, next_slot));
  }

 private:
  using ByDeadline = std::multimap<uint64_t, EntryIndex>;

  void put(EntryIndex index, uint64_t deadline) {
    wheel_.insert(index, static_cast<Tick>(deadline));
    by_index_[index] = by_deadline_.emplace(deadline, index);
  }
  void forget(std::map<EntryIndex, ByDeadline::iterator>::iterator found) {
    unseen_.erase(found->first);
    by_deadline_.erase(found->second);
    by_index_.erase(found);
  }

  Random random_;
  uint64_t now_;
  uint64_t advanced_to_;
  std::vector<Links> links_;
  Wheel wheel_;
  ByDeadline by_deadline_;
  std::map<EntryIndex, ByDeadline::iterator> by_index_;
  std::set<EntryIndex> unseen_;  // of those that look_at_all was to show
};

// Half of the seeds start so that the 32-bit clock wraps under way.
uint64_t start_of(uint64_t seed) { return seed % 2 == 0 ? 0 : 0xffffffff - 5000 * seed; }

}  // namespace

TEST_CASE("with budget enough nothing ends early and nothing more than a tick late") {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    Model model(seed, start_of(seed));
    const uint32_t longest_idle = std::array{20u, 3000u, Wheel::kSlots}[seed % 3];
    for (int step = 0; step < 4000; ++step) {
      for (uint32_t i = model.random().below(4); i > 0; --i) {
        model.toggle(longest_idle);
        model.check_first();
      }
      model.wait(model.random().one_in(50) ? model.random().below(2000) : model.random().below(4));
      model.advance(kUnlimited, longest_idle);
      model.check_nothing_late();
      model.check_first();
    }
  }
}

TEST_CASE("idle times of several turns and stalls of several turns end nothing early or late") {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    CAPTURE(seed);
    Model model(seed, start_of(seed));
    const uint32_t longest_idle = 5 * Wheel::kSlots;
    for (int step = 0; step < 1500; ++step) {
      for (uint32_t i = model.random().below(6); i > 0; --i) model.toggle(longest_idle);
      model.wait(model.random().one_in(100) ? model.random().below(4 * Wheel::kSlots)
                                            : model.random().below(300));
      model.advance(kUnlimited, longest_idle);
      model.check_nothing_late();
    }
  }
}

TEST_CASE("small budgets are kept, end nothing early, and catch up when given time") {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    Model model(seed, start_of(seed));
    const uint32_t longest_idle = seed % 2 == 0 ? 200 : 3 * Wheel::kSlots;
    for (int step = 0; step < 4000; ++step) {
      for (uint32_t i = model.random().below(8); i > 0; --i) model.toggle(longest_idle);
      model.wait(model.random().below(3));
      model.advance(model.random().below(4), longest_idle);
      if (!model.random().one_in(100)) continue;
      int calls = 0;
      while (model.advance(3, longest_idle) == 3) REQUIRE(++calls < 1000);
      model.check_nothing_late();
    }
  }
}

TEST_CASE("early looks show all that was there, end nothing early and leave nothing late") {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    Model model(seed, start_of(seed));
    const uint32_t longest_idle = std::array{20u, 3000u, 3 * Wheel::kSlots}[seed % 3];
    for (int step = 0; step < 3000; ++step) {
      for (uint32_t i = model.random().below(6); i > 0; --i) model.toggle(longest_idle);
      model.wait(model.random().one_in(200) ? model.random().below(2 * Wheel::kSlots)
                                            : model.random().below(3));
      if (model.random().one_in(30)) model.look_at_all();
      model.advance(model.random().below(8), longest_idle);
      if (!model.random().one_in(40)) continue;
      model.advance(kUnlimited, longest_idle);
      model.check_all_seen();
      model.check_nothing_late();
    }
  }
}

TEST_CASE("every entry is gone in the end, and the wheel knows it") {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    CAPTURE(seed);
    Model model(seed, start_of(seed));
    for (uint32_t i = 0; i < kEntries; ++i) model.toggle(2 * Wheel::kSlots);
    for (int step = 0; step < 200 && model.size() > 0; ++step) {
      model.wait(Wheel::kSlots / 2);
      model.advance(kUnlimited, 1000);
    }
    CHECK(model.size() == 0);
    model.check_first();
  }
}
