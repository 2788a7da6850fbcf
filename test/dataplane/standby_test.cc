// While the VIPs are another director's: nothing is answered or forwarded for them, and all that is
// the director's own goes on.
#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

namespace {

void stand_by(Lab& lab, bool standby = true) {
  lab.edit([&](Setup& setup) { setup.standby = standby; });
  lab.turn();
}

std::vector<ServiceSetup> some_services() {
  return {{"tcp", kVip, {{kServer, 1, "nat"}}},
          {"udp", "10.1.0.100:53", {{"10.2.0.12:53", 1, "nat"}}},
          {"udp",
           "10.1.0.100:54",
           {{"10.2.0.13:54", 1, "nat"}},
           "rr",
           0,
           "255.255.255.255",
           false,
           true}};
}

}  // namespace

TEST_CASE("a standby answers neither ARP nor ping for a VIP, nor announces it") {
  Lab lab(some_services());
  stand_by(lab);
  CHECK(lab.from_client(arp_request("10.1.0.10", "10.1.0.100")) == Lines{});
  CHECK(lab.from_server(arp_request("10.2.0.11", "10.1.0.100")) == Lines{});
  CHECK(lab.drops() == "");
  CHECK(lab.from_client(echo_request("10.1.0.10", "10.1.0.100")) == Lines{});
  CHECK(lab.drops() == "standby=1");
  lab.worker().control_request({.kind = dataplane::Request::Kind::kAnnounce, .link = 0});
  const Lines announced = lab.turn();
  REQUIRE(announced.size() == 1);
  CHECK_THAT(announced[0], Catch::Contains("10.1.0.1 "));
}

TEST_CASE("a standby forwards nothing to a service, and refuses nobody") {
  Lab lab(some_services());
  stand_by(lab);
  lab.receive("wan",
              {tcp(kClient, kVip).flags("S"), tcp(kClient, kVip).flags("A"),
               udp("10.1.0.10:5000", "10.1.0.100:53"), udp("10.1.0.10:5000", "10.1.0.100:54"),
               tcp("10.1.0.10:5000", "10.1.0.100:81").flags("S")});
  CHECK(lab.drops() == "standby=5");
  CHECK(lab.connections() == Lines{});
}

TEST_CASE(
    "connections that a director had stay silent while it stands by, and go on when it is back") {
  Lab lab(some_services());
  lab.from_client(tcp(kClient, kVip).flags("S"));
  lab.from_server(tcp(kServer, kClient).flags("SA"));
  stand_by(lab);
  CHECK(lab.from_client(tcp(kClient, kVip).flags("A")) == Lines{});
  CHECK(lab.from_server(tcp(kServer, kClient).flags("A")) == Lines{});
  CHECK(lab.from_server(udp("10.2.0.13:54", "10.1.0.10:5000")) == Lines{});
  CHECK(lab.drops() == "standby=3");
  stand_by(lab, false);
  CHECK(lab.from_client(tcp(kClient, kVip).flags("A")).size() == 1);
  CHECK(lab.from_server(tcp(kServer, kClient).flags("A")).size() == 1);
  CHECK(lab.drops() == "");
}

TEST_CASE("fragments and ICMP errors of a VIP's connections stay, too") {
  Lab lab(some_services());
  lab.from_client(udp("10.1.0.10:5000", "10.1.0.100:53"));
  stand_by(lab);
  const Bytes request = udp("10.1.0.10:5000", "10.2.0.12:53").build({});
  const Bytes quote(request.begin() + 14, request.end());
  CHECK(lab.from_server(icmp("10.2.0.12", "10.1.0.10", 3, 3).data(quote)) == Lines{});
  CHECK(lab.drops() == "standby=1");
  const Bytes whole = udp("10.1.0.10:5000", "10.1.0.100:53").data(24).build({});
  const auto piece = [&](uint16_t field, long from, long to) {
    return ip("10.1.0.10", "10.1.0.100", 17)
        .fragment(field)
        .data(Bytes(whole.begin() + 34 + from, whole.begin() + 34 + to));
  };
  CHECK(lab.receive("wan", {piece(0x2000, 0, 16), piece(0x0002, 16, 32)}) == Lines{});
  CHECK(lab.drops() == "standby=2");
}

TEST_CASE("a standby's own addresses, its routing and its masquerade go on") {
  Setup setup{.services = some_services()};
  setup.masquerade = {{"10.2.0.0/24", "wan"}};
  Lab lab(setup);
  stand_by(lab);
  CHECK(lab.from_client(arp_request("10.1.0.10", "10.1.0.1")).size() == 1);
  CHECK(lab.from_client(echo_request("10.1.0.10", "10.1.0.1")).size() == 1);
  CHECK(lab.from_client(tcp(kClient, "10.2.0.11:22").flags("S")).size() == 1);
  CHECK(lab.from_server(tcp("10.2.0.11:5000", "10.1.0.11:80").flags("S")).size() == 1);
  CHECK(lab.from_client(tcp("10.1.0.11:80", "10.1.0.1:5000").flags("SA")).size() == 1);
  CHECK(lab.drops() == "");
}

TEST_CASE("another director's announcement of a VIP is no conflict while this one stands by") {
  Lab lab(some_services());
  stand_by(lab);
  lab.from_client(arp_request("10.1.0.100", "10.1.0.100").from_mac(mac_of("10.1.0.2")));
  CHECK(lab.events() == Lines{});
  CHECK(lab.drops() == "");
}

TEST_CASE("a standby that cuts connections of a VIP sends nothing in its name") {
  Lab lab(some_services());
  lab.from_client(tcp(kClient, kVip).flags("S"));
  stand_by(lab);
  CHECK(lab.cut("tcp 10.1.0.100:80", {kServer}) == Lines{});
  CHECK(lab.connections() == Lines{});
}
