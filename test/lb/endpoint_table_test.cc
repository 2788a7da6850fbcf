// (address, port, protocol) to a number, against a sorted map.
#include "lb/endpoint_table.h"

#include <catch2/catch.hpp>
#include <map>
#include <tuple>
#include <vector>

#include "test/lb/support.h"

using lb::Protocol;
using lb_test::end_of;
using lb_test::Random;
using Table = lb::EndpointTable<lb::V4>;

TEST_CASE("an empty table finds nothing") {
  CHECK_FALSE(Table().find(end_of(0, 0), Protocol::kTcp));
  CHECK_FALSE(Table({}, lb_test::kKey).find(end_of(0x0a000001, 80), Protocol::kUdp));
}

TEST_CASE("a service is found by its address, port and protocol together") {
  const Table table({{end_of(0x0a000001, 80), Protocol::kTcp, 7}}, lb_test::kKey);
  CHECK(table.find(end_of(0x0a000001, 80), Protocol::kTcp) == 7u);
  CHECK_FALSE(table.find(end_of(0x0a000001, 80), Protocol::kUdp));
  CHECK_FALSE(table.find(end_of(0x0a000001, 81), Protocol::kTcp));
  CHECK_FALSE(table.find(end_of(0x0a000002, 80), Protocol::kTcp));
}

TEST_CASE("an endpoint of zeroes is an item as any other, not a free slot") {
  const Table table({{end_of(0, 0), Protocol::kTcp, 0}, {end_of(0, 0), Protocol::kUdp, 1}},
                    lb_test::kKey);
  CHECK(table.find(end_of(0, 0), Protocol::kTcp) == 0u);
  CHECK(table.find(end_of(0, 0), Protocol::kUdp) == 1u);
}

TEST_CASE("port 0 stands for every port that no other item has") {
  const Table table({{end_of(0x0a000001, 0), Protocol::kTcp, 1},
                     {end_of(0x0a000001, 80), Protocol::kTcp, 2},
                     {end_of(0x0a000002, 80), Protocol::kTcp, 3}},
                    lb_test::kKey);
  CHECK(table.find(end_of(0x0a000001, 80), Protocol::kTcp) == 2u);
  CHECK(table.find(end_of(0x0a000001, 81), Protocol::kTcp) == 1u);
  CHECK(table.find(end_of(0x0a000001, 0), Protocol::kTcp) == 1u);
  CHECK_FALSE(table.find(end_of(0x0a000001, 81), Protocol::kUdp));
  CHECK_FALSE(table.find(end_of(0x0a000002, 81), Protocol::kTcp));
}

TEST_CASE("a table of random items behaves as a map, under any key") {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const auto random_key = [&] {
      return std::tuple(0x0a000000 + random.below(20), static_cast<uint16_t>(random.below(50)),
                        random.one_in(2) ? Protocol::kTcp : Protocol::kUdp);
    };
    std::map<std::tuple<uint32_t, uint16_t, Protocol>, uint32_t> model;
    for (uint32_t i = random.below(1500); i > 0; --i) model.try_emplace(random_key(), i);
    std::vector<Table::Item> items;
    for (const auto& [key, value] : model) {
      const auto& [address, port, protocol] = key;
      items.push_back({end_of(address, port), protocol, value});
    }
    // Every fourth key makes all items collide in one place.
    const lb::HashKey key =
        seed % 4 == 0 ? lb::HashKey{0, 0} : lb::HashKey{random.next(), random.next()};
    const Table table(items, key);
    for (uint32_t address = 0x0a000000; address < 0x0a000015; ++address) {
      for (uint16_t port = 0; port < 51; ++port) {
        for (const Protocol protocol : {Protocol::kTcp, Protocol::kUdp}) {
          auto expected = model.find({address, port, protocol});
          if (expected == model.end()) expected = model.find({address, 0, protocol});
          const auto found = table.find(end_of(address, port), protocol);
          REQUIRE(found.has_value() == (expected != model.end()));
          if (found) REQUIRE(*found == expected->second);
        }
      }
    }
  }
}
