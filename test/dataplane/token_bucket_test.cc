#include "dataplane/token_bucket.h"

#include <catch2/catch.hpp>

#include "dataplane/kernel_exchange.h"

using dataplane::TokenBucket;
using lb::kTicksPerSecond;

namespace {

uint32_t taken(TokenBucket& bucket, lb::Tick now, uint32_t wanted) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < wanted; ++i) count += bucket.take(now);
  return count;
}

}  // namespace

TEST_CASE("a token bucket gives its burst at once and no more") {
  TokenBucket bucket(10, 25);
  CHECK(taken(bucket, 0, 100) == 25);
  CHECK(taken(bucket, 0, 100) == 0);
}

TEST_CASE("a token bucket fills at its rate, to its burst at most") {
  TokenBucket bucket(10, 25);
  taken(bucket, 0, 100);
  CHECK(taken(bucket, kTicksPerSecond, 100) == 10);
  CHECK(taken(bucket, 2 * kTicksPerSecond, 100) == 10);
  CHECK(taken(bucket, 100 * kTicksPerSecond, 100) == 25);
}

TEST_CASE("a token bucket that is emptied at each tick gives its rate") {
  const auto limit = GENERATE(values({dataplane::KernelExchange::kNeighboursPerSecond,
                                      dataplane::KernelExchange::kOthersPerSecond}));
  TokenBucket bucket(limit, dataplane::KernelExchange::kAtOnce);
  taken(bucket, 0, limit);
  uint32_t count = 0;
  for (lb::Tick now = 1; now <= kTicksPerSecond; ++now) count += taken(bucket, now, limit);
  CHECK(count == limit);
}

TEST_CASE("a token bucket gives all that is asked for, or nothing") {
  TokenBucket bucket(16, 10);
  CHECK_FALSE(bucket.take(0, 11));
  CHECK(bucket.take(0, 7));
  CHECK_FALSE(bucket.take(0, 4));
  CHECK(taken(bucket, 0, 100) == 3);
}

TEST_CASE("fractions of a token are not lost between ticks") {
  TokenBucket bucket(3, 100);
  taken(bucket, 0, 100);
  uint32_t count = 0;
  for (lb::Tick now = 1; now <= 10 * kTicksPerSecond; ++now) count += taken(bucket, now, 100);
  CHECK(count == 30);
}

TEST_CASE("a token bucket outlives the wrap of the clock") {
  const lb::Tick before = 0u - 5;
  TokenBucket bucket(16, 100, before);
  taken(bucket, before, 1000);
  CHECK(taken(bucket, 5, 1000) == 10);
}
