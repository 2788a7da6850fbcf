// What workers do when the configuration changes under them: services that close, timeouts, routes
// and neighbours.
#include "test/dataplane/support/lab.h"

using namespace dataplane_test;
using dataplane::Request;

namespace {

ServiceSetup closed(std::string protocol) {
  ServiceSetup service = service_of(std::move(protocol), {});
  service.closed = true;
  return service;
}

Request about(Request::Kind kind, dataplane::LinkNumber link, const char* address,
              const char* mac = nullptr) {
  Request request{kind};
  request.link = link;
  request.address = lb::IpAddress::parse(address)->ipv4();
  if (mac != nullptr) request.mac = *lb::MacAddress::parse(mac);
  return request;
}

// All know it at once.
void tell(Lab& lab, const Request& request) {
  lab.ask(request);
  for (size_t i = 0; i < lab.workers(); ++i) lab.turn_only(static_cast<uint16_t>(i));
}

constexpr dataplane::LinkNumber kLan = 1;

}  // namespace

// --- services that are deleted, with connections

TEST_CASE("connections of a closed service go on, both ways and by every method") {
  const std::string protocol = GENERATE("tcp", "udp");
  const std::string forward = GENERATE("nat", "dr", "tunnel");
  Lab lab(one_service(protocol, forward));
  const auto packet = [&](const char* from, const char* to, const char* flags) {
    return protocol == "tcp" ? tcp(from, to).flags(flags) : udp(from, to).data(1);
  };
  lab.from_client(packet(kClient, kVip, "S"));
  lab.apply({closed(protocol)});
  const Lines in = lab.from_client(packet(kClient, kVip, "A"));
  REQUIRE(in.size() == 1);
  CHECK(target(in[0]) == "10.2.0.11");
  if (forward == "nat") {
    const Lines out = lab.from_server(packet(kServer, kClient, "SA"));
    REQUIRE(out.size() == 1);
    CHECK_THAT(out[0], Catch::Contains(" 10.1.0.100:80>10.1.0.10:40000"));
  }
  CHECK(lab.connections().size() == 1);
  CHECK(lab.drops() == "");
}

TEST_CASE("to new clients a closed service's port is as closed as any") {
  Lab lab({service_of("tcp", {{kServer}}), service_of("udp", {{kServer}})});
  lab.from_client(tcp(kClient, kVip).flags("S"));
  lab.from_client(udp(kClient, kVip));
  lab.apply({closed("tcp"), closed("udp")});
  const char* const other = "10.1.0.10:40001";
  CHECK(lab.from_client(tcp(other, kVip).flags("S")) ==
        Lines{"TCP 10.1.0.100:80>10.1.0.10:40001 ttl=64 id=0x0000 tos=0x00 DF [RA] seq=0 ack=1001 "
              "len=40 csum=ok via wan to 10.1.0.10"});
  CHECK(lab.from_client(tcp(other, kVip).flags("A").ack(77)) ==
        Lines{"TCP 10.1.0.100:80>10.1.0.10:40001 ttl=64 id=0x0000 tos=0x00 DF [R] seq=77 len=40 "
              "csum=ok via wan to 10.1.0.10"});
  const Lines unreachable = lab.from_client(udp(other, kVip));
  REQUIRE(unreachable.size() == 1);
  CHECK_THAT(unreachable[0],
             Catch::StartsWith("ICMP 10.1.0.100>10.1.0.10 ttl=64 tos=0xc0 type=3 code=3"));
  CHECK(lab.drops() == "closed_port=3");
  CHECK(lab.refused("tcp 10.1.0.100:80") == 0);
  CHECK(lab.connections().size() == 2);
}

TEST_CASE("a closed service's port is another's that has every port, but for what goes on") {
  const std::string protocol = GENERATE("tcp", "udp");
  const auto packet = [&](const char* from, const char* flags) {
    return protocol == "tcp" ? tcp(from, kVip).flags(flags) : udp(from, kVip).data(1);
  };
  const ServiceSetup every_port{protocol, "10.1.0.100:0", {{"10.2.0.12:0"}}};
  Lab lab({service_of(protocol, {{kServer}}), every_port});
  CHECK(target(lab.from_client(packet(kClient, "S")).at(0)) == "10.2.0.11");
  lab.apply({closed(protocol), every_port});
  CHECK(target(lab.from_client(packet("10.1.0.10:2", "S")).at(0)) == "10.2.0.12");
  CHECK(target(lab.from_client(packet(kClient, "A")).at(0)) == "10.2.0.11");
  const Frame reply =
      protocol == "tcp" ? tcp(kServer, kClient).flags("A") : udp(kServer, kClient).data(1);
  CHECK_THAT(lab.from_server(reply).at(0), Catch::Contains(" 10.1.0.100:80>10.1.0.10:40000"));
  CHECK(lab.connections().size() == 2);
  CHECK(lab.drops() == "");
}

