// The connection table: siblings, overflow and directions, case by case. Random use:
// connection_table_model_test.cc.
#include "lb/connection_table.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <vector>

#include "test/lb/support.h"

using lb::Direction;
using lb::EntryIndex;
using lb::kNoEntry;
using lb::Protocol;
using lb_test::end_of;
using Table = lb::ConnectionTable<lb::V4>;
using End = lb::End<lb::V4>;

namespace {

const End kServer = end_of(0x0a02000b, 8080);

End service(uint32_t number) { return end_of(0x0a010064, static_cast<uint16_t>(80 + number)); }
End client(uint32_t number) { return end_of(0x0a01000a, static_cast<uint16_t>(40000 + number)); }

// A table with so many buckets, and entries that are numbered by the test.
struct Fixture {
  explicit Fixture(uint32_t capacity = 1)
      : pool(512), memory(Table::bytes_for(capacity)), table(*pool, memory.span(), lb_test::kKey) {}

  void insert(EntryIndex index, const End& outside, const End& virtual_end,
              const End& inside = kServer, Protocol protocol = Protocol::kTcp,
              bool replies_seen = true) {
    auto& entry = (*pool)[index];
    entry.outside = outside;
    entry.virtual_end = virtual_end;
    entry.inside = inside;
    entry.protocol = protocol;
    entry.replies_seen = replies_seen;
    table.insert(index);
  }
  EntryIndex inbound(const End& outside, const End& other, Protocol protocol = Protocol::kTcp) {
    return table.find(table.hash(outside, protocol), Direction::kInbound, outside, other, protocol);
  }
  EntryIndex outbound(const End& outside, const End& other, Protocol protocol = Protocol::kTcp) {
    return table.find(table.hash(outside, protocol), Direction::kOutbound, outside, other,
                      protocol);
  }
  EntryIndex candidate_of(const End& outside) {
    EntryIndex candidate = 0;
    CHECK(table.find_candidate(table.hash(outside, Protocol::kTcp), candidate));
    return candidate;
  }
  // Everything in the table, each as often as it is visited.
  std::multiset<EntryIndex> visited() {
    std::multiset<EntryIndex> result;
    for (uint64_t bucket = 0; bucket < table.buckets(); ++bucket) {
      table.visit_bucket(bucket, [&](const auto& entry) {
        result.insert(static_cast<EntryIndex>(&entry - &(*pool)[0]));
      });
    }
    return result;
  }

  lb_test::Pool pool;
  lb_test::Memory memory;
  Table table;
};

}  // namespace

TEST_CASE("memory for a capacity is a power of two of buckets, at most six connections to each") {
  for (const uint32_t capacity : {1u, 6u, 7u, 12u, 13u, 1000u, 1048576u}) {
    const size_t buckets = Table::bytes_for(capacity) / 64;
    CAPTURE(capacity);
    CHECK((buckets & (buckets - 1)) == 0);
    CHECK(buckets * 6 >= capacity);
    CHECK((buckets == 1 || buckets / 2 * 6 < capacity));
  }
}

TEST_CASE("memory that was used before makes an empty table") {
  lb_test::Pool pool(1);
  lb_test::Memory memory(Table::bytes_for(100));
  std::fill(memory.span().begin(), memory.span().end(), std::byte{0x5a});
  Table table(*pool, memory.span(), lb_test::kKey);
  CHECK(table.size() == 0);
  CHECK(table.find_first(table.hash(client(0), Protocol::kTcp), client(0), Protocol::kTcp) ==
        kNoEntry);
  for (uint64_t i = 0; i < table.buckets(); ++i) {
    table.visit_bucket(i, [](const auto&) { FAIL("an entry in an empty table"); });
  }
}

TEST_CASE_METHOD(Fixture,
                 "one entry is found by what comes from outside and by the reply from inside") {
  insert(3, client(0), service(0));
  CHECK(inbound(client(0), service(0)) == 3);
  CHECK(outbound(client(0), kServer) == 3);
  CHECK(inbound(client(0), kServer) == kNoEntry);
  CHECK(outbound(client(0), service(0)) == kNoEntry);
  CHECK(inbound(client(1), service(0)) == kNoEntry);
  CHECK(inbound(client(0), service(1)) == kNoEntry);
}

TEST_CASE_METHOD(Fixture, "an entry whose replies bypass the director is not found from inside") {
  insert(3, client(0), service(0), kServer, Protocol::kTcp, false);
  CHECK(inbound(client(0), service(0)) == 3);
  CHECK(outbound(client(0), kServer) == kNoEntry);
}

TEST_CASE_METHOD(Fixture, "TCP and UDP of the same ends are two connections") {
  insert(1, client(0), service(0), kServer, Protocol::kTcp);
  insert(2, client(0), service(0), kServer, Protocol::kUdp);
  CHECK(inbound(client(0), service(0), Protocol::kTcp) == 1);
  CHECK(inbound(client(0), service(0), Protocol::kUdp) == 2);
  table.remove(1);
  CHECK(inbound(client(0), service(0), Protocol::kTcp) == kNoEntry);
  CHECK(outbound(client(0), kServer, Protocol::kUdp) == 2);
}

TEST_CASE_METHOD(Fixture, "one client port open to many services is found for each of them") {
  for (uint32_t i = 0; i < 100; ++i) insert(i, client(0), service(i), end_of(0x0a020000 + i, 80));
  CHECK(table.size() == 100);
  for (uint32_t i = 0; i < 100; ++i) {
    CHECK(inbound(client(0), service(i)) == i);
    CHECK(outbound(client(0), end_of(0x0a020000 + i, 80)) == i);
  }
  CHECK(visited().size() == 100);
}

