// Connections over random operations: counts, deadlines and what is taken back are recounted from a
// plain list each time.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <vector>

#include "test/lb/connections_support.h"

using lb::EntryIndex;
using lb::kNoEntry;
using lb::State;
using lb::Tick;
using lb_test::kNoBudget;
using lb_test::kSecond;
using lb_test::opening;
using lb_test::Random;
using lb_test::Worker;

namespace {

struct Known {
  State state;
  Tick stamp;
  uint32_t server;
};

class Model {
 public:
  Model(uint64_t seed, uint32_t capacity, Tick start)
      : capacity_(capacity),
        random_(seed),
        now_(start),
        pool_(capacity),
        worker_(*pool_, capacity, start) {}

  Random& random() { return random_; }
  uint64_t reclaimed() const { return reclaimed_; }
  uint64_t refused() const { return refused_; }

  void open(State state) {
    const uint32_t server = random_.below(Worker::kServers);
    const bool full = known_.size() == capacity_;
    const std::optional<int> expected_rank = full ? best_rank() : std::nullopt;
    const std::optional<Tick> oldest =
        expected_rank ? std::optional(oldest_of(*expected_rank)) : std::nullopt;
    const EntryIndex index = worker_->open(opening(number_++, state, server), now_);
    if (full && !expected_rank) {
      REQUIRE(index == kNoEntry);
      ++refused_;
      return;
    }
    REQUIRE(index != kNoEntry);
    if (full) {
      // The only free entry is the one that was just taken back.
      const Known victim = known_.at(index);
      REQUIRE(rank_of(victim.state) == expected_rank);
      REQUIRE(victim.stamp == *oldest);
      ++reclaimed_;
    } else {
      REQUIRE_FALSE(known_.contains(index));
    }
    REQUIRE(worker_->reclaimed() == reclaimed_);
    known_[index] = {state, now_, server};
  }

  void touch(State state) {
    const auto found = some();
    if (found == known_.end()) return;
    const Tick before = deadline(found->second);
    worker_->touch(worker_->entry(found->first), state, now_);
    const bool same = found->second.state == state;
    found->second.state = state;
    found->second.stamp = now_;
    // In one state a packet can only put off the end.
    if (same) REQUIRE_FALSE(lb::before(worker_->deadline_of(worker_->entry(found->first)), before));
    REQUIRE(worker_->deadline_of(worker_->entry(found->first)) == deadline(found->second));
  }
  void touch_same() {
    const auto found = some();
    if (found == known_.end()) return;
    worker_->touch(worker_->entry(found->first), found->second.state, now_);
    found->second.stamp = now_;
  }

  void close() {
    const auto found = some();
    if (found == known_.end()) return;
    worker_->close(found->first);
    known_.erase(found);
  }

  void wait(Tick ticks) { now_ += ticks; }

  // Precondition: time moved on since the last change, or nothing is due at once.
  void expire_all() {
    worker_->expire(now_, kNoBudget);
    std::erase_if(known_,
                  [&](const auto& item) { return !lb::before(now_, deadline(item.second)); });
  }
  void expire_some(uint32_t budget) {
    REQUIRE(worker_->expire(now_, budget) <= budget);
    // Which ones are ended is not said, but none early.
    std::map<EntryIndex, Known> left;
    for (const EntryIndex index : worker_.live()) left.insert(*known_.find(index));
    for (const auto& [index, known] : known_) {
      if (!left.contains(index)) REQUIRE_FALSE(lb::before(now_, deadline(known)));
    }
    known_ = std::move(left);
  }

  void check() {
    auto live = worker_.live();
    std::sort(live.begin(), live.end());
    std::vector<EntryIndex> expected;
    std::vector<uint32_t> active(Worker::kServers);
    std::vector<uint32_t> inactive(Worker::kServers);
    for (const auto& [index, known] : known_) {
      expected.push_back(index);
      const auto& entry = worker_->entry(index);
      REQUIRE(entry.state == known.state);
      REQUIRE(entry.stamp == known.stamp);
      REQUIRE(entry.server == known.server);
      ++(lb::is_active(known.state) ? active : inactive)[known.server];
    }
    REQUIRE(live == expected);
    REQUIRE(worker_->table().size() == known_.size());
    for (uint32_t i = 0; i < Worker::kServers; ++i) {
      REQUIRE(worker_.load(i).active.reader_get() == active[i]);
      REQUIRE(worker_.load(i).inactive.reader_get() == inactive[i]);
    }
  }

