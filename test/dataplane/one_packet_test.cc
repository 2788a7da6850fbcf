// UDP services whose datagrams are scheduled one by one.
#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

namespace {

constexpr const char* kDns = "10.1.0.100:53";
constexpr const char* kDnsName = "udp 10.1.0.100:53";
constexpr const char* kDns1 = "10.2.0.11:53";
constexpr const char* kDns2 = "10.2.0.12:53";

ServiceSetup one_packet(std::vector<ServerSetup> servers, std::string vip = kDns) {
  ServiceSetup service{"udp", std::move(vip), std::move(servers)};
  service.one_packet = true;
  return service;
}

}  // namespace

TEST_CASE("every datagram of one client port is scheduled anew and leaves no connection") {
  const std::string forward = GENERATE("nat", "dr", "tunnel");
  Lab lab(std::vector{one_packet({{kDns1, 1, forward}, {kDns2, 1, forward}})});
  for (int i = 0; i < 3; ++i) {
    CHECK(target(lab.from_client(udp(kClient, kDns).data(20))) == "10.2.0.11");
    CHECK(target(lab.from_client(udp(kClient, kDns).data(20))) == "10.2.0.12");
  }
  CHECK(lab.connections() == Lines{});
  CHECK(lab.load(kDnsName, kDns1) == "0/0");
  CHECK(lab.traffic(kDnsName, kDns1).connections.reader_get() == 3);
  CHECK(lab.traffic(kDnsName, kDns1).packets_in.reader_get() == 3);
  CHECK(lab.traffic(kDnsName, kDns1).bytes_in.reader_get() == 3 * 48);
  CHECK(lab.drops() == "");
}

TEST_CASE("replies come from the VIP, which LVS does not do") {
  Lab lab(std::vector{one_packet({{"10.2.0.11:5353"}})});
  CHECK_THAT(lab.from_client(udp(kClient, kDns).data(4)).at(0),
             Catch::StartsWith("UDP 10.1.0.10:40000>10.2.0.11:5353 ttl=63 "));
  const Lines out = lab.from_server(udp("10.2.0.11:5353", kClient).data(4));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::StartsWith("UDP 10.1.0.100:53>10.1.0.10:40000 ttl=63 ") &&
                         Catch::Contains("csum=ok") && Catch::EndsWith("via wan to 10.1.0.10"));
  CHECK(lab.traffic(kDnsName, "10.2.0.11:5353").packets_out.reader_get() == 1);
  CHECK(lab.traffic(kDnsName, "10.2.0.11:5353").bytes_out.reader_get() == 32);
  // From another port it is the server's own.
  CHECK_THAT(lab.from_server(udp("10.2.0.11:5354", kClient)).at(0),
             Catch::StartsWith("UDP 10.2.0.11:5354>10.1.0.10:40000 "));
  // And what it sends to the director stays there.
  CHECK_THAT(lab.from_server(udp("10.2.0.11:5353", "10.2.0.1:9")).at(0),
             Catch::Contains("type=3 code=3"));
}

TEST_CASE("replies of DR servers are no concern of the director") {
  Lab lab(std::vector{one_packet({{kDns1, 1, "dr"}})});
  CHECK_THAT(lab.from_server(udp(kDns1, kClient)).at(0),
             Catch::StartsWith("UDP 10.2.0.11:53>10.1.0.10:40000 "));
}

TEST_CASE("where two services share a server's end, the first has its replies") {
  Lab lab(std::vector{one_packet({{kDns1}}), one_packet({{kDns1}, {kDns2}}, "10.1.0.101:53")});
  lab.from_client(udp(kClient, "10.1.0.101:53"));
  CHECK_THAT(lab.from_server(udp(kDns1, kClient)).at(0), Catch::StartsWith("UDP 10.1.0.100:53>"));
  CHECK_THAT(lab.from_server(udp(kDns2, kClient)).at(0), Catch::StartsWith("UDP 10.1.0.101:53>"));
}

TEST_CASE("a service that keeps connections has the replies that belong to one") {
  Lab lab(std::vector<ServiceSetup>{one_packet({{kDns1}, {kDns2}}),
                                    {"udp", "10.1.0.101:53", {{kDns1}}}});
  lab.from_client(udp(kClient, "10.1.0.101:53"));
  CHECK_THAT(lab.from_server(udp(kDns1, kClient)).at(0), Catch::StartsWith("UDP 10.1.0.101:53>"));
  // The same client port is led to a server where its reply can be told.
  CHECK(target(lab.from_client(udp(kClient, kDns))) == "10.2.0.12");
  CHECK_THAT(lab.from_server(udp(kDns1, "10.1.0.11:5")).at(0),
             Catch::StartsWith("UDP 10.1.0.100:53>"));
}

TEST_CASE("what a server says about a datagram reaches the client as said by the VIP") {
  Lab lab(std::vector{one_packet({{kDns1}})});
  const Bytes quoted = udp(kClient, kDns1).data(8).build(lab.mac_of_link("lan"));
  const Lines out =
      lab.from_server(icmp("10.2.0.11", "10.1.0.10", 3, 3)
                          .data(Bytes(quoted.begin() + 14, quoted.begin() + 14 + 36)));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::StartsWith("ICMP 10.1.0.100>10.1.0.10 ") &&
                         Catch::Contains("quoting{UDP 10.1.0.10:40000>10.1.0.100:53 ") &&
                         Catch::EndsWith("via wan to 10.1.0.10"));
}

