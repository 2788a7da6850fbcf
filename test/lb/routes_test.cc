// Prefixes, and routes chosen by the longest of them.
#include "lb/routes.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "test/lb/support.h"

using lb::IpAddress;
using lb::Ipv4Address;
using lb::Prefix;
using lb::V4;

namespace {

IpAddress ip(const char* text) { return *IpAddress::parse(text); }
Ipv4Address v4(uint32_t bits) { return {lb::Be32(bits)}; }

lb::Route<V4> route(const char* destination, uint32_t interface, const char* gateway = "0.0.0.0") {
  return {*Prefix::parse(destination), interface, ip(gateway).ipv4()};
}

// The interface of the route, or -1.
int interface_to(const lb::RouteTable<V4>& table, const char* destination) {
  const auto* found = table.find(ip(destination).ipv4());
  return found != nullptr ? static_cast<int>(found->interface) : -1;
}

}  // namespace

TEST_CASE("a prefix keeps its host bits until it is asked for its network") {
  struct Row {
    const char* text;
    const char* network;
  };
  const Row row = GENERATE(values<Row>({
      {"10.1.2.3/0", "0.0.0.0/0"},
      {"10.1.2.3/1", "0.0.0.0/1"},
      {"200.1.2.3/1", "128.0.0.0/1"},
      {"10.255.255.255/8", "10.0.0.0/8"},
      {"10.255.255.255/9", "10.128.0.0/9"},
      {"10.255.255.255/23", "10.255.254.0/23"},
      {"10.255.255.255/31", "10.255.255.254/31"},
      {"10.255.255.255/32", "10.255.255.255/32"},
      {"2001:db8:ffff::1/0", "::/0"},
      {"2001:db8:ffff::1/33", "2001:db8:8000::/33"},
      {"2001:db8:ffff::1/127", "2001:db8:ffff::/127"},
      {"2001:db8:ffff::1/128", "2001:db8:ffff::1/128"},
  }));
  const auto prefix = Prefix::parse(row.text);
  REQUIRE(prefix);
  CHECK(prefix->to_string() == row.text);
  CHECK(prefix->network().to_string() == row.network);
  CHECK(prefix->network().is_network());
  CHECK(prefix->is_network() == (std::string(row.text) == row.network));
  CHECK(prefix->contains(prefix->address));
  CHECK(prefix->contains(prefix->network().address));
}

TEST_CASE("a prefix without a length, or with an impossible one, is refused") {
  const char* text =
      GENERATE("", "/", "10.0.0.0", "10.0.0.0/", "/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8",
               "10.0.0.0/08", "10.0.0.0/00", "10.0.0.0/ 8", "10.0.0.0/8 ", "10.0.0.0/8/8",
               "10.0.0.0/255.0.0.0", "10.0.0/8", "::/129", "::", "[::]/64", "10.0.0.0/4294967304");
  CAPTURE(text);
  CHECK_FALSE(Prefix::parse(text));
}

TEST_CASE("a prefix holds its first and last address, not their neighbours outside") {
  const Prefix prefix = *Prefix::parse("10.1.0.77/22");
  CHECK(prefix.contains(ip("10.1.0.0")));
  CHECK(prefix.contains(ip("10.1.3.255")));
  CHECK_FALSE(prefix.contains(ip("10.0.255.255")));
  CHECK_FALSE(prefix.contains(ip("10.1.4.0")));
  const Prefix wide = *Prefix::parse("2001:db8::/35");
  CHECK(wide.contains(ip("2001:db8:1fff:ffff:ffff:ffff:ffff:ffff")));
  CHECK_FALSE(wide.contains(ip("2001:db8:2000::")));
}

TEST_CASE("a prefix holds nothing of the other family") {
  CHECK_FALSE(Prefix::parse("0.0.0.0/0")->contains(ip("::")));
  CHECK_FALSE(Prefix::parse("::/0")->contains(ip("10.0.0.1")));
}

