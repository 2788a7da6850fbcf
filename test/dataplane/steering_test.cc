// Which device is asked for what, and whether devices that do as asked bring both directions of a
// connection to the worker that the owner function names. The devices know the owner function only
// by its key.
#include "dataplane/steering.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <random>

#include "test/dataplane/support/fake_steering.h"

using dataplane::agree_on_steering;
using dataplane::Agreement;
using dataplane::OutsideDestination;
using dataplane::OwnerFunction;
using dataplane::SteeredPort;
using dataplane::SteeringKind;
using namespace steering_test;

namespace {

constexpr uint32_t kSteeredVip = 0x0a010064;
constexpr uint32_t kMasquerade = 0x0a010001;

std::vector<OutsideDestination> destinations() {
  return {{{lb::Be32(kSteeredVip)}, Protocol::kTcp, lb::Be16(80)},
          {{lb::Be32(kSteeredVip)}, Protocol::kUdp, lb::Be16(53)},
          {{lb::Be32(kMasquerade)}, Protocol::kTcp, std::nullopt},
          {{lb::Be32(kMasquerade)}, Protocol::kUdp, std::nullopt}};
}

// Two ports, clients behind the first and servers behind the second unless a test says more.
struct Pair {
  FakeDevice wan{};
  FakeDevice lan{};
  bool one_armed = false;

  Agreement agree(uint16_t workers) {
    const std::vector<SteeredPort> ports{{"wan0", &wan, true, one_armed},
                                         {"lan0", &lan, one_armed, true}};
    return agree_on_steering(workers, ports, destinations());
  }
};

Lines kinds(const Agreement& agreement) {
  Lines result;
  for (const auto& port : agreement.ports) result.emplace_back(to_string(port.kind));
  return result;
}

Lines reasons(const Agreement& agreement) {
  Lines result;
  for (const auto& port : agreement.ports) result.push_back(port.why_ring);
  return result;
}

// A connection as the two ports see it, and the end that owns it.
struct Flow {
  Packet from_outside;
  Packet from_inside;
  End outside;
};

class Flows {
 public:
  Flow next() {
    const Protocol protocol = word() % 2 == 0 ? Protocol::kTcp : Protocol::kUdp;
    const End outside = random_end();
    const End server = end(0x0a020000 | (word() & 0xff), static_cast<uint16_t>(word()));
    const bool service = word() % 2 == 0;
    const uint16_t vport = protocol == Protocol::kTcp ? 80 : 53;
    const End director =
        service ? end(kSteeredVip, vport) : end(kMasquerade, 1024 + (word() & 0x3fff));
    return {{protocol, outside, director}, {protocol, server, outside}, outside};
  }
  End random_end() { return end(word(), static_cast<uint16_t>(word())); }
  uint32_t word() { return random_(); }

 private:
  std::mt19937 random_{1};
};

bool fair(const std::vector<int>& shares, int total, double tolerance) {
  const double mean = static_cast<double>(total) / static_cast<double>(shares.size());
  return std::all_of(shares.begin(), shares.end(), [&](int share) {
    return share > mean * (1 - tolerance) && share < mean * (1 + tolerance);
  });
}

// Both directions of random flows come to the owner's queue, and no worker is left out.
void check_delivery(const Pair& pair, const Agreement& agreement) {
  constexpr int kFlows = 4000;
  Flows flows;
  std::vector<int> shares(agreement.owner.workers());
  int astray = 0;
  for (int i = 0; i < kFlows; ++i) {
    const Flow flow = flows.next();
    const uint16_t owner = agreement.owner(flow.outside, flows.word());
    if (pair.wan.queue_of(flow.from_outside) != owner) ++astray;
    if (pair.lan.queue_of(flow.from_inside) != owner) ++astray;
    ++shares[owner];
  }
  CHECK(astray == 0);
  CHECK(fair(shares, kFlows, 0.2));
}

}  // namespace