TEST_CASE("a closed service's address is still the director's own") {
  Lab lab(one_service());
  lab.apply({closed("tcp")});
  CHECK_THAT(lab.from_client(echo_request("10.1.0.10", "10.1.0.100")).at(0),
             Catch::StartsWith("ICMP 10.1.0.100>10.1.0.10 ttl=64") && Catch::Contains("type=0"));
  CHECK_THAT(lab.from_client(arp_request("10.1.0.10", "10.1.0.100")).at(0),
             Catch::StartsWith("ARP 10.1.0.100 is-at"));
}

TEST_CASE("a connection that ends by itself is the last that a closed service hears of it") {
  Lab lab(one_service());
  lab.from_client(tcp(kClient, kVip).flags("S"));
  lab.from_server(tcp(kServer, kClient).flags("RA"));
  lab.apply({closed("tcp")});
  // In CLOSE it would give way to a new one, which a closed service does not take.
  CHECK_THAT(lab.from_client(tcp(kClient, kVip).flags("S")).at(0), Catch::Contains("[RA] seq=0"));
  CHECK(lab.connections() == Lines{});
  CHECK(lab.load("tcp 10.1.0.100:80", kServer) == "0/0");
}

TEST_CASE("a service that comes back while it is closed takes connections again") {
  Lab lab(one_service());
  lab.from_client(tcp(kClient, kVip).flags("S"));
  lab.apply({closed("tcp")});
  lab.apply({service_of("tcp", {{"10.2.0.12:80"}})});
  CHECK(target(lab.from_client(tcp("10.1.0.10:2", kVip).flags("S")).at(0)) == "10.2.0.12");
  CHECK(target(lab.from_client(tcp(kClient, kVip).flags("A")).at(0)) == "10.2.0.11");
}

// --- timeouts

TEST_CASE("timeouts of a new configuration hold for what begins and for what goes on") {
  Lab lab(one_service("udp"));
  lab.from_client(udp(kClient, kVip));
  lab.edit([](Setup& setup) { setup.timeouts[lb::State::kUdp] = 400; });
  lab.from_client(udp("10.1.0.10:2", kVip));
  CHECK(lab.connections() == Lines{"UDP 06:40 UDP 10.1.0.10:2 10.1.0.100:80 10.2.0.11:80",
                                   "UDP 06:40 UDP 10.1.0.10:40000 10.1.0.100:80 10.2.0.11:80"});
  lab.pass(390);
  CHECK(lab.connections().size() == 2);
  lab.pass(20);
  CHECK(lab.connections() == Lines{});
}

TEST_CASE("a shorter timeout ends what has been silent for longer, and nothing else") {
  Lab lab(one_service("udp"));
  lab.from_client(udp(kClient, kVip));
  lab.pass(50);
  lab.from_client(udp("10.1.0.10:2", kVip));
  lab.edit([](Setup& setup) { setup.timeouts[lb::State::kUdp] = 40; });
  lab.pass(1);
  CHECK(lab.connections() == Lines{"UDP 00:39 UDP 10.1.0.10:2 10.1.0.100:80 10.2.0.11:80"});
  lab.pass(40);
  CHECK(lab.connections() == Lines{});
}

TEST_CASE("a shorter timeout holds for a state that comes later") {
  Lab lab(one_service());
  lab.from_client(tcp(kClient, kVip).flags("S"));
  lab.edit([](Setup& setup) { setup.timeouts[lb::State::kEstablished] = 5; });
  lab.from_server(tcp(kServer, kClient).flags("SA"));
  lab.from_client(tcp(kClient, kVip).flags("A"));
  CHECK(lab.connections() ==
        Lines{"TCP 00:05 ESTABLISHED 10.1.0.10:40000 10.1.0.100:80 10.2.0.11:80"});
  lab.pass(7);
  CHECK(lab.connections() == Lines{});
}

// --- routes and addresses

TEST_CASE("with another route, packets of a connection go by the other router at once") {
  Setup setup{.services = one_service()};
  setup.routes = {{"0.0.0.0/0", "wan", "10.1.0.11"}};
  Lab lab(setup);
  const char* const far = "192.0.2.9:1";
  lab.from_client(tcp(far, kVip).flags("S").from_mac(mac_of("10.1.0.11")));
  CHECK(target(lab.from_server(tcp(kServer, far).flags("SA")).at(0)) == "10.1.0.11");
  lab.edit([](Setup& changed) {
    changed.routes[0].gateway = "10.1.0.12";
    ++changed.routing_version;
  });
  CHECK(target(lab.from_server(tcp(kServer, far).flags("A")).at(0)) == "10.1.0.12");
  CHECK(lab.drops() == "");
}

TEST_CASE("with another route, new connections go to their server by the other router at once") {
  Setup setup{.services = {{"tcp", kVip, {{"172.16.0.5:80"}}}}};
  setup.routes = {{"172.16.0.0/16", "lan", "10.2.0.12"}};
  Lab lab(setup);
  lab.from_client(tcp("10.1.0.10:1", kVip).flags("S"));
  CHECK(target(lab.from_client(tcp("10.1.0.10:2", kVip).flags("S")).at(0)) == "10.2.0.12");
  lab.edit([](Setup& changed) {
    changed.routes[0].gateway = "10.2.0.13";
    ++changed.routing_version;
  });
  CHECK(target(lab.from_client(tcp("10.1.0.10:3", kVip).flags("S")).at(0)) == "10.2.0.13");
  CHECK(target(lab.from_client(tcp("10.1.0.10:4", kVip).flags("S")).at(0)) == "10.2.0.13");
  CHECK(lab.drops() == "");
}

