// The pool of entries and the workers' caches of it: every entry is in one hand at a time.
#include "lb/connection_pool.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <latch>
#include <set>
#include <thread>
#include <vector>

#include "test/lb/support.h"

using lb::EntryIndex;
using lb::kNoEntry;
using lb_test::Pool;
using lb_test::Random;
using ConnectionPool = lb::ConnectionPool<lb::V4>;
using Cache = lb::EntryCache<lb::V4>;

namespace {

std::vector<EntryIndex> take_all(Cache& cache) {
  std::vector<EntryIndex> taken;
  for (EntryIndex i = cache.take(); i != kNoEntry; i = cache.take()) taken.push_back(i);
  return taken;
}

std::vector<EntryIndex> all_chunks(ConnectionPool& pool) {
  std::vector<EntryIndex> taken;
  for (EntryIndex first = pool.take_chunk(); first != kNoEntry; first = pool.take_chunk()) {
    uint32_t length = 0;
    for (EntryIndex i = first; i != kNoEntry; i = pool[i].sibling_next) {
      taken.push_back(i);
      ++length;
    }
    REQUIRE(length <= ConnectionPool::kChunk);
  }
  return taken;
}

bool is_each_once(const std::vector<EntryIndex>& taken, uint32_t size) {
  const std::set<EntryIndex> distinct(taken.begin(), taken.end());
  return taken.size() == size && distinct.size() == size &&
         (size == 0 || *distinct.rbegin() == size - 1);
}

}  // namespace

TEST_CASE("a new pool holds every entry exactly once, of any size") {
  const uint32_t size = GENERATE(1, 2, 31, 32, 33, 63, 64, 65, 1000, 4096);
  CAPTURE(size);
  Pool pool(size);
  CHECK(pool->size() == size);
  CHECK(is_each_once(all_chunks(*pool), size));
  CHECK(pool->take_chunk() == kNoEntry);
}

TEST_CASE("a pool without entries has none to give") {
  Pool pool(0);
  CHECK(pool->take_chunk() == kNoEntry);
  Cache cache(*pool);
  CHECK(cache.take() == kNoEntry);
}

TEST_CASE("the lowest entries are used first, so that untouched memory stays untouched") {
  Pool pool(100);
  Cache cache(*pool);
  std::vector<EntryIndex> expected;
  for (EntryIndex i = 0; i < 100; ++i) expected.push_back(i);
  CHECK(take_all(cache) == expected);
}

TEST_CASE("a chunk that is given back is the next one taken, whole") {
  Pool pool(96);
  const EntryIndex first = pool->take_chunk();
  const EntryIndex second = pool->take_chunk();
  CHECK(first != second);
  pool->give_chunk(first, ConnectionPool::kChunk);
  CHECK(pool->take_chunk() == first);
  pool->give_chunk(second, ConnectionPool::kChunk);
  pool->give_chunk(first, ConnectionPool::kChunk);
  CHECK(is_each_once(all_chunks(*pool), 96));
}

TEST_CASE("one cache can take all of a pool, and after giving all back take it again") {
  const uint32_t size = GENERATE(1, 32, 65, 1000);
  CAPTURE(size);
  Pool pool(size);
  Cache cache(*pool);
  for (int round = 0; round < 3; ++round) {
    const auto taken = take_all(cache);
    REQUIRE(is_each_once(taken, size));
    CHECK(cache.take() == kNoEntry);
    for (const EntryIndex index : taken) cache.give(index);
  }
}

TEST_CASE("a cache keeps fewer than two chunks to itself, the rest goes back to everybody") {
  Pool pool(320);
  Cache cache(*pool);
  for (const EntryIndex index : take_all(cache)) cache.give(index);
  Cache other(*pool);
  CHECK(take_all(other).size() > 320 - 2 * ConnectionPool::kChunk);
}

TEST_CASE("what a cache gave is what it takes next, still warm") {
  Pool pool(64);
  Cache cache(*pool);
  const EntryIndex a = cache.take();
  const EntryIndex b = cache.take();
  cache.give(a);
  cache.give(b);
  CHECK(cache.take() == b);
  CHECK(cache.take() == a);
}