TEST_CASE("the devices of these tests hash as Microsoft's vectors say", "[steering]") {
  const Key key{0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
                0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
                0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};
  CHECK(toeplitz(key, {66, 9, 149, 187, 161, 142, 100, 80, 0x0a, 0xea, 0x06, 0xe6}) == 0x51ccc178);
  CHECK(toeplitz(key, {66, 9, 149, 187, 161, 142, 100, 80}) == 0x323e8fc2);
}

TEST_CASE("one worker needs no steering, and no device is asked", "[steering]") {
  Pair pair;
  pair.wan.queues = 1;
  pair.wan.entries = 0;
  const Agreement agreement = pair.agree(1);
  CHECK(kinds(agreement) == Lines{"none", "none"});
  CHECK(reasons(agreement) == Lines{"", ""});
  CHECK(agreement.owner(end(0x0a010203, 1234), ~uint64_t{0}) == 0);
  CHECK(pair.wan.asked.empty());
  CHECK(pair.lan.asked.empty());
}

TEST_CASE("rules are asked for first, and bring both directions to the owner", "[steering]") {
  const auto workers = GENERATE(as<uint16_t>{}, 2, 3, 8);
  const auto layout = GENERATE(Layout::kCompacted, Layout::kInPlace);
  Pair pair;
  pair.one_armed = GENERATE(false, true);
  pair.wan.layout = layout;
  pair.lan.lists = GENERATE(Lists::kAsTheyAre, Lists::kRepeated);
  pair.lan.entries = 512;
  const Agreement agreement = pair.agree(workers);
  CHECK(kinds(agreement) == Lines{"rte_flow", "rte_flow"});
  CHECK(pair.wan.asked == Lines{"rules"});
  CHECK(pair.lan.asked == Lines{"rules"});
  check_delivery(pair, agreement);
}

TEST_CASE("ports of one direction each are steered by RSS, whatever their tables' sizes",
          "[steering]") {
  const auto workers = GENERATE(as<uint16_t>{}, 2, 3, 8);
  const auto layout = GENERATE(Layout::kCompacted, Layout::kInPlace);
  Pair pair;
  pair.wan.flow = pair.lan.flow = false;
  pair.wan.layout = pair.lan.layout = layout;
  pair.wan.entries = GENERATE(as<uint16_t>{}, 64, 128, 512);
  pair.lan.entries = GENERATE(as<uint16_t>{}, 64, 128, 512);
  const Agreement agreement = pair.agree(workers);
  CHECK(kinds(agreement) == Lines{"rss", "rss"});
  CHECK(reasons(agreement) == Lines{"", ""});
  CHECK(agreement.spread.table_size == std::min(pair.wan.entries, pair.lan.entries));
  CHECK(pair.wan.asked == Lines{"rules", "source"});
  CHECK(pair.lan.asked == Lines{"rules", "destination"});
  check_delivery(pair, agreement);
}

TEST_CASE("a port with rules and one with RSS agree", "[steering]") {
  const auto workers = GENERATE(as<uint16_t>{}, 2, 3, 8);
  Pair pair;
  const bool rules_outside = GENERATE(false, true);
  (rules_outside ? pair.lan : pair.wan).flow = false;
  pair.wan.entries = 512;
  pair.lan.layout = Layout::kCompacted;
  const Agreement agreement = pair.agree(workers);
  CHECK(kinds(agreement) == (rules_outside ? Lines{"rte_flow", "rss"} : Lines{"rss", "rte_flow"}));
  check_delivery(pair, agreement);
}

TEST_CASE("a port that leads neither to clients nor to servers hashes on the source",
          "[steering]") {
  FakeDevice idle;
  idle.flow = false;
  const std::vector<SteeredPort> ports{{"idle0", &idle, false, false}};
  CHECK(kinds(agree_on_steering(2, ports, destinations())) == Lines{"rss"});
  CHECK(idle.asked == Lines{"rules", "source"});
}

