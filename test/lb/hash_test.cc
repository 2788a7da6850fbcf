// The keyed hash: depends on all of its input and of its key, and spreads what clients really send.
#include "lb/hash.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "test/lb/support.h"

using lb::HashKey;
using lb::Protocol;
using lb::V4;
using lb_test::Random;

namespace {

// Flow i of sequential client ports, and of as many clients as that takes.
uint64_t hash_of_flow(const HashKey& key, uint32_t i) {
  const auto end = lb_test::end_of(0x0a010010 + i / 60000, static_cast<uint16_t>(1024 + i % 60000));
  return V4::hash(key, end.address, end.port, Protocol::kTcp);
}

// How many of 100,000 such flows fall into each bucket.
template <class Bucket>
std::vector<uint32_t> sequential_ports(const HashKey& key, size_t buckets, Bucket bucket) {
  std::vector<uint32_t> counts(buckets);
  for (uint32_t i = 0; i < 100000; ++i) ++counts[bucket(hash_of_flow(key, i))];
  return counts;
}

void check_even(const std::vector<uint32_t>& counts) {
  const double mean = 100000.0 / static_cast<double>(counts.size());
  // Six standard deviations of a random throw: never reached by chance.
  const double far = 6 * std::sqrt(mean);
  const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
  CHECK(*least > mean - far);
  CHECK(*most < mean + far);
}

}  // namespace

TEST_CASE("sequential client ports spread evenly over buckets by the hash's low bits") {
  Random random(1);
  for (int i = 0; i < 20; ++i) {
    const HashKey key{random.next(), random.next()};
    for (const size_t buckets : {16, 256, 1024}) {
      CAPTURE(i, buckets);
      check_even(
          sequential_ports(key, buckets, [&](uint64_t hash) { return hash & (buckets - 1); }));
    }
  }
}

TEST_CASE("sequential client ports spread evenly over tags by the hash's high bits") {
  Random random(2);
  for (int i = 0; i < 20; ++i) {
    CAPTURE(i);
    const HashKey key{random.next(), random.next()};
    check_even(sequential_ports(key, 1024, [](uint64_t hash) { return hash >> 54; }));
  }
}

TEST_CASE("tags tell apart the flows that share a bucket") {
  // Few pairs of 100,000 flows may agree in 14 bits of bucket and 15 bits of tag: about nine by
  // chance.
  std::vector<uint64_t> seen;
  for (uint32_t i = 0; i < 100000; ++i) {
    const uint64_t hash = hash_of_flow(lb_test::kKey, i);
    seen.push_back((hash >> 49) << 14 | (hash & 0x3fff));
  }
  std::sort(seen.begin(), seen.end());
  uint32_t pairs = 0;
  for (size_t i = 1; i < seen.size(); ++i) pairs += seen[i] == seen[i - 1];
  CHECK(pairs < 40);
}

TEST_CASE("clients of one port and sequential addresses spread evenly too") {
  std::vector<uint32_t> counts(1024);
  for (uint32_t i = 0; i < 100000; ++i) {
    const auto end = lb_test::end_of(0x0a000000 + i, 5060);
    ++counts[V4::hash(lb_test::kKey, end.address, end.port, Protocol::kUdp) & 1023];
  }
  check_even(counts);
}

TEST_CASE("flows that collide under one key do not collide under another") {
  const HashKey other{0x1111111111111111, 0x2222222222222223};
  std::vector<std::vector<uint64_t>> buckets(1 << 16);
  for (uint64_t word = 0; word < 100000; ++word) {
    buckets[lb::mix(lb_test::kKey, word << 16) & 0xffff].push_back(word << 16);
  }
  uint32_t pairs = 0;
  uint32_t still = 0;
  for (const auto& bucket : buckets) {
    for (size_t i = 1; i < bucket.size(); ++i) {
      ++pairs;
      still += ((lb::mix(other, bucket[0]) ^ lb::mix(other, bucket[i])) & 0xffff) == 0;
    }
  }
  CHECK(pairs > 10000);
  CHECK(still < 10);
}

TEST_CASE("each half of the key changes the hash") {
  CHECK(lb::mix({1, 3}, 42) != lb::mix({2, 3}, 42));
  CHECK(lb::mix({1, 3}, 42) != lb::mix({1, 5}, 42));
  CHECK(lb::mix({1, 3}, 42) == lb::mix({1, 3}, 42));
}

TEST_CASE("address, port and protocol all enter the hash, in their places") {
  const auto hash = [](uint32_t address, uint16_t port, Protocol protocol) {
    const auto end = lb_test::end_of(address, port);
    return V4::hash(lb_test::kKey, end.address, end.port, protocol);
  };
  const uint64_t base = hash(0x0a000001, 1000, Protocol::kTcp);
  CHECK(base == hash(0x0a000001, 1000, Protocol::kTcp));
  CHECK(base != hash(0x0a000002, 1000, Protocol::kTcp));
  CHECK(base != hash(0x0a000001, 1001, Protocol::kTcp));
  CHECK(base != hash(0x0a000001, 1000, Protocol::kUdp));
}

TEST_CASE("one bit of input changes about half of the output, averaged over random keys") {
  Random random(3);
  uint64_t changed = 0;
  uint64_t trials = 0;
  for (int i = 0; i < 200; ++i) {
    const HashKey key{random.next(), random.next()};
    const uint64_t word = random.next();
    for (int bit = 0; bit < 64; ++bit) {
      changed += std::popcount(lb::mix(key, word) ^ lb::mix(key, word ^ uint64_t{1} << bit));
      ++trials;
    }
  }
  const double average = static_cast<double>(changed) / static_cast<double>(trials);
  CHECK(average > 31);
  CHECK(average < 33);
}