TEST_CASE_METHOD(Fixture,
                 "one client port open to many services takes one slot and keeps others' whole") {
  for (uint32_t i = 0; i < 100; ++i) insert(i, client(0), service(i));
  for (uint32_t i = 1; i < 8; ++i) insert(200 + i, client(i), service(0));
  // All eight slots of the only bucket are in use now and none overflowed: each candidate is exact.
  for (uint32_t i = 1; i < 8; ++i) {
    CHECK(candidate_of(client(i)) == 200 + i);
  }
}

TEST_CASE_METHOD(Fixture, "where nothing is there is no candidate") {
  EntryIndex candidate = 0;
  CHECK_FALSE(table.find_candidate(table.hash(client(0), Protocol::kTcp), candidate));
  CHECK(candidate == lb::kNoEntry);
}

TEST_CASE_METHOD(Fixture, "siblings may be removed in every order") {
  std::vector<EntryIndex> order = {0, 1, 2, 3};
  do {
    for (EntryIndex i = 0; i < 4; ++i) insert(i, client(0), service(i), end_of(0x0a020000 + i, 80));
    std::multiset<EntryIndex> left = {0, 1, 2, 3};
    for (const EntryIndex gone : order) {
      table.remove(gone);
      left.erase(gone);
      REQUIRE(visited() == left);
      for (EntryIndex i = 0; i < 4; ++i) {
        REQUIRE(inbound(client(0), service(i)) == (left.count(i) != 0 ? i : kNoEntry));
      }
    }
    REQUIRE(table.size() == 0);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE_METHOD(Fixture, "a bucket takes more than eight clients and finds them all") {
  REQUIRE(table.buckets() == 1);
  for (uint32_t i = 0; i < 300; ++i) insert(i, client(i), service(0));
  CHECK(table.size() == 300);
  for (uint32_t i = 0; i < 300; ++i) CHECK(inbound(client(i), service(0)) == i);
  CHECK(inbound(client(300), service(0)) == kNoEntry);
  CHECK(visited().size() == 300);
}

TEST_CASE_METHOD(Fixture, "entries of an overflown bucket may be removed first, middle and last") {
  // Clients 0 to 7 have slots; 11, 10, 9, 8 hang on in this order.
  for (const EntryIndex gone : {11u, 9u, 8u, 0u, 7u}) {
    for (uint32_t i = 0; i < 12; ++i) insert(i, client(i), service(0));
    table.remove(gone);
    CAPTURE(gone);
    for (uint32_t i = 0; i < 12; ++i) {
      CHECK(inbound(client(i), service(0)) == (i == gone ? kNoEntry : i));
    }
    CHECK(visited().size() == 11);
    for (uint32_t i = 0; i < 12; ++i) {
      if (i != gone) table.remove(i);
    }
    CHECK(visited().empty());
  }
}

TEST_CASE_METHOD(Fixture,
                 "the first sibling of an overflown entry may go and the others stay in place") {
  for (uint32_t i = 0; i < 11; ++i) insert(i, client(i), service(0));
  // Client 9 hangs in the middle of the chain 10, 9, 8.
  for (uint32_t i = 1; i < 4; ++i)
    insert(100 + i, client(9), service(i), end_of(0x0a020000 + i, 80));
  table.remove(9);
  CHECK(inbound(client(9), service(0)) == kNoEntry);
  for (uint32_t i = 1; i < 4; ++i) CHECK(inbound(client(9), service(i)) == 100 + i);
  CHECK(inbound(client(8), service(0)) == 8);
  CHECK(inbound(client(10), service(0)) == 10);
  for (uint32_t i = 1; i < 4; ++i) table.remove(100 + i);
  CHECK(inbound(client(8), service(0)) == 8);
  CHECK(visited().size() == 10);
}

TEST_CASE_METHOD(Fixture,
                 "a slot that comes free is taken over by an overflown entry with its siblings") {
  for (uint32_t i = 0; i < 10; ++i) insert(i, client(i), service(0));
  insert(100, client(8), service(1));
  table.remove(3);
  table.remove(5);
  // Both have slots now and no chain is left: their candidates are exact.
  for (const uint32_t i : {8u, 9u}) {
    CHECK(candidate_of(client(i)) == i);
    CHECK(inbound(client(i), service(0)) == i);
  }
  CHECK(inbound(client(8), service(1)) == 100);
  for (const uint32_t i : {0u, 1u, 2u, 4u, 6u, 7u, 9u}) table.remove(i);
  CHECK(visited() == std::multiset<EntryIndex>{8, 100});
}

TEST_CASE_METHOD(Fixture, "the first of an outside end leads to all its connections") {
  for (EntryIndex i = 0; i < 5; ++i) insert(i, client(0), service(i));
  insert(9, client(1), service(0));
  std::multiset<EntryIndex> chain;
  const uint64_t hash = table.hash(client(0), Protocol::kTcp);
  for (EntryIndex i = table.find_first(hash, client(0), Protocol::kTcp); i != kNoEntry;
       i = (*pool)[i].sibling_next) {
    chain.insert(i);
  }
  CHECK(chain == std::multiset<EntryIndex>{0, 1, 2, 3, 4});
}