TEST_CASE("with another address of a link, tunnels begin there at once") {
  Lab lab(one_service("tcp", "tunnel"));
  CHECK_THAT(lab.from_client(tcp(kClient, kVip).flags("S")).at(0),
             Catch::StartsWith("proto=4 10.2.0.1>10.2.0.11 "));
  lab.edit([](Setup& changed) {
    changed.links[kLan].addresses = {"10.2.0.9/24"};
    ++changed.routing_version;
  });
  CHECK_THAT(lab.from_client(tcp(kClient, kVip).flags("A")).at(0),
             Catch::StartsWith("proto=4 10.2.0.9>10.2.0.11 "));
}

TEST_CASE("what waits for a next hop when routes change is not forgotten") {
  Setup setup{.services = one_service()};
  setup.hosts = {{"wan", "10.1.0.10"}};
  Lab lab(setup);
  CHECK(lab.from_client(tcp(kClient, kVip).flags("S")).size() == 1);
  lab.edit([](Setup& changed) { ++changed.routing_version; });
  const Lines out = lab.from_server(arp_reply("10.2.0.11", "10.2.0.1"));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::StartsWith("TCP 10.1.0.10:40000>10.2.0.11:80"));
}

// --- static neighbours

TEST_CASE(
    "a static neighbour that is added is used at once, also where another address was known") {
  Lab lab(one_service());
  lab.from_client(tcp(kClient, kVip).flags("S"));
  tell(lab, about(Request::Kind::kAddNeighbour, kLan, "10.2.0.11", "02:aa:00:00:00:01"));
  CHECK(target(lab.from_client(tcp(kClient, kVip).flags("A")).at(0)) == "02:aa:00:00:00:01");
  // What it says itself does not count.
  lab.from_server(arp_reply("10.2.0.11", "10.2.0.1"));
  CHECK(target(lab.from_client(tcp(kClient, kVip).flags("A")).at(0)) == "02:aa:00:00:00:01");
}

TEST_CASE("what waits for a neighbour leaves when it is made a static one") {
  Setup setup{.services = one_service()};
  setup.hosts = {{"wan", "10.1.0.10"}};
  Lab lab(setup);
  CHECK(lab.from_client(tcp(kClient, kVip).flags("S")) ==
        Lines{"ARP who-has 10.2.0.11 tell 10.2.0.1 via lan to all"});
  lab.ask(about(Request::Kind::kAddNeighbour, kLan, "10.2.0.11", "02:aa:00:00:00:01"));
  Lines out;
  for (size_t i = 0; i < lab.workers() && out.empty(); ++i) out = lab.turn();
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::StartsWith("TCP 10.1.0.10:40000>10.2.0.11:80"));
  CHECK(lab.io().outstanding() == 0);
}

TEST_CASE("a static neighbour that is forgotten is asked for when it is next needed") {
  Lab lab(one_service());
  lab.from_client(tcp(kClient, kVip).flags("S"));
  tell(lab, about(Request::Kind::kForgetNeighbour, kLan, "10.2.0.11"));
  CHECK(lab.from_client(tcp(kClient, kVip).flags("A")) ==
        Lines{"ARP who-has 10.2.0.11 tell 10.2.0.1 via lan to all"});
  CHECK_THAT(lab.from_server(arp_reply("10.2.0.11", "10.2.0.1")).at(0),
             Catch::StartsWith("TCP 10.1.0.10:40000>10.2.0.11:80"));
}

TEST_CASE("only static neighbours are forgotten by order") {
  Setup setup{.services = one_service()};
  setup.hosts = {{"wan", "10.1.0.10"}};
  Lab lab(setup);
  lab.from_server(arp_request("10.2.0.11", "10.2.0.1"));
  tell(lab, about(Request::Kind::kForgetNeighbour, kLan, "10.2.0.11"));
  tell(lab, about(Request::Kind::kForgetNeighbour, kLan, "10.2.0.99"));
  CHECK_THAT(lab.from_client(tcp(kClient, kVip).flags("S")).at(0), Catch::StartsWith("TCP"));
}

// --- announcements

TEST_CASE("a new address is announced on the link whose prefix holds it, or else on all") {
  Lab lab({{"tcp", kVip, {}}, {"tcp", "172.16.0.1:80", {}}});
  REQUIRE(lab.worker().control_request(about(Request::Kind::kAnnounceAddress, 0, "10.1.0.100")));
  Lines out = lab.turn();
  while (lab.workers() > 1 && out.empty()) out = lab.turn();
  CHECK(out == Lines{"ARP announces 10.1.0.100 via wan to all"});
  REQUIRE(lab.worker().control_request(about(Request::Kind::kAnnounceAddress, 0, "172.16.0.1")));
  out = lab.turn();
  CHECK(out == Lines{"ARP announces 172.16.0.1 via wan to all",
                     "ARP announces 172.16.0.1 via lan to all"});
}
