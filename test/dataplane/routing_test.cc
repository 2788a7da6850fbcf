// Packets for others, as with ip_forward=1.
#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

namespace {

Setup with_routes() {
  Setup setup{.services = one_service()};
  setup.routes = {{"192.168.0.0/16", "lan", "10.2.0.12"},
                  {"192.168.7.0/24", "lan", "10.2.0.13"},
                  {"0.0.0.0/0", "wan", "10.1.0.11"}};
  return setup;
}

std::string way(const Lines& out) {
  REQUIRE(out.size() == 1);
  return out[0].substr(out[0].find(" via ") + 1);
}

}  // namespace

TEST_CASE("a packet for another host goes by the longest prefix to its gateway") {
  Lab lab(with_routes());
  CHECK(way(lab.from_client(udp(kClient, "192.168.1.1:5"))) == "via lan to 10.2.0.12");
  CHECK(way(lab.from_client(udp(kClient, "192.168.7.1:5"))) == "via lan to 10.2.0.13");
  CHECK(way(lab.from_client(udp(kClient, "10.2.0.11:5"))) == "via lan to 10.2.0.11");
  CHECK(way(lab.from_server(udp("10.2.0.11:5", "8.8.8.8:53"))) == "via wan to 10.1.0.11");
  CHECK(way(lab.from_server(udp("10.2.0.11:5", kClient))) == "via wan to 10.1.0.10");
  CHECK(lab.drops() == "");
}

TEST_CASE("a routed packet changes in its TTL alone") {
  Lab lab(with_routes());
  CHECK(
      lab.from_client(icmp("10.1.0.10", "10.2.0.11", 13, 0).tos(4).data(3)) ==
      Lines{
          "ICMP 10.1.0.10>10.2.0.11 ttl=63 id=0x1234 tos=0x04 DF type=13 code=0 len=31 csum=ok via "
          "lan to 10.2.0.11"});
  CHECK(
      lab.from_client(ip("10.1.0.10", "10.2.0.11", 47).data(9)) ==
      Lines{
          "proto=47 10.1.0.10>10.2.0.11 ttl=63 id=0x1234 tos=0x00 DF len=29 via lan to 10.2.0.11"});
  CHECK(lab.from_client(tcp(kClient, "10.2.0.11:22").flags("S").wrong_by(9)) ==
        Lines{"TCP 10.1.0.10:40000>10.2.0.11:22 ttl=63 id=0x1234 tos=0x00 DF [S] seq=1000 len=40 "
              "csum=BAD via lan to 10.2.0.11"});
}

TEST_CASE("connections use routes in both directions") {
  Setup setup = with_routes();
  setup.services = one_service("tcp", "nat", "192.168.7.9:80");
  Lab lab(setup);
  CHECK(way(lab.from_client(tcp("198.51.100.1:1", kVip).flags("S"))) == "via lan to 10.2.0.13");
  CHECK(way(lab.from_server(tcp("192.168.7.9:80", "198.51.100.1:1").flags("SA"))) ==
        "via wan to 10.1.0.11");
}

TEST_CASE("without a route the sender hears network unreachable") {
  Lab lab(one_service());
  CHECK(lab.from_server(udp("10.2.0.11:5", "8.8.8.8:53")) ==
        Lines{"ICMP 10.2.0.1>10.2.0.11 ttl=64 tos=0xc0 type=3 code=0 len=56 csum=ok quoting{UDP "
              "10.2.0.11:5>8.8.8.8:53 ttl=64 id=0x1234 tos=0x00 DF len=28 csum=ok} via lan to "
              "10.2.0.11"});
  CHECK(lab.drops() == "no_route=1");
}

TEST_CASE("without a route a server's reply earns network unreachable, as its other packets do") {
  Setup setup = with_routes();
  setup.services = one_service();
  Lab lab(setup);
  const char* const far = "198.51.100.7:1";
  lab.from_client(tcp(far, kVip).flags("S").from_mac(mac_of("10.1.0.11")));
  lab.edit([](Setup& changed) {
    changed.routes.clear();
    ++changed.routing_version;
  });
  CHECK_THAT(lab.from_server(tcp(kServer, far).flags("SA")).at(0),
             Catch::StartsWith("ICMP 10.2.0.1>10.2.0.11 ttl=64 tos=0xc0 type=3 code=0"));
  CHECK(lab.drops() == "no_route=1");
}

TEST_CASE("without a route to the real server the client hears host unreachable") {
  Lab lab(one_service("tcp", "nat", "192.168.7.9:80"));
  const Lines out = lab.from_client(tcp(kClient, kVip).flags("S"));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::StartsWith("ICMP 10.1.0.100>10.1.0.10 ttl=64 tos=0xc0 type=3 code=1"));
  CHECK(lab.drops() == "no_route=1");
}

TEST_CASE("broadcasts and multicasts are not routed, and nobody hears of it") {
  Lab lab(with_routes());
  const std::string to = GENERATE("10.1.0.255", "10.2.0.255", "255.255.255.255", "224.0.0.5",
                                  "239.1.1.1", "127.0.0.1", "0.0.0.1");
  CHECK(lab.receive("wan", {udp(kClient, to + ":9"), tcp(kClient, to + ":9").flags("S"),
                            echo_request("10.1.0.10", to)}) == Lines{});
  CHECK(lab.drops() == "not_for_us=3");
}

TEST_CASE("a broadcast address of a prefix that has none is a host") {
  Setup setup{.services = one_service()};
  setup.links[1].addresses = {"10.2.0.0/31"};
  setup.hosts = {{"wan", "10.1.0.10"}, {"lan", "10.2.0.1"}};
  Lab lab(setup);
  CHECK(way(lab.from_client(udp(kClient, "10.2.0.1:5"))) == "via lan to 10.2.0.1");
}

TEST_CASE("no ICMP error is made about an ICMP error") {
  Lab lab(one_service());
  CHECK(lab.from_server(icmp("10.2.0.11", "8.8.8.8", 3, 1).data(28)) == Lines{});
  CHECK(lab.from_server(icmp("10.2.0.11", "8.8.8.8", 11, 0).data(28)) == Lines{});
  CHECK(lab.from_server(ip("10.2.0.11", "8.8.8.8", 1).data(3)) == Lines{});
  CHECK(lab.from_server(icmp("10.2.0.11", "8.8.8.8", 8, 0).data(28)).size() == 1);
  CHECK(lab.drops() == "no_route=4");
}

TEST_CASE("a routed packet waits for its next hop like any other") {
  Setup setup = with_routes();
  setup.hosts = {{"wan", "10.1.0.10"}};
  Lab lab(setup);
  CHECK(lab.from_client(icmp("10.1.0.10", "192.168.7.1", 8, 0)) ==
        Lines{"ARP who-has 10.2.0.13 tell 10.2.0.1 via lan to all"});
  CHECK(way(lab.from_server(arp_reply("10.2.0.13", "10.2.0.1"))) == "via lan to 10.2.0.13");
}
