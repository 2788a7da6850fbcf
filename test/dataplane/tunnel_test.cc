// Tunnel: the packet inside another one from the director (recorded vectors tun-*).
#include "dataplane/tunnel.h"

#include <set>
#include <thread>

#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

namespace {

std::vector<ServiceSetup> tunnelled(std::string protocol = "tcp") {
  return one_service(std::move(protocol), "tunnel");
}

// A router behind the lan that says what it could not do with the outer packet of `frame`.
// `forged`: about one that another host than the director has sent.
Frame about_outer(const Frame& frame, uint8_t type, uint8_t code, uint32_t rest, size_t quoted,
                  bool forged = false) {
  Lab other(tunnelled("udp"));
  other.io().put(other.link_number("wan"), frame.build(other.mac_of_link("wan")));
  other.turn_quietly();
  Bytes outer = other.io().take_sent().at(0).bytes;
  outer.erase(outer.begin(), outer.begin() + 14);
  outer.resize(std::min(outer.size(), quoted));
  if (forged) outer[15] = 99;  // the source's last byte
  return icmp("10.2.0.12", "10.2.0.1", type, code, rest).data(outer);
}

}  // namespace

TEST_CASE("a packet goes to the tunnel's end with TTL, TOS and DF outside as they are inside") {
  Lab lab(tunnelled());
  CHECK(lab.from_client(syn().ttl(33).tos(0x28).id(0xbeef)) ==
        Lines{"proto=4 10.2.0.1>10.2.0.11 ttl=32 id=0x0000 tos=0x28 DF len=60 carrying{TCP "
              "10.1.0.10:40000>10.1.0.100:80 ttl=32 id=0xbeef tos=0x28 DF [S] seq=1000 len=40 "
              "csum=ok} via lan to 10.2.0.11"});
  CHECK(lab.connections() ==
        Lines{"TCP 01:00 SYN_RECV 10.1.0.10:40000 10.1.0.100:80 10.2.0.11:80"});
}

TEST_CASE("an outer packet never comes from the VIP, which the tunnel's end has itself") {
  Setup setup{tunnelled()};
  setup.services[0].address = "10.0.0.80:80";
  setup.links[1].addresses.clear();
  setup.routes = {{"10.2.0.0/24", "lan", "10.2.0.11"}};
  Lab lab(std::move(setup));
  CHECK_THAT(lab.from_client(tcp("10.1.0.10:40000", "10.0.0.80:80").flags("S")).at(0),
             Catch::StartsWith("proto=4 10.1.0.1>10.2.0.11 "));
}

TEST_CASE("without DF the outer packet has an ID of its own, never 0") {
  Lab lab(tunnelled());
  const Lines out = lab.from_client(syn().may_fragment());
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], !Catch::Contains("id=0x0000") && Catch::Contains("tos=0x00 len=60"));
}

TEST_CASE("workers on threads of their own never give outer packets the same ID") {
  constexpr size_t kEach = 500;
  const auto ids = [](std::vector<uint16_t>& result) {
    Bytes frame(20 + 14 + 20);
    auto& inner = dataplane::view<dataplane::Ipv4Header>(&frame[20 + 14]);
    inner.version_and_length = dataplane::Ipv4Header::kPlain;
    for (uint16_t& id : result) {
      dataplane::Packet<lb::V4> packet{};
      packet.ip = &frame[20 + 14];
      packet.length = sizeof inner;
      dataplane::tunnel_inbound(packet, {}, {});
      id = dataplane::view<dataplane::Ipv4Header>(packet.ip).id.value();
    }
  };
  std::vector<std::vector<uint16_t>> of_each(3, std::vector<uint16_t>(kEach));
  {
    std::vector<std::jthread> workers;
    for (auto& result : of_each) workers.emplace_back([&] { ids(result); });
  }
  std::set<uint16_t> all;
  for (const auto& result : of_each) all.insert(result.begin(), result.end());
  CHECK(all.size() == 3 * kEach);
  CHECK(!all.contains(0));
}

TEST_CASE("congestion experienced inside shows as capable outside, other marks as they are") {
  const auto [inside, outside] = GENERATE(table<uint8_t, std::string>(
      {{0x00, "0x00"}, {0x01, "0x01"}, {0x02, "0x02"}, {0x03, "0x02"}, {0xbb, "0xba"}}));
  Lab lab(tunnelled());
  CHECK_THAT(lab.from_client(syn().tos(inside)).at(0),
             Catch::Contains("id=0x0000 tos=" + outside + " DF len=60"));
}

