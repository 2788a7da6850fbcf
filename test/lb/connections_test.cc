// The life of connections, case by case. Random use: connections_model_test.cc.
#include "lb/connections.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "test/lb/connections_support.h"

using lb::EntryIndex;
using lb::kNoEntry;
using lb::State;
using lb::Tick;
using lb_test::kNoBudget;
using lb_test::kSecond;
using lb_test::opening;
using lb_test::Worker;

namespace {

struct Fixture {
  static constexpr uint32_t kCapacity = 8;

  lb_test::Pool pool{kCapacity};
  Worker worker{*pool, kCapacity};

  EntryIndex open(uint32_t number, State state, Tick now = 0) {
    return worker->open(opening(number, state), now);
  }
  bool is_live(uint32_t number, State state) { return worker.is_live(number, state); }
};

const State kAllStates[] = {State::kEstablished, State::kSynSent,  State::kSynRecv,
                            State::kFinWait,     State::kTimeWait, State::kClose,
                            State::kCloseWait,   State::kUdp,      State::kIcmp};

}  // namespace

TEST_CASE_METHOD(Fixture, "an open connection is in the table with all that it was opened with") {
  auto o = opening(5, State::kSynRecv, 3);
  o.method = 2;
  o.from_inside = true;
  o.service = 7;
  const EntryIndex index = worker->open(o, 42);
  REQUIRE(index != kNoEntry);
  const auto& entry = worker->entry(index);
  CHECK(entry.outside == o.outside);
  CHECK(entry.virtual_end == o.virtual_end);
  CHECK(entry.inside == o.inside);
  CHECK(entry.protocol == lb::Protocol::kTcp);
  CHECK(entry.state == State::kSynRecv);
  CHECK(entry.method == 2);
  CHECK(entry.replies_seen);
  CHECK(entry.from_inside);
  CHECK(entry.service == 7);
  CHECK(entry.server == 3);
  CHECK(entry.stamp == 42);
  CHECK(entry.next_hop_inside == 0);
  CHECK(entry.next_hop_outside == 0);
  CHECK(worker->table().size() == 1);
  CHECK(worker.load(3).active.reader_get() == 1);
}

TEST_CASE_METHOD(Fixture, "an entry that is used again keeps nothing of its last connection") {
  const EntryIndex index = open(1, State::kEstablished);
  worker->entry(index).next_hop_inside = 9;
  worker->entry(index).next_hop_outside = 9;
  worker->close(index);
  REQUIRE(open(2, State::kSynRecv, 10) == index);
  CHECK(worker->entry(index).next_hop_inside == 0);
  CHECK(worker->entry(index).next_hop_outside == 0);
  CHECK(worker->entry(index).stamp == 10);
  CHECK_FALSE(is_live(1, State::kEstablished));
  CHECK(is_live(2, State::kSynRecv));
}

TEST_CASE("an idle connection ends at its state's time, not one tick earlier") {
  for (const State state : kAllStates) {
    Fixture fixture;
    const Tick timeout = lb_test::kLvsTimeouts[static_cast<size_t>(state)];
    fixture.open(1, state, 100);
    CAPTURE(lb::to_string(state));
    fixture.worker->expire(100 + timeout - 1, kNoBudget);
    CHECK(fixture.is_live(1, state));
    fixture.worker->expire(100 + timeout, kNoBudget);
    CHECK_FALSE(fixture.is_live(1, state));
    CHECK(fixture.worker->table().size() == 0);
    CHECK(fixture.worker.load(0).active.reader_get() == 0);
    CHECK(fixture.worker.load(0).inactive.reader_get() == 0);
  }
}

TEST_CASE_METHOD(Fixture, "every packet restarts the time of its state") {
  const EntryIndex index = open(1, State::kUdp, 0);
  for (Tick now = 0; now < 3000 * kSecond; now += 299 * kSecond) {
    worker->touch(worker->entry(index), State::kUdp, now);
    worker->expire(now, kNoBudget);
    CHECK(worker->deadline_of(worker->entry(index)) == now + 300 * kSecond);
    CHECK(is_live(1, State::kUdp));
  }
  const Tick deadline = worker->deadline_of(worker->entry(index));
  worker->expire(deadline - 1, kNoBudget);
  CHECK(is_live(1, State::kUdp));
  worker->expire(deadline, kNoBudget);
  CHECK_FALSE(is_live(1, State::kUdp));
}