TEST_CASE("RSS does not serve a port that carries both directions", "[steering]") {
  Pair pair;
  pair.one_armed = true;
  pair.wan.flow = false;
  const Agreement agreement = pair.agree(2);
  CHECK(reasons(agreement) == Lines{"wan0: rte_flow: no rules; rss: hashes on one end, and clients "
                                    "and servers are both behind it",
                                    "lan0: not steered, since wan0 cannot be"});
  CHECK(pair.wan.asked == Lines{"rules"});
}

TEST_CASE("a port that cannot be steered is named, and no device is asked", "[steering]") {
  Pair pair;
  FakeDevice& unfit = GENERATE(false, true) ? pair.wan : pair.lan;
  const bool first = &unfit == &pair.wan;
  uint16_t workers = 2;
  std::string why;
  SECTION("one queue") {
    unfit.queues = 1;
    why = "has 1 receive queue for 2 workers";
  }
  SECTION("too few queues") {
    workers = 9;
    pair.wan.queues = pair.lan.queues = 9;
    unfit.queues = 4;
    why = "has 4 receive queues for 9 workers";
  }
  SECTION("no table") {
    unfit.entries = 0;
    why = "has no redirection table";
  }
  SECTION("an odd table") {
    unfit.entries = 100;
    why = "has a redirection table of 100 entries, which is no power of two";
  }
  SECTION("a table smaller than the number of workers") {
    workers = 8;
    unfit.entries = 4;
    why = "has a redirection table of 4 entries for 8 workers";
  }
  const Agreement agreement = pair.agree(workers);
  CHECK(kinds(agreement) == Lines{"ring", "ring"});
  CHECK(reasons(agreement)[first ? 0 : 1] == (first ? "wan0: " : "lan0: ") + why);
  CHECK(reasons(agreement)[first ? 1 : 0] == (first ? "lan0: not steered, since wan0 cannot be"
                                                    : "wan0: not steered, since lan0 cannot be"));
  CHECK(agreement.spread.table_size == 0);
  CHECK(pair.wan.asked.empty());
  CHECK(pair.lan.asked.empty());
}

TEST_CASE("every port that cannot be steered says why itself", "[steering]") {
  Pair pair;
  pair.wan.queues = pair.lan.queues = 1;
  CHECK(reasons(pair.agree(2)) == Lines{"wan0: has 1 receive queue for 2 workers",
                                        "lan0: has 1 receive queue for 2 workers"});
}

TEST_CASE("when one port refuses, those before it are released, those after it not asked",
          "[steering]") {
  const size_t refusing = GENERATE(0, 1, 2);
  const bool by_rules = GENERATE(false, true);  // what the others agree to
  std::array<FakeDevice, 3> devices;
  for (FakeDevice& device : devices) device.flow = by_rules;
  devices[refusing].flow = devices[refusing].rss = false;
  const std::vector<SteeredPort> ports{{"p0", &devices[0], true, false},
                                       {"p1", &devices[1], false, true},
                                       {"p2", &devices[2], true, false}};
  const Agreement agreement = agree_on_steering(3, ports, destinations());

  CHECK(kinds(agreement) == Lines{"ring", "ring", "ring"});
  for (size_t i = 0; i < devices.size(); ++i) {
    const std::string name(ports[i].name);
    CHECK_FALSE(devices[i].steers());
    if (i < refusing) CHECK(devices[i].asked.back() == "release");
    if (i > refusing) CHECK(devices[i].asked.empty());
    CHECK(reasons(agreement)[i] ==
          name + (i == refusing ? ": rte_flow: no rules; rss: no such hash"
                                : ": not steered, since " + std::string(ports[refusing].name) +
                                      " cannot be"));
  }
  // The keyed function: by the hash, not by the end.
  CHECK(agreement.owner(end(1, 1), 0) == 0);
  CHECK(agreement.owner(end(1, 1), 0xffffff000000) == 2);
}