TEST_CASE("holding an address is the same as comparing the first bits, for random prefixes") {
  lb_test::Random random(11);
  for (int i = 0; i < 20000; ++i) {
    const auto length = static_cast<uint8_t>(random.below(33));
    const auto base = static_cast<uint32_t>(random.next());
    // Far, or off by one low bit somewhere.
    const uint32_t other =
        random.one_in(4) ? static_cast<uint32_t>(random.next()) : base ^ 1u << random.below(32);
    const uint32_t mask = length == 0 ? 0 : ~uint32_t{0} << (32 - length);
    const Prefix prefix{IpAddress(v4(base)), length};
    REQUIRE(prefix.contains(IpAddress(v4(other))) == ((base & mask) == (other & mask)));
    REQUIRE(prefix.network() == Prefix{IpAddress(v4(base & mask)), length});
  }
}

TEST_CASE("the longest prefix wins, whatever the order of the file") {
  std::vector<lb::Route<V4>> routes = {route("0.0.0.0/0", 0, "192.168.22.1"),
                                       route("10.0.0.0/8", 1), route("10.1.0.0/16", 2),
                                       route("10.1.2.3/32", 3)};
  std::sort(routes.begin(), routes.end(),
            [](const auto& a, const auto& b) { return a.interface < b.interface; });
  do {
    const lb::RouteTable<V4> table(routes);
    REQUIRE(interface_to(table, "10.1.2.3") == 3);
    REQUIRE(interface_to(table, "10.1.2.4") == 2);
    REQUIRE(interface_to(table, "10.2.0.1") == 1);
    REQUIRE(interface_to(table, "11.0.0.1") == 0);
  } while (std::next_permutation(routes.begin(), routes.end(), [](const auto& a, const auto& b) {
    return a.interface < b.interface;
  }));
}

TEST_CASE("of equal prefixes the first in the file is taken") {
  const lb::RouteTable<V4> table({route("10.0.0.0/8", 5), route("10.0.0.0/8", 6)});
  CHECK(interface_to(table, "10.9.9.9") == 5);
}

TEST_CASE("a destination that no route holds has none") {
  CHECK(interface_to(lb::RouteTable<V4>(), "10.0.0.1") == -1);
  CHECK(interface_to(lb::RouteTable<V4>({route("10.0.0.0/8", 1)}), "11.0.0.1") == -1);
}

TEST_CASE("a route over a gateway leads there, one on the link to the destination itself") {
  const Ipv4Address destination = ip("10.9.9.9").ipv4();
  CHECK(next_hop(route("10.0.0.0/8", 1, "192.168.11.1"), destination) == ip("192.168.11.1").ipv4());
  CHECK(next_hop(route("10.0.0.0/8", 1), destination) == destination);
}

TEST_CASE("the route found is the longest of those that hold the destination, for random tables") {
  lb_test::Random random(12);
  for (int round = 0; round < 200; ++round) {
    std::vector<lb::Route<V4>> routes;
    for (uint32_t i = 0; i < 1 + random.below(20); ++i) {
      const Prefix prefix{IpAddress(v4(random.below(1 << 12) << 20)),
                          static_cast<uint8_t>(random.below(13))};
      routes.push_back({prefix.network(), i, {}});
    }
    const lb::RouteTable<V4> table(routes);
    for (int i = 0; i < 100; ++i) {
      const Ipv4Address destination = v4(random.below(1 << 12) << 20);
      const lb::Route<V4>* expected = nullptr;
      for (const auto& candidate : routes) {
        if (!candidate.destination.contains(IpAddress(destination))) continue;
        if (expected == nullptr || candidate.destination.length > expected->destination.length) {
          expected = &candidate;
        }
      }
      const auto* found = table.find(destination);
      REQUIRE((found == nullptr) == (expected == nullptr));
      if (found != nullptr) REQUIRE(found->interface == expected->interface);
    }
  }
}
