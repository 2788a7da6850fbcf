// ARP as a host and as the keeper of the VIPs: on every link, for every own address and no other.
#include <fmt/core.h>

#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

namespace {

const lb::MacAddress kImpostor{{2, 0xbb, 0, 0, 0, 7}};

Lab quiet_lab() {
  Setup setup{.services = one_service()};
  setup.hosts = {};
  return Lab(setup);
}

}  // namespace

TEST_CASE("ARP for an own address or a VIP is answered on any link with that link's MAC") {
  Lab lab(one_service());
  const std::string own = GENERATE("10.1.0.1", "10.2.0.1", "10.1.0.100");
  CHECK(
      lab.from_client(arp_request("10.1.0.10", own)) ==
      Lines{"ARP " + own + " is-at 02:ff:00:00:00:01 to 10.1.0.10 10.1.0.10 via wan to 10.1.0.10"});
  CHECK(
      lab.from_server(arp_request("10.2.0.11", own)) ==
      Lines{"ARP " + own + " is-at 02:ff:00:00:00:02 to 10.2.0.11 10.2.0.11 via lan to 10.2.0.11"});
  CHECK(lab.drops() == "");
  CHECK(lab.count(&dataplane::WorkerCounters::consumed) == 2);
}

TEST_CASE("a request that comes by unicast is answered too") {
  Lab lab(one_service());
  CHECK(lab.from_client(arp({.sender = "10.1.0.10", .target = "10.1.0.100"})).size() == 1);
}

TEST_CASE("ARP for others is not answered") {
  Lab lab(one_service());
  CHECK(lab.from_client(arp_request("10.1.0.10", "10.1.0.11")) == Lines{});
  CHECK(lab.from_client(arp_request("10.1.0.10", "10.2.0.11")) == Lines{});
  CHECK(lab.count(&dataplane::WorkerCounters::consumed) == 2);
}

TEST_CASE("an address probe for an own address is answered, so that its sender gives it up") {
  Lab lab(one_service());
  CHECK(
      lab.from_client(arp_request("0.0.0.0", "10.1.0.100").from_mac(mac_of("10.1.0.10"))).size() ==
      1);
  CHECK(lab.events() == Lines{});
}

TEST_CASE("malformed ARP is dropped under its reason") {
  Lab lab(one_service());
  const Arp good{.sender = "10.1.0.10", .target = "10.1.0.1"};
  const auto with = [&](auto change) {
    Arp bad = good;
    change(bad);
    return arp(bad);
  };
  const std::vector<Frame> bad = {
      with([](Arp& a) { a.hardware_type = 6; }),
      with([](Arp& a) { a.protocol_type = 0x86dd; }),
      with([](Arp& a) { a.hardware_length = 8; }),
      with([](Arp& a) { a.protocol_length = 16; }),
      with([](Arp& a) { a.operation = 3; }),
      with([](Arp& a) { a.operation = 0; }),
      with([](Arp& a) { a.sender_mac = lb::kBroadcastMac; }),
      with([](Arp& a) { a.sender_mac = lb::MacAddress{}; }),
      with([](Arp& a) { a.sender = "224.0.0.1"; }),
      with([](Arp& a) { a.sender = "255.255.255.255"; }),
      with([](Arp& a) { a.sender = "127.0.0.1"; }),
      with([](Arp& a) { a.sender = "10.1.0.255"; }),
      arp(good).cut_to(14 + 27),
      arp(good).cut_to(14 + 8),
      arp(good).cut_to(14),
  };
  CHECK(lab.receive("wan", bad) == Lines{});
  CHECK(lab.drops() == "bad_arp=15");
  CHECK(lab.events() == Lines{});
}

TEST_CASE("another host that claims an own address is reported and not believed") {
  Lab lab(one_service());
  const std::string own = GENERATE("10.1.0.100", "10.1.0.1", "10.2.0.1");
  lab.from_client(
      arp({.sender = own, .target = own, .sender_mac = kImpostor}).to_mac(lb::kBroadcastMac));
  CHECK(lab.events() == Lines{own + " on wan is claimed by 02:bb:00:00:00:07"});
  CHECK(lab.drops() == "address_conflict=1");
}

TEST_CASE("the director's own announcement that comes back is no conflict") {
  Lab lab(one_service());
  lab.from_client(
      arp({.sender = "10.1.0.100", .target = "10.1.0.100", .sender_mac = lab.mac_of_link("lan")})
          .to_mac(lb::kBroadcastMac));
  CHECK(lab.events() == Lines{});
  CHECK(lab.drops() == "not_for_us=1");
}

TEST_CASE("no neighbour is where the director itself is") {
  Lab lab(one_service());
  lab.from_client(udp(kClient, "10.2.0.11:5"));
  const std::string link = GENERATE("wan", "lan");
  lab.from_server(
      arp({.sender = "10.2.0.11", .target = "10.2.0.1", .sender_mac = lab.mac_of_link(link)}));
  CHECK(lab.drops() == "not_for_us=1");
  CHECK(lab.events() == Lines{});
  CHECK_THAT(lab.from_client(udp(kClient, "10.2.0.11:5")).at(0),
             Catch::EndsWith("via lan to 10.2.0.11"));
}