TEST_CASE("a port that does not let go says so", "[steering]") {
  Pair pair;
  pair.lan.flow = pair.lan.rss = false;
  pair.wan.releases = false;
  CHECK(reasons(pair.agree(2)) ==
        Lines{"wan0: not steered, since lan0 cannot be; what it was asked stays: stuck",
              "lan0: rte_flow: no rules; rss: no such hash"});
}

TEST_CASE("rules: one per destination by source, the rest by destination", "[steering]") {
  const auto rules = dataplane::steering_rules(destinations());
  const lb::Ipv4Address vip{lb::Be32(kSteeredVip)};
  const lb::Ipv4Address masquerade{lb::Be32(kMasquerade)};
  CHECK(rules == std::vector<SteeringRule>{
                     {Protocol::kTcp, masquerade, std::nullopt, PacketEnd::kSource, 0},
                     {Protocol::kUdp, masquerade, std::nullopt, PacketEnd::kSource, 0},
                     {Protocol::kTcp, vip, lb::Be16(80), PacketEnd::kSource, 0},
                     {Protocol::kUdp, vip, lb::Be16(53), PacketEnd::kSource, 0},
                     {Protocol::kTcp, std::nullopt, std::nullopt, PacketEnd::kDestination, 1},
                     {Protocol::kUdp, std::nullopt, std::nullopt, PacketEnd::kDestination, 1}});
}

TEST_CASE("rules do not overlap where a service and a masquerade share an address", "[steering]") {
  std::vector<OutsideDestination> all = destinations();
  const size_t distinct = all.size();
  all.push_back({{lb::Be32(kMasquerade)}, Protocol::kTcp, lb::Be16(443)});
  all.push_back(all[0]);
  all.push_back(all[2]);
  CHECK(dataplane::steering_rules(all).size() == distinct + 2);
}

TEST_CASE("a device that lies costs hand-overs and nothing else", "[steering]") {
  Pair pair;
  const Agreement agreement = pair.agree(3);
  CHECK(kinds(agreement) == Lines{"rte_flow", "rte_flow"});
  Flows flows;
  int kept = 0;
  int handed_over = 0;
  for (int i = 0; i < 1000; ++i) {
    const Flow flow = flows.next();
    // Each direction arrives at any worker, which hands it to the owner of its own outside end.
    const auto arrive = [&](const End& outside) {
      const uint32_t at = flows.word() % 3;
      const uint16_t owner = agreement.owner(outside, flows.word());
      ++(at == owner ? kept : handed_over);
      return owner;
    };
    CHECK(arrive(flow.from_outside.source) == arrive(flow.from_inside.destination));
  }
  CHECK(kept > 0);
  CHECK(handed_over > kept);
}

TEST_CASE("the keyed owner function is one for both directions and spreads evenly", "[steering]") {
  const auto workers = GENERATE(as<uint16_t>{}, 2, 3, 8);
  constexpr int kFlows = 40000;
  const OwnerFunction owner = OwnerFunction::keyed(workers);
  const lb::HashKey key{0x9ae16a3b2f90404f, 0xc949d7c7509e6557};
  const auto hash = [&](const End& outside, Protocol protocol) {
    return lb::V4::hash(key, outside.address, outside.port, protocol);
  };
  Flows flows;
  std::vector<int> shares(workers);
  for (int i = 0; i < kFlows; ++i) {
    const Flow flow = flows.next();
    const Packet& in = flow.from_outside;
    const Packet& out = flow.from_inside;
    const uint16_t number = owner(in.source, hash(in.source, in.protocol));
    REQUIRE(number < workers);
    REQUIRE(number == owner(out.destination, hash(out.destination, out.protocol)));
    ++shares[number];
  }
  CHECK(fair(shares, kFlows, 0.05));
}