TEST_CASE(
    "what does not fit the tunnel is refused with its MTU, or fragmented outside without DF") {
  Lab lab(tunnelled("udp"));
  CHECK_THAT(lab.from_client(udp(kClient, kVip).data(1452)).at(0), Catch::Contains("len=1500"));
  const Lines refused = lab.from_client(udp(kClient, kVip).data(1453));
  REQUIRE(refused.size() == 1);
  CHECK_THAT(refused[0], Catch::StartsWith("ICMP 10.1.0.100>10.1.0.10 ttl=64 tos=0xc0 type=3 "
                                           "code=4 mtu=1480"));
  CHECK(lab.drops() == "too_big=1");
  const Lines pieces = lab.from_client(udp(kClient, kVip).data(1453).may_fragment());
  REQUIRE(pieces.size() == 2);
  CHECK_THAT(pieces[0], Catch::Contains("FRAG 0x2000 len=1500"));
  CHECK_THAT(pieces[1], Catch::Contains("FRAG 0x00b9 len=21"));
}

TEST_CASE("a narrow way is told to the client, believed for the next packets, and forgotten") {
  Lab lab(tunnelled("udp"));
  const Frame large = udp(kClient, kVip).data(1400);
  CHECK(lab.from_client(large).size() == 1);
  const Lines told = lab.from_server(about_outer(large, 3, 4, 1300, 576));
  REQUIRE(told.size() == 1);
  CHECK_THAT(told[0], Catch::StartsWith(
                          "ICMP 10.1.0.100>10.1.0.10 ttl=64 tos=0xc0 type=3 code=4 mtu=1280") &&
                          Catch::Contains("quoting{UDP 10.1.0.10:40000>10.1.0.100:80"));
  CHECK_THAT(lab.from_client(large).at(0), Catch::Contains("code=4 mtu=1280"));
  // No message makes it wider: this one was late.
  CHECK_THAT(lab.from_server(about_outer(large, 3, 4, 1400, 576)).at(0),
             Catch::Contains("code=4 mtu=1280"));
  CHECK_THAT(lab.from_client(udp(kClient, kVip).data(1252)).at(0), Catch::Contains("len=1300"));
  lab.pass(601);
  CHECK_THAT(lab.from_client(large).at(0), Catch::Contains("len=1448"));
  CHECK(lab.drops() == "too_big=1");
}

TEST_CASE("a router that says more than the link takes tells the client what the link takes") {
  const uint32_t said = GENERATE(1500u, 1501u, 65535u);
  Lab lab(tunnelled("udp"));
  const Frame large = udp(kClient, kVip).data(1400);
  lab.from_client(large);
  CHECK_THAT(lab.from_server(about_outer(large, 3, 4, said, 576)).at(0),
             Catch::Contains("type=3 code=4 mtu=1480"));
  CHECK_THAT(lab.from_client(udp(kClient, kVip).data(1452)).at(0), Catch::Contains("len=1500"));
}

TEST_CASE("other errors about the outer packet reach the client with their type and code") {
  const auto [type, code] = GENERATE(table<uint8_t, uint8_t>({{3, 1}, {3, 0}, {11, 0}}));
  Lab lab(tunnelled("udp"));
  const Frame frame = udp(kClient, kVip).data(10);
  lab.from_client(frame);
  const Lines told = lab.from_server(about_outer(frame, type, code, 0, 576));
  REQUIRE(told.size() == 1);
  CHECK_THAT(told[0],
             Catch::Contains(" type=" + std::to_string(type) + " code=" + std::to_string(code)));
}

TEST_CASE(
    "a quote that ends before the inner ports, or that is about no connection, goes nowhere") {
  Lab lab(tunnelled("udp"));
  const Frame frame = udp(kClient, kVip).data(10);
  lab.from_client(frame);
  CHECK(lab.from_server(about_outer(frame, 3, 4, 1300, 28)) == Lines{});
  CHECK(lab.from_server(about_outer(udp("10.1.0.10:41000", kVip), 3, 4, 1300, 576)) == Lines{});
  CHECK(lab.from_server(about_outer(frame, 3, 4, 600, 576, true)) == Lines{});
  CHECK(lab.drops() == "icmp_unrelated=3");
}