TEST_CASE("a gratuitous ARP moves a dynamic neighbour and is reported") {
  Lab lab = quiet_lab();
  const uint16_t operation = GENERATE(1, 2);
  lab.from_server(arp_request("10.2.0.11", "10.2.0.1"));
  lab.from_server(arp({.sender = "10.2.0.11",
                       .target = "10.2.0.11",
                       .sender_mac = kImpostor,
                       .operation = operation})
                      .to_mac(lb::kBroadcastMac));
  CHECK(lab.events() ==
        Lines{"10.2.0.11 on lan moved from 02:00:0a:02:00:0b to 02:bb:00:00:00:07"});
  const Lines out = lab.from_client(tcp(kClient, kVip).flags("S"));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::EndsWith("via lan to 02:bb:00:00:00:07"));
}

TEST_CASE("reports are limited in their rate", "[one-worker]") {
  Lab lab(one_service());
  for (int burst = 0; burst < 4; ++burst) {
    lab.receive(
        "wan", std::vector<Frame>(
                   60, arp({.sender = "10.1.0.1", .target = "10.1.0.1", .sender_mac = kImpostor})));
  }
  CHECK(lab.events().size() == 100);
  CHECK(lab.drops() == "address_conflict=240");
}

TEST_CASE("a connection's packets follow a neighbour that moves") {
  Lab lab = quiet_lab();
  lab.from_server(arp_request("10.2.0.11", "10.2.0.1"));
  lab.from_client(tcp(kClient, kVip).flags("S"));
  lab.from_server(arp({.sender = "10.2.0.11", .target = "10.2.0.11", .sender_mac = kImpostor}));
  const Lines out = lab.from_client(tcp(kClient, kVip).flags("A"));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::EndsWith("via lan to 02:bb:00:00:00:07"));
}

TEST_CASE("a static neighbour never moves") {
  Lab lab(one_service());
  lab.from_server(arp({.sender = "10.2.0.11", .target = "10.2.0.11", .sender_mac = kImpostor}));
  CHECK(lab.events() == Lines{});
  const Lines out = lab.from_client(tcp(kClient, kVip).flags("S"));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::EndsWith("via lan to 10.2.0.11"));
}

TEST_CASE("an address of another link is not learned, and the same MAC again is no move") {
  Lab lab = quiet_lab();
  lab.from_client(arp_request("10.2.0.11", "10.1.0.1"));  // lives on lan, asks on wan
  lab.from_server(arp_request("10.2.0.12", "10.2.0.1"));
  lab.from_server(arp_request("10.2.0.12", "10.2.0.1"));
  CHECK(lab.events() == Lines{});
  const Lines out = lab.from_client(tcp(kClient, kVip).flags("S"));
  CHECK(out == Lines{"ARP who-has 10.2.0.11 tell 10.2.0.1 via lan to all"});
}

TEST_CASE("a thousand addresses are announced each once, and not all at a time", "[one-worker]") {
  constexpr size_t kAddresses = 1000;
  Setup setup{.services = one_service()};
  for (size_t i = 0; i < kAddresses; ++i) {
    setup.links[0].addresses.push_back(fmt::format("192.0.{}.{}/32", 2 + i / 250, 1 + i % 250));
  }
  Lab lab(setup);
  lab.worker().control_request({dataplane::Request::Kind::kAnnounce, 0});
  Lines all, some;
  for (int ticks = 0; ticks < 10; ++ticks) {
    size_t in_tick = 0;
    do {
      some = lab.turn();
      CHECK(some.size() <= 32);
      in_tick += some.size();
      all.insert(all.end(), some.begin(), some.end());
    } while (!some.empty());
    CHECK(in_tick <= 512);
    const Lines later = lab.pass(0.0625);
    all.insert(all.end(), later.begin(), later.end());
  }
  CHECK(all.size() == kAddresses + 2);  // and the link's first, and the VIP
  std::ranges::sort(all);
  CHECK(std::ranges::adjacent_find(all) == all.end());
}

TEST_CASE("an address that is no longer the director's is not announced") {
  Lab lab(one_service());
  dataplane::Request request{dataplane::Request::Kind::kAnnounceAddress};
  request.address = lb::IpAddress::parse("10.1.0.101")->ipv4();
  REQUIRE(lab.worker().control_request(request));
  CHECK(lab.turn() == Lines{});
}

TEST_CASE("a link announces its own addresses and those that no link has a prefix for") {
  Lab lab(
      {{"tcp", "10.1.0.100:80", {}}, {"tcp", "10.2.0.200:80", {}}, {"tcp", "192.0.2.1:80", {}}});
  const auto announced = [&](uint16_t link) {
    lab.worker().control_request({dataplane::Request::Kind::kAnnounce, link});
    return lab.turn();
  };
  CHECK(announced(0) == Lines{"ARP announces 10.1.0.1 via wan to all",
                              "ARP announces 10.1.0.100 via wan to all",
                              "ARP announces 192.0.2.1 via wan to all"});
  CHECK(announced(1) == Lines{"ARP announces 10.2.0.1 via lan to all",
                              "ARP announces 10.2.0.200 via lan to all",
                              "ARP announces 192.0.2.1 via lan to all"});
}