TEST_CASE("a datagram that waits for its next hop is scheduled and counted once") {
  Setup setup{.services = {one_packet({{"10.2.0.77:53"}, {"10.2.0.78:53"}})}};
  Lab lab(setup);
  CHECK(lab.from_client(udp(kClient, kDns)) ==
        Lines{"ARP who-has 10.2.0.77 tell 10.2.0.1 via lan to all"});
  CHECK(lab.traffic(kDnsName, "10.2.0.77:53").connections.reader_get() == 0);
  CHECK(target(lab.from_server(arp_reply("10.2.0.77", "10.2.0.1"))) == "10.2.0.77");
  CHECK(lab.traffic(kDnsName, "10.2.0.77:53").connections.reader_get() == 1);
  CHECK(lab.turns_taken(kDnsName) == 1);
}

TEST_CASE("a server that does not answer costs its own share of the datagrams") {
  const std::string scheduler = GENERATE("rr", "wrr");
  ServiceSetup service = one_packet({{"10.2.0.77:53"}, {kDns1}, {kDns2}});
  service.scheduler = scheduler;
  Lab lab(std::vector{service});
  constexpr int kSeconds = 30, kEachSecond = 10, kDatagrams = kSeconds * kEachSecond;
  for (int i = 0; i < kDatagrams; ++i) {
    lab.from_client(udp("10.1.0.10:" + std::to_string(2000 + i), kDns));
    if (i % kEachSecond == kEachSecond - 1) lab.pass(1);
  }
  const auto arrived = [&](const char* server) {
    return lab.traffic(kDnsName, server).connections.reader_get();
  };
  CHECK(arrived("10.2.0.77:53") == 0);
  // Each time that a worker asks for it anew, one datagram keeps its turn for when it goes on.
  const size_t asked = lab.workers() * (kSeconds / dataplane::Neighbours<lb::V4>::kTries);
  CHECK(arrived(kDns1) + arrived(kDns2) >= kDatagrams * 2 / 3 - asked);
  CHECK(std::max(arrived(kDns1), arrived(kDns2)) - std::min(arrived(kDns1), arrived(kDns2)) <= 1);
}

TEST_CASE("what has no way to its server leaves the others theirs") {
  Lab lab(std::vector{one_packet({{"10.99.0.1:53"}, {kDns1}})});
  lab.from_client(udp(kClient, kDns));
  CHECK(target(lab.from_client(udp(kClient, kDns))) == "10.2.0.11");
}

TEST_CASE("clients of a persistent one-packet service keep their server") {
  ServiceSetup service = one_packet({{kDns1}, {kDns2}});
  service.persistence_timeout = 30;
  Lab lab(std::vector{service});
  for (int i = 0; i < 3; ++i) {
    CHECK(target(lab.from_client(udp("10.1.0.10:" + std::to_string(5 + i), kDns))) == "10.2.0.11");
    CHECK(target(lab.from_client(udp("10.1.0.11:5", kDns))) == "10.2.0.12");
    lab.pass(29);
  }
  lab.pass(2);
  CHECK(lab.holds() == Lines{});
  CHECK(lab.connections() == Lines{});
}

TEST_CASE("a service of every port may be one of one packet, and its replies find their port") {
  ServiceSetup service = one_packet({{"10.2.0.11:0"}}, "10.1.0.100:0");
  service.persistence_timeout = 30;
  Lab lab(std::vector{service});
  CHECK_THAT(lab.from_client(udp(kClient, "10.1.0.100:777")).at(0),
             Catch::StartsWith("UDP 10.1.0.10:40000>10.2.0.11:777 "));
  CHECK_THAT(lab.from_server(udp("10.2.0.11:777", kClient)).at(0),
             Catch::StartsWith("UDP 10.1.0.100:777>10.1.0.10:40000 "));
}

TEST_CASE(
    "a threshold bounds nothing that leaves no connection, and without servers there is none") {
  Lab lab(std::vector{one_packet({{kDns1, 1, "nat", 1}})});
  for (int i = 0; i < 3; ++i) CHECK(target(lab.from_client(udp(kClient, kDns))) == "10.2.0.11");
  lab.apply({one_packet({{kDns1, 0}})});
  CHECK_THAT(lab.from_client(udp(kClient, kDns)).at(0), Catch::Contains("type=3 code=3"));
  CHECK(lab.drops() == "no_server=1");
}

TEST_CASE("a datagram in fragments goes its way, and so does its reply") {
  Lab lab(std::vector{one_packet({{kDns1}})});
  const auto in_two = [&](std::string_view link, Frame datagram, std::string_view from,
                          std::string_view to) {
    const Bytes whole = datagram.may_fragment().data(2000).build(lab.mac_of_link(link));
    const auto begin = whole.begin() + 34;
    lab.receive(link, {ip(from, to, 17).fragment(0x2000).data(Bytes(begin, begin + 1480))});
    return lab.receive(
        link, {ip(from, to, 17).fragment(1480 / 8).data(Bytes(begin + 1480, whole.end()))});
  };
  const Lines out = in_two("wan", udp(kClient, kDns), "10.1.0.10", "10.1.0.100");
  CHECK(out.size() == 2);
  const Lines back = in_two("lan", udp(kDns1, kClient), "10.2.0.11", "10.1.0.10");
  REQUIRE(back.size() == 2);
  CHECK_THAT(back[0], Catch::Contains("10.1.0.100"));
}