TEST_CASE("a packet one tick after the first puts off the end by one tick") {
  for (const State state : kAllStates) {
    Fixture fixture;
    const Tick timeout = lb_test::kLvsTimeouts[static_cast<size_t>(state)];
    fixture.worker->touch(fixture.worker->entry(fixture.open(1, state, 0)), state, 1);
    CAPTURE(lb::to_string(state));
    fixture.worker->expire(timeout, kNoBudget);
    CHECK(fixture.is_live(1, state));
    fixture.worker->expire(timeout + 1, kNoBudget);
    CHECK_FALSE(fixture.is_live(1, state));
  }
}

TEST_CASE("a change of state moves the end of a connection, nearer or further") {
  for (const State from : kAllStates) {
    for (const State to : kAllStates) {
      if (from == to) continue;
      if (lb_test::protocol_of(from) != lb::Protocol::kTcp) continue;
      if (lb_test::protocol_of(to) != lb::Protocol::kTcp) continue;
      Fixture fixture;
      const EntryIndex index = fixture.open(1, from, 0);
      const Tick change = 5 * kSecond;
      const Tick end = change + lb_test::kLvsTimeouts[static_cast<size_t>(to)];
      CAPTURE(lb::to_string(from), lb::to_string(to));
      fixture.worker->expire(change, kNoBudget);
      fixture.worker->touch(fixture.worker->entry(index), to, change);
      fixture.worker->expire(end - 1, kNoBudget);
      CHECK(fixture.is_live(1, from));
      fixture.worker->expire(end, kNoBudget);
      CHECK_FALSE(fixture.is_live(1, from));
    }
  }
}

TEST_CASE_METHOD(Fixture, "an established connection that is reset ends ten seconds later") {
  const EntryIndex index = open(1, State::kEstablished, 0);
  const Tick reset = 400 * kSecond;
  worker->expire(reset, kNoBudget);
  worker->touch(worker->entry(index), State::kClose, reset);
  CHECK(worker.load(0).active.reader_get() == 0);
  CHECK(worker.load(0).inactive.reader_get() == 1);
  worker->expire(reset + 10 * kSecond - 1, kNoBudget);
  CHECK(is_live(1, State::kClose));
  worker->expire(reset + 10 * kSecond, kNoBudget);
  CHECK_FALSE(is_live(1, State::kClose));
}

TEST_CASE_METHOD(Fixture, "shorter idle times hold for the connections that there are") {
  open(1, State::kEstablished, 0);
  const EntryIndex used = open(2, State::kEstablished, 0);
  open(3, State::kUdp, 0);
  open(4, State::kTimeWait, 0);
  worker->touch(worker->entry(used), State::kEstablished, 90 * kSecond);
  worker->expire(100 * kSecond, kNoBudget);
  lb::Timeouts shorter = lb_test::kLvsTimeouts;
  shorter[static_cast<size_t>(State::kEstablished)] = 60 * kSecond;
  worker->use(shorter);
  worker->expire(100 * kSecond, kNoBudget);
  CHECK_FALSE(is_live(1, State::kEstablished));
  CHECK(is_live(3, State::kUdp));
  CHECK(is_live(4, State::kTimeWait));
  worker->expire(150 * kSecond - 1, kNoBudget);
  CHECK(is_live(2, State::kEstablished));
  CHECK_FALSE(is_live(4, State::kTimeWait));
  worker->expire(150 * kSecond, kNoBudget);
  CHECK_FALSE(is_live(2, State::kEstablished));
  worker->use(lb_test::kLvsTimeouts);
  worker->expire(300 * kSecond - 1, kNoBudget);
  CHECK(is_live(3, State::kUdp));
}

TEST_CASE_METHOD(Fixture, "expiring keeps its budget over all states together") {
  for (uint32_t i = 0; i < 8; ++i) open(i, kAllStates[i]);
  const Tick late = 1000 * kSecond;
  CHECK(worker->expire(late, 0) == 0);
  CHECK(worker->table().size() == 8);
  CHECK(worker->expire(late, 3) == 3);
  CHECK(worker->table().size() == 5);
  CHECK(worker->expire(late, 4) == 4);
  CHECK(worker->expire(late, 4) == 1);
  CHECK(worker->table().size() == 0);
}

TEST_CASE_METHOD(Fixture,
                 "a full director of established connections refuses a new one and keeps all") {
  const State state = GENERATE(State::kEstablished, State::kFinWait, State::kCloseWait, State::kUdp,
                               State::kIcmp, State::kSynSent);
  CAPTURE(lb::to_string(state));
  for (uint32_t i = 0; i < kCapacity; ++i) REQUIRE(open(i, state) != kNoEntry);
  CHECK(open(100, State::kSynRecv) == kNoEntry);
  CHECK(worker->reclaimed() == 0);
  CHECK(worker->table().size() == kCapacity);
  CHECK(worker.load(0).active.reader_get() + worker.load(0).inactive.reader_get() == kCapacity);
  for (uint32_t i = 0; i < kCapacity; ++i) CHECK(is_live(i, state));
}