 private:
  static Tick deadline(const Known& known) {
    return known.stamp + lb_test::kLvsTimeouts[static_cast<size_t>(known.state)];
  }
  // Which is taken back first; none of the others ever.
  static std::optional<int> rank_of(State state) {
    if (state == State::kClose || state == State::kTimeWait) return 0;
    if (state == State::kSynRecv) return 1;
    return std::nullopt;
  }
  std::optional<int> best_rank() const {
    std::optional<int> best;
    for (const auto& [index, known] : known_) {
      const auto rank = rank_of(known.state);
      if (rank && (!best || *rank < *best)) best = rank;
    }
    return best;
  }
  Tick oldest_of(int rank) const {
    std::optional<Tick> oldest;
    for (const auto& [index, known] : known_) {
      if (rank_of(known.state) != rank) continue;
      if (!oldest || lb::before(known.stamp, *oldest)) oldest = known.stamp;
    }
    return *oldest;
  }
  std::map<EntryIndex, Known>::iterator some() {
    auto found = known_.lower_bound(random_.below(capacity_));
    return found == known_.end() ? known_.begin() : found;
  }

  uint32_t capacity_;
  Random random_;
  Tick now_;
  uint32_t number_ = 0;
  uint64_t reclaimed_ = 0;
  uint64_t refused_ = 0;
  lb_test::Pool pool_;
  Worker worker_;
  std::map<EntryIndex, Known> known_;
};

// Weighted so that all kinds are there when the director is full.
State random_state(Random& random) {
  constexpr State kStates[] = {State::kEstablished, State::kSynRecv,  State::kSynRecv,
                               State::kFinWait,     State::kTimeWait, State::kClose,
                               State::kCloseWait,   State::kSynSent};
  return kStates[random.below(8)];
}

// Half of the seeds start so that the clock wraps under way.
Tick start_of(uint64_t seed) { return seed % 2 == 0 ? 0 : static_cast<Tick>(0) - 3000; }

}  // namespace

TEST_CASE("counts, stamps and ends are right after every operation on a roomy director") {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    CAPTURE(seed);
    Model model(seed, 600, start_of(seed));
    for (int step = 0; step < 4000; ++step) {
      switch (model.random().below(8)) {
        case 0:
        case 1:
        case 2:
          model.open(random_state(model.random()));
          break;
        case 3:
          model.touch(random_state(model.random()));
          break;
        case 4:
          model.touch_same();
          break;
        case 5:
          if (model.random().one_in(4)) model.close();
          break;
        default:
          model.wait(model.random().one_in(40) ? model.random().below(100 * kSecond)
                                               : model.random().below(20));
          model.expire_all();
          break;
      }
      if (step % 10 == 0) model.check();
    }
    model.check();
  }
}

TEST_CASE("a full director always takes back the oldest of the right kind, or refuses") {
  uint64_t reclaimed = 0;
  uint64_t refused = 0;
  for (uint64_t seed = 0; seed < 12; ++seed) {
    CAPTURE(seed);
    Model model(seed, 40, start_of(seed));
    for (int step = 0; step < 4000; ++step) {
      switch (model.random().below(8)) {
        case 0:
        case 1:
        case 2:
          model.open(random_state(model.random()));
          break;
        case 3:
          model.touch(random_state(model.random()));
          break;
        case 4:
        case 5:
          model.touch_same();
          break;
        default:
          model.wait(model.random().below(6));
          if (model.random().one_in(4)) model.expire_all();
          model.expire_some(model.random().below(2));
          break;
      }
      model.check();
    }
    reclaimed += model.reclaimed();
    refused += model.refused();
  }
  CHECK(reclaimed > 1000);
  CHECK(refused > 1000);
}

TEST_CASE("a small budget ends nothing early and keeps counts right") {
  for (uint64_t seed = 0; seed < 6; ++seed) {
    CAPTURE(seed);
    Model model(seed, 150, start_of(seed));
    for (int step = 0; step < 2000; ++step) {
      model.open(random_state(model.random()));
      if (model.random().one_in(2)) model.touch_same();
      model.wait(model.random().below(5));
      model.expire_some(model.random().below(3));
      if (step % 10 == 0) model.check();
    }
    model.wait(1000 * kSecond);
    model.expire_all();
    model.check();
  }
}