TEST_CASE("a worker that alternates at a chunk's edge does not go to the pool each time") {
  Pool pool(96);
  Cache cache(*pool);
  for (int i = 0; i < 32; ++i) cache.take();
  const EntryIndex edge = cache.take();  // the first of the second chunk
  cache.give(edge);
  const EntryIndex rest = pool->take_chunk();
  CHECK(pool->take_chunk() == kNoEntry);
  for (int i = 0; i < 100; ++i) {
    const EntryIndex index = cache.take();
    REQUIRE(index == edge);
    cache.give(index);
  }
  pool->give_chunk(rest, ConnectionPool::kChunk);
}

TEST_CASE("many caches that take and give at random never hold an entry twice and lose none") {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const uint32_t size = 1 + random.below(2000);
    const uint32_t workers = 1 + random.below(8);
    Pool pool(size);
    std::vector<Cache> caches(workers, Cache(*pool));
    std::vector<EntryIndex> held;
    std::vector<bool> is_held(size);
    for (int step = 0; step < 20000; ++step) {
      // Taken by one worker, given by another: the caches do not mind.
      Cache& cache = caches[random.below(workers)];
      if (!held.empty() && random.below(size) < held.size()) {
        const uint32_t at = random.below(static_cast<uint32_t>(held.size()));
        is_held[held[at]] = false;
        cache.give(held[at]);
        held[at] = held.back();
        held.pop_back();
        continue;
      }
      const EntryIndex index = cache.take();
      if (index == kNoEntry) continue;
      REQUIRE(index < size);
      REQUIRE_FALSE(is_held[index]);
      is_held[index] = true;
      held.push_back(index);
    }
    std::vector<EntryIndex> everything = held;
    for (Cache& cache : caches) {
      for (const EntryIndex index : take_all(cache)) everything.push_back(index);
    }
    REQUIRE(is_each_once(everything, size));
  }
}

TEST_CASE("a pool sized for a capacity gives it to one worker whatever the others hold back") {
  for (uint32_t workers = 1; workers <= 8; ++workers) {
    const uint32_t capacity = 100 + 77 * workers;
    Pool pool(ConnectionPool::entries_for(capacity, workers));
    std::vector<Cache> caches(workers, Cache(*pool));
    // Each of the others in turn fills itself and gives all back, so that it keeps what it can
    // keep.
    for (uint32_t i = 1; i < workers; ++i) {
      const auto taken = take_all(caches[i]);
      for (const EntryIndex index : taken) caches[i].give(index);
    }
    CAPTURE(workers);
    CHECK(take_all(caches[0]).size() >= capacity);
  }
  CHECK(ConnectionPool::entries_for(1000, 1) == 1000);
}

TEST_CASE("threads that take and give at once never hold the same entry") {
  constexpr uint32_t kSize = 512;
  constexpr int kThreads = 4;
  Pool pool(kSize);
  std::vector<std::atomic<int>> holders(kSize);
  std::atomic<int> doubly_held{0};
  std::vector<Cache> caches(kThreads, Cache(*pool));
  std::latch start(kThreads);
  const auto work = [&](int number) {
    start.arrive_and_wait();
    Random random(static_cast<uint64_t>(number));
    Cache& cache = caches[static_cast<size_t>(number)];
    std::vector<EntryIndex> held;
    for (int step = 0; step < 200000; ++step) {
      // In waves, so that chunks go back and forth.
      const bool taking = step / 200 % 2 == 0;
      if (taking || held.empty()) {
        const EntryIndex index = cache.take();
        if (index == kNoEntry) continue;
        if (holders[index].fetch_add(1, std::memory_order_relaxed) != 0) ++doubly_held;
        // The entry is this thread's alone, but for the one field that losers of a race still read.
        auto& entry = (*pool)[index];
        entry.outside = {};
        entry.stamp = entry.server = entry.sibling_next = entry.sibling_previous = 0;
        entry.timer_next = entry.timer_previous = entry.next_hop_outside = 0;
        lb::set_overflow_next(entry.overflow_next, index);
        held.push_back(index);
      } else {
        std::swap(held[random.below(static_cast<uint32_t>(held.size()))], held.back());
        holders[held.back()].fetch_sub(1, std::memory_order_relaxed);
        cache.give(held.back());
        held.pop_back();
      }
    }
    for (const EntryIndex index : held) {
      holders[index].fetch_sub(1, std::memory_order_relaxed);
      cache.give(index);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
  CHECK(doubly_held == 0);
  std::vector<EntryIndex> everything;
  for (Cache& cache : caches) {
    for (const EntryIndex index : take_all(cache)) everything.push_back(index);
  }
  CHECK(is_each_once(everything, kSize));
}