TEST_CASE_METHOD(Fixture,
                 "a full director takes back closed ones by age, then opening ones by age") {
  open(0, State::kEstablished, 0);
  open(1, State::kSynRecv, 1);
  open(2, State::kClose, 40);
  open(3, State::kTimeWait, 30);
  open(4, State::kTimeWait, 50);
  open(5, State::kFinWait, 0);
  open(6, State::kSynRecv, 2);
  open(7, State::kClose, 60);
  // The oldest by its last packet, although CLOSE ends long before TIME_WAIT.
  const std::vector<std::pair<uint32_t, State>> order = {
      {3, State::kTimeWait}, {2, State::kClose},   {4, State::kTimeWait},
      {7, State::kClose},    {1, State::kSynRecv}, {6, State::kSynRecv}};
  uint64_t reclaimed = 0;
  for (const auto& [number, state] : order) {
    CAPTURE(number);
    CHECK(is_live(number, state));
    REQUIRE(open(100 + number, State::kEstablished, 70) != kNoEntry);
    CHECK_FALSE(is_live(number, state));
    CHECK(worker->reclaimed() == ++reclaimed);
  }
  CHECK(open(200, State::kSynRecv, 70) == kNoEntry);
  CHECK(is_live(0, State::kEstablished));
  CHECK(is_live(5, State::kFinWait));
}

TEST_CASE_METHOD(Fixture, "a closing connection that still gets packets is not the oldest") {
  std::vector<EntryIndex> indices;
  for (uint32_t i = 0; i < kCapacity; ++i) indices.push_back(open(i, State::kTimeWait, i));
  // Stamped alone: the wheel has not looked since.
  for (const uint32_t i : {0u, 1u, 2u})
    worker->touch(worker->entry(indices[i]), State::kTimeWait, 100 + i);
  for (const uint32_t victim : {3u, 4u, 5u, 6u, 7u, 0u, 1u, 2u}) {
    CAPTURE(victim);
    CHECK(is_live(victim, State::kTimeWait));
    REQUIRE(open(1000 + victim, State::kEstablished, 200) != kNoEntry);
    CHECK_FALSE(is_live(victim, State::kTimeWait));
  }
}

TEST_CASE("one new connection does not put in order all that a flood has stamped") {
  constexpr uint32_t kCapacity = 1000;
  lb_test::Pool pool(kCapacity);
  Worker worker(*pool, kCapacity);
  std::vector<EntryIndex> indices;
  for (uint32_t i = 0; i < kCapacity; ++i) {
    indices.push_back(worker->open(opening(i, State::kSynRecv), 0));
  }
  for (const EntryIndex index : indices) worker->touch(worker->entry(index), State::kSynRecv, 9);
  REQUIRE(worker->open(opening(kCapacity, State::kSynRecv), 10) != kNoEntry);
  // Of equals the first goes, but that so many were put behind.
  CHECK(worker.is_live(0, State::kSynRecv));
  CHECK_FALSE(worker.is_live(32, State::kSynRecv));
}

TEST_CASE("what a worker gives to others it does not take back at once") {
  lb_test::Pool pool(64);
  Worker rich(*pool, 64), poor(*pool, 64);
  for (uint32_t i = 0; i < 64; ++i) {
    REQUIRE(rich->open(opening(i, State::kTimeWait), 0) != kNoEntry);
  }
  CHECK(poor->open(opening(100, State::kSynRecv), 5) == kNoEntry);
  CHECK(poor->is_short_of_entries(5));
  rich->share(5);
  for (uint32_t i = 0; i < 16; ++i) {
    REQUIRE(rich->open(opening(200 + i, State::kEstablished), 5) != kNoEntry);
  }
  CHECK(poor->open(opening(100, State::kSynRecv), 5) != kNoEntry);
}

TEST_CASE("a worker that found the director full long ago waits anew") {
  lb_test::Pool pool(64);
  Worker rich(*pool, 64), poor(*pool, 64);
  for (uint32_t i = 0; i < 64; ++i) rich->open(opening(i, State::kEstablished), 0);
  CHECK(poor->open(opening(100, State::kSynRecv), 0) == kNoEntry);
  CHECK_FALSE(poor->is_short_of_entries(kSecond / 2));
  CHECK(poor->open(opening(101, State::kSynRecv), 60 * kSecond) == kNoEntry);
  CHECK(poor->is_short_of_entries(60 * kSecond));
}

