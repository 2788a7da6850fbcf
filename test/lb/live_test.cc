// Counters that one thread writes and others read, and arrays that do not move under them.
#include "lb/live.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "lb/reserved_array.h"

TEST_CASE("a counter adds and is set") {
  lb::Counter<uint32_t> counter;
  CHECK(counter.reader_get() == 0);
  counter.add(5);
  counter.add(static_cast<uint32_t>(-2));
  CHECK(counter.reader_get() == 3);
  counter.set(10);
  counter.add(static_cast<uint32_t>(-1));
  CHECK(counter.reader_get() == 9);
}

TEST_CASE("a reader sees a growing counter grow, never torn, never back") {
  lb::Counter<uint64_t> counter;
  constexpr uint64_t kStep = 0x100000001;  // both halves change
  constexpr uint64_t kAdds = 50000;
  std::atomic<bool> wrong{false};
  std::thread reader([&] {
    uint64_t last = 0;
    while (last < kAdds * kStep) {
      const uint64_t now = counter.reader_get();
      if (now < last || now % kStep != 0) wrong = true;
      last = now;
    }
  });
  for (uint64_t i = 0; i < kAdds; ++i) counter.add(kStep);
  reader.join();
  CHECK_FALSE(wrong);
}

TEST_CASE("a reserved array starts as zeroes and its elements keep their place") {
  lb::ReservedArray<lb::Load> loads(1 << 20);
  lb::Load* const last = &loads[(1 << 20) - 1];
  CHECK(last->active.reader_get() == 0);
  last->active.add(1);
  loads[0].inactive.add(2);
  CHECK(&loads.span().back() == last);
  CHECK(loads.span().size() == 1 << 20);
  CHECK(loads[(1 << 20) - 1].active.reader_get() == 1);
  CHECK(loads.span()[0].inactive.reader_get() == 2);
  CHECK(loads[1].inactive.reader_get() == 0);
}

TEST_CASE("a reserved array costs address space, not memory, until it is written") {
  // More than such machines have, and what valgrind has addresses for.
  lb::ReservedArray<lb::Traffic> traffic(size_t{1} << 29);
  traffic[(size_t{1} << 29) - 1].packets_in.add(3);
  CHECK(traffic[(size_t{1} << 29) - 1].packets_in.reader_get() == 3);
}

TEST_CASE("an array for which there is no address space is refused") {
  CHECK_THROWS_AS(lb::ReservedArray<lb::Traffic>(size_t{1} << 52), std::bad_alloc);
}