TEST_CASE_METHOD(Fixture, "under a flood of SYNs a full director keeps the latest of them") {
  open(0, State::kEstablished);
  for (uint32_t i = 1; i < 1000; ++i) REQUIRE(open(i, State::kSynRecv, i) != kNoEntry);
  CHECK(is_live(0, State::kEstablished));
  for (uint32_t i = 1; i < 1000; ++i)
    REQUIRE(is_live(i, State::kSynRecv) == (i > 1000 - kCapacity));
  CHECK(worker->table().size() == kCapacity);
}

TEST_CASE("one worker opens exactly its capacity") {
  const uint32_t capacity = GENERATE(1, 31, 32, 33, 1000);
  lb_test::Pool pool(lb::ConnectionPool<lb::V4>::entries_for(capacity, 1));
  Worker worker(*pool, capacity);
  CAPTURE(capacity);
  for (uint32_t i = 0; i < capacity; ++i) {
    REQUIRE(worker->open(opening(i, State::kEstablished), 0) != kNoEntry);
  }
  CHECK(worker->open(opening(capacity, State::kEstablished), 0) == kNoEntry);
  worker->close(worker.live().front());
  CHECK(worker->open(opening(capacity + 1, State::kEstablished), 0) != kNoEntry);
  CHECK(worker->open(opening(capacity + 2, State::kEstablished), 0) == kNoEntry);
}

TEST_CASE("a director of many workers holds its capacity, however the connections spread") {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    lb_test::Random random(seed);
    const uint32_t workers = 2 + random.below(5);
    const uint32_t capacity = 500 + random.below(500);
    lb_test::Pool pool(lb::ConnectionPool<lb::V4>::entries_for(capacity, workers));
    std::vector<std::unique_ptr<Worker>> all;
    for (uint32_t i = 0; i < workers; ++i) all.push_back(std::make_unique<Worker>(*pool, capacity));
    uint32_t number = 0;
    uint64_t live = 0;
    for (int step = 0; step < 20000; ++step) {
      Worker& worker = *all[random.below(workers)];
      // Waves of opening and closing, each of a random worker's.
      const bool opens = random.below(3) != static_cast<uint32_t>(step / 1000 % 2);
      if (opens) {
        const bool opened = (worker)->open(opening(number++, State::kEstablished), 0) != kNoEntry;
        live += opened;
        if (!opened) REQUIRE(live >= capacity);
      } else if (worker->table().size() > 0) {
        const auto& table = worker->table();
        EntryIndex victim = kNoEntry;
        for (uint64_t b = random.below(static_cast<uint32_t>(table.buckets())); victim == kNoEntry;
             b = (b + 1) % table.buckets()) {
          table.visit_bucket(b, [&](const auto& entry) {
            victim = static_cast<EntryIndex>(&entry - &(*pool)[0]);
          });
        }
        worker->close(victim);
        --live;
      }
    }
  }
}

TEST_CASE("workers that open, expire and take back at once keep apart") {
  constexpr uint32_t kWorkers = 4;
  constexpr uint32_t kCapacity = 300;
  lb_test::Pool pool(lb::ConnectionPool<lb::V4>::entries_for(kCapacity, kWorkers));
  std::vector<std::unique_ptr<Worker>> workers;
  for (uint32_t i = 0; i < kWorkers; ++i)
    workers.push_back(std::make_unique<Worker>(*pool, kCapacity));
  std::latch start(kWorkers);
  const auto work = [&](uint32_t number) {
    start.arrive_and_wait();
    lb_test::Random random(number);
    Worker& worker = *workers[number];
    for (uint32_t step = 0; step < 20000; ++step) {
      const State state = kAllStates[random.below(7)];
      worker->open(opening(number + kWorkers * step, state, number), step);
      worker->expire(step, 8);
    }
    worker->expire(20000 + 1000 * kSecond, kNoBudget);
  };
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < kWorkers; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
  for (uint32_t i = 0; i < kWorkers; ++i) {
    CHECK((*workers[i])->table().size() == 0);
    CHECK(workers[i]->load(i).active.reader_get() == 0);
    CHECK(workers[i]->load(i).inactive.reader_get() == 0);
  }
  // All entries are free again and may be used by one.
  uint32_t opened = 0;
  while ((*workers[0])->open(opening(opened, State::kEstablished), 0) != kNoEntry) ++opened;
  CHECK(opened >= kCapacity);
}
