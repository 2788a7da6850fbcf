// Connections that the operator ends: both ends are asked where they are, and what they say earns
// both a reset that each believes.
#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

namespace {

const std::string kWeb = "tcp 10.1.0.100:80";

// kClient's connection to kServer, established.
void establish(Lab& lab) {
  lab.from_client(tcp(kClient, kVip).flags("S"));
  lab.from_server(tcp(kServer, kClient).flags("SA").seq(5000).ack(1001));
  lab.from_client(tcp(kClient, kVip).flags("A").seq(1001).ack(5001));
}

// The same, with its server gone and its connections cut. Others go to .12.
void cut_established(Lab& lab) {
  establish(lab);
  lab.apply({service_of("tcp", {{"10.2.0.12:80"}})});
  lab.cut(kWeb, {kServer});
}

const std::string kToClient =
    "TCP 10.1.0.100:80>10.1.0.10:40000 ttl=64 id=0x0000 tos=0x00 DF [R] seq=5001 len=40 csum=ok "
    "via "
    "wan to 10.1.0.10";
const std::string kToServer =
    "TCP 10.1.0.10:40000>10.2.0.11:80 ttl=64 id=0x0000 tos=0x00 DF [R] seq=1001 len=40 csum=ok via "
    "lan to 10.2.0.11";

Lines sorted(Lines lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace

TEST_CASE("an established connection that is cut has both its ends asked where they are") {
  Lab lab(one_service());
  establish(lab);
  CHECK(sorted(lab.cut(kWeb, {kServer})) ==
        Lines{"TCP 10.1.0.100:80>10.1.0.10:40000 ttl=64 id=0x0000 tos=0x00 DF [A] seq=0 ack=0 "
              "len=40 csum=ok via wan to 10.1.0.10",
              "TCP 10.1.0.10:40000>10.2.0.11:80 ttl=64 id=0x0000 tos=0x00 DF [A] seq=0 ack=0 "
              "len=40 csum=ok via lan to 10.2.0.11"});
  CHECK(lab.connections() == Lines{"TCP 00:10 CLOSE 10.1.0.10:40000 10.1.0.100:80 10.2.0.11:80"});
  CHECK(lab.load(kWeb, kServer) == "0/1");
  // It is cut once.
  CHECK(lab.cut(kWeb, {kServer}) == Lines{});
  CHECK(lab.drops() == "");
}

TEST_CASE("what the client of a cut connection says earns both ends a reset in the right place") {
  Lab lab(one_service());
  cut_established(lab);
  CHECK(
      sorted(lab.from_client(tcp(kClient, kVip).flags("A").seq(1001).ack(5001))) ==
      Lines{"TCP 10.1.0.100:80>10.1.0.10:40000 ttl=64 id=0x0000 tos=0x00 DF [R] seq=5001 len=40 "
            "csum=ok via wan to 10.1.0.10",
            "TCP 10.1.0.10:40000>10.2.0.11:80 ttl=63 id=0x1234 tos=0x00 DF [RA] seq=1001 ack=5001 "
            "len=40 csum=ok via lan to 10.2.0.11"});
  CHECK(lab.drops() == "");
}

TEST_CASE("what the server of a cut connection says earns both ends a reset in the right place") {
  Lab lab(one_service());
  cut_established(lab);
  CHECK(sorted(lab.from_server(tcp(kServer, kClient).flags("A").seq(5001).ack(1001))) ==
        Lines{"TCP 10.1.0.100:80>10.1.0.10:40000 ttl=63 id=0x1234 tos=0x00 DF [RA] seq=5001 "
              "ack=1001 len=40 csum=ok via wan to 10.1.0.10",
              kToServer});
  CHECK(lab.drops() == "");
}

TEST_CASE("no payload, no option and no other flag of a packet goes on with the reset") {
  const std::string flags = GENERATE("PA", "FPA", "UA", "SA");
  const size_t length = GENERATE(0u, 1u, 1000u);
  const Bytes timestamps = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2};
  Lab lab(one_service());
  cut_established(lab);
  const Lines out = sorted(lab.from_client(
      tcp(kClient, kVip).flags(flags).seq(1001).ack(5001).tcp_options(timestamps).data(length)));
  CHECK(out == Lines{kToClient,
                     "TCP 10.1.0.10:40000>10.2.0.11:80 ttl=63 id=0x1234 tos=0x00 DF [RA] seq=1001 "
                     "ack=5001 len=40 csum=ok via lan to 10.2.0.11"});
}

TEST_CASE("a packet without acknowledgement becomes a reset without one") {
  Lab lab(one_service());
  cut_established(lab);
  CHECK(sorted(lab.from_client(tcp(kClient, kVip).flags("F").seq(1001).data(10))) ==
        Lines{"TCP 10.1.0.100:80>10.1.0.10:40000 ttl=64 id=0x0000 tos=0x00 DF [RA] seq=0 ack=1012 "
              "len=40 csum=ok via wan to 10.1.0.10",
              "TCP 10.1.0.10:40000>10.2.0.11:80 ttl=63 id=0x1234 tos=0x00 DF [R] seq=1001 len=40 "
              "csum=ok via lan to 10.2.0.11"});
}

TEST_CASE("IP options go with the reset, padding stays") {
  const Bytes router_alert = {0x94, 4, 0, 0};
  Lab lab(one_service());
  cut_established(lab);
  const Lines out = lab.from_client(tcp(kClient, kVip)
                                        .flags("A")
                                        .seq(1001)
                                        .ack(5001)
                                        .ip_options(router_alert)
                                        .data(3)
                                        .padded_to(100, 0xee));
  CHECK(sorted(out) ==
        Lines{kToClient,
              "TCP 10.1.0.10:40000>10.2.0.11:80 ttl=63 id=0x1234 tos=0x00 DF ipopts=94040000 [RA] "
              "seq=1001 ack=5001 len=44 csum=ok via lan to 10.2.0.11"});
}

TEST_CASE("a reset of either end passes as it is") {
  Lab lab(one_service());
  cut_established(lab);
  CHECK(lab.from_client(tcp(kClient, kVip).flags("R").seq(1001)) ==
        Lines{"TCP 10.1.0.10:40000>10.2.0.11:80 ttl=63 id=0x1234 tos=0x00 DF [R] seq=1001 len=40 "
              "csum=ok via lan to 10.2.0.11"});
  CHECK(lab.from_server(tcp(kServer, kClient).flags("RA").seq(5001).ack(1001)) ==
        Lines{"TCP 10.1.0.100:80>10.1.0.10:40000 ttl=63 id=0x1234 tos=0x00 DF [RA] seq=5001 "
              "ack=1001 len=40 csum=ok via wan to 10.1.0.10"});
}

TEST_CASE("a SYN on a cut connection's ends begins anew, at another server") {
  Lab lab(one_service());
  cut_established(lab);
  const Lines out = lab.from_client(tcp(kClient, kVip).flags("S").seq(9000));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::StartsWith("TCP 10.1.0.10:40000>10.2.0.12:80") &&
                         Catch::Contains("[S] seq=9000"));
  CHECK(lab.connections() ==
        Lines{"TCP 01:00 SYN_RECV 10.1.0.10:40000 10.1.0.100:80 10.2.0.12:80"});
  // The new one is a connection like others.
  CHECK(lab.from_server(tcp("10.2.0.12:80", kClient).flags("SA")).size() == 1);
  CHECK(lab.from_client(tcp(kClient, kVip).flags("A")).size() == 1);
  CHECK(lab.load(kWeb, kServer) == "0/0");
}

TEST_CASE("a cut connection is forgotten ten seconds later, whatever its ends still send") {
  Lab lab(one_service());
  cut_established(lab);
  const uint64_t before = lab.traffic(kWeb, kServer).packets_in.reader_get();
  lab.pass(8);
  CHECK(lab.from_client(tcp(kClient, kVip).flags("A")).size() == 2);
  CHECK(lab.connections().size() == 1);
  CHECK(lab.traffic(kWeb, kServer).packets_in.reader_get() == before);
  lab.pass(4);
  CHECK(lab.connections() == Lines{});
  CHECK(lab.load(kWeb, kServer) == "0/0");
}

TEST_CASE("a connection that is only begun is cut like others") {
  Lab lab(one_service());
  lab.from_client(tcp(kClient, kVip).flags("S"));
  CHECK(lab.cut(kWeb, {kServer}).size() == 2);
  // A client that has sent a SYN resets what acknowledges something else (RFC 9293 section
  // 3.10.7.3).
  CHECK(lab.from_client(tcp(kClient, kVip).flags("R").seq(0)).size() == 1);
  CHECK(lab.from_server(tcp(kServer, kClient).flags("SA").seq(5000).ack(1001)).size() == 2);
}

TEST_CASE("in DR the client alone is asked, and its word resets both") {
  Lab lab(one_service("tcp", "dr"));
  lab.from_client(tcp(kClient, kVip).flags("S"));
  lab.from_client(tcp(kClient, kVip).flags("A").seq(1001).ack(5001));
  const Lines probes = lab.cut(kWeb, {kServer});
  REQUIRE(probes.size() == 1);
  CHECK_THAT(probes[0], Catch::StartsWith("TCP 10.1.0.100:80>10.1.0.10:40000 ttl=64") &&
                            Catch::Contains("[A] seq=0 ack=0") && Catch::EndsWith("to 10.1.0.10"));
  CHECK(sorted(lab.from_client(tcp(kClient, kVip).flags("PA").seq(1001).ack(5001).data(9))) ==
        Lines{kToClient,
              "TCP 10.1.0.10:40000>10.1.0.100:80 ttl=63 id=0x1234 tos=0x00 DF [RA] seq=1001 "
              "ack=5001 len=40 csum=ok via lan to 10.2.0.11"});
}

TEST_CASE("through a tunnel the server's reset comes as other packets do") {
  Lab lab(one_service("tcp", "tunnel"));
  lab.from_client(tcp(kClient, kVip).flags("S"));
  lab.from_client(tcp(kClient, kVip).flags("A").seq(1001).ack(5001));
  CHECK(lab.cut(kWeb, {kServer}).size() == 1);
  CHECK(sorted(lab.from_client(tcp(kClient, kVip).flags("PA").seq(1001).ack(5001).data(9))) ==
        Lines{kToClient,
              "proto=4 10.2.0.1>10.2.0.11 ttl=63 id=0x0000 tos=0x00 DF len=60 carrying{TCP "
              "10.1.0.10:40000>10.1.0.100:80 ttl=63 id=0x1234 tos=0x00 DF [RA] seq=1001 ack=5001 "
              "len=40 csum=ok} via lan to 10.2.0.11"});
}

TEST_CASE("UDP ends at once and silently, and the next datagram goes elsewhere") {
  const std::string forward = GENERATE("nat", "dr", "tunnel");
  Lab lab(one_service("udp", forward));
  lab.from_client(udp(kClient, kVip));
  lab.apply({service_of("udp", {{"10.2.0.12:80", 1, forward}})});
  CHECK(lab.cut("udp 10.1.0.100:80", {kServer}) == Lines{});
  CHECK(lab.connections() == Lines{});
  CHECK(lab.load("udp 10.1.0.100:80", kServer) == "0/0");
  const Lines out = lab.from_client(udp(kClient, kVip));
  REQUIRE(out.size() == 1);
  CHECK(target(out[0]) == "10.2.0.12");
}

TEST_CASE("fragments of a cut connection are dropped, and say why") {
  Lab lab(one_service());
  cut_established(lab);
  const Bytes whole = tcp(kClient, kVip).flags("A").data(100).build(lab.mac_of_link("wan"));
  const auto piece = [&](long from, long to, uint16_t field) {
    return ip("10.1.0.10", "10.1.0.100", 6)
        .id(7)
        .data(Bytes(whole.begin() + 34 + from, whole.begin() + 34 + to))
        .fragment(field);
  };
  CHECK(lab.from_client(piece(0, 80, 0x2000)) == Lines{});
  CHECK(lab.from_client(piece(80, 120, 80 / 8)) == Lines{});
  CHECK(lab.drops() == "cut=2");
}

TEST_CASE("only connections of the servers that are named are cut, of their service alone") {
  Lab lab({service_of("tcp", {{"10.2.0.11:80"}, {"10.2.0.12:80"}, {"10.2.0.13:80"}}),
           {"tcp", "10.1.0.101:80", {{"10.2.0.11:80"}}}});
  const auto client = [](int port) { return "10.1.0.10:" + std::to_string(port); };
  for (int port = 1; port <= 9; ++port) lab.from_client(tcp(client(port), kVip).flags("S"));
  lab.from_client(tcp("10.1.0.11:1", "10.1.0.101:80").flags("S"));
  CHECK(lab.cut(kWeb, {"10.2.0.13:80", "10.2.0.11:80"}).size() == 2 * 6);
  size_t cut = 0, alive = 0;
  for (int port = 1; port <= 9; ++port) {
    const Lines out = lab.from_client(tcp(client(port), kVip).flags("A"));
    (out.size() == 2 ? cut : alive) += 1;
    if (out.size() == 1) CHECK(target(out[0]) == "10.2.0.12");
  }
  CHECK(cut == 6);
  CHECK(alive == 3);
  CHECK(lab.from_client(tcp("10.1.0.11:1", "10.1.0.101:80").flags("A")).size() == 1);
}

TEST_CASE("a thousand connections are cut over many turns, without a limit on resets") {
  Setup setup{.services = one_service(), .capacity = 4096};
  setup.hosts.push_back({"wan", "10.1.0.13"});
  Lab lab(setup);
  const auto client = [](int i) {
    return "10.1.0.1" + std::to_string(i % 4) + ":" + std::to_string(1000 + i / 4);
  };
  constexpr int kConnections = 1200;
  for (int i = 0; i < kConnections; ++i) {
    lab.from_client(tcp(client(i), kVip).flags("S"));
    lab.from_client(tcp(client(i), kVip).flags("A"));
  }
  CHECK(lab.load(kWeb, kServer) == "1200/0");
  CHECK(lab.cut(kWeb, {kServer}).size() == 2 * kConnections);
  CHECK(lab.load(kWeb, kServer) == "0/1200");
  size_t resets = 0;
  for (int i = 0; i < kConnections; ++i) {
    resets += lab.from_client(tcp(client(i), kVip).flags("A")).size();
  }
  CHECK(resets == 2 * kConnections);
  CHECK(lab.count(&dataplane::WorkerCounters::suppressed) == 0);
}

TEST_CASE("a probe waits for an end whose MAC address nobody knows yet") {
  Setup setup{.services = one_service()};
  setup.hosts = {{"lan", "10.2.0.11"}, {"wan", "10.1.0.254"}};
  Lab lab(setup);
  // Its SYN came by a router.
  lab.from_client(tcp(kClient, kVip).flags("S").from_mac(mac_of("10.1.0.254")));
  CHECK(
      sorted(lab.cut(kWeb, {kServer})) ==
      Lines{"ARP who-has 10.1.0.10 tell 10.1.0.1 via wan to all",
            "TCP 10.1.0.10:40000>10.2.0.11:80 ttl=64 id=0x0000 tos=0x00 DF [A] seq=0 ack=0 len=40 "
            "csum=ok via lan to 10.2.0.11"});
  const Lines out = lab.from_client(arp_reply("10.1.0.10", "10.1.0.1"));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::Contains("[A] seq=0 ack=0") && Catch::EndsWith("to 10.1.0.10"));
}

TEST_CASE("an end that cannot be reached any more keeps nobody from being cut") {
  Setup setup{.services = one_service()};
  setup.routes = {{"0.0.0.0/0", "wan", "10.1.0.11"}};
  Lab lab(setup);
  lab.from_client(tcp("192.0.2.9:1", kVip).flags("S").from_mac(mac_of("10.1.0.11")));
  lab.edit([](Setup& changed) {
    changed.routes.clear();
    ++changed.routing_version;
  });
  CHECK(lab.cut(kWeb, {kServer}).size() == 1);
  CHECK(lab.count(&dataplane::WorkerCounters::suppressed) == 1);
}

TEST_CASE("a reset that waits for the server's MAC address is sent once") {
  Lab lab(one_service());
  establish(lab);
  lab.cut(kWeb, {kServer});
  dataplane::Request forget{dataplane::Request::Kind::kForgetNeighbour};
  forget.link = lab.link_number("lan");
  forget.address = lb::IpAddress::parse("10.2.0.11")->ipv4();
  lab.ask(forget);
  lab.turn();
  CHECK(sorted(lab.from_client(tcp(kClient, kVip).flags("PA").seq(1001).ack(5001).data(5))) ==
        Lines{"ARP who-has 10.2.0.11 tell 10.2.0.1 via lan to all", kToClient});
  CHECK(
      lab.from_server(arp_reply("10.2.0.11", "10.2.0.1")) ==
      Lines{"TCP 10.1.0.10:40000>10.2.0.11:80 ttl=63 id=0x1234 tos=0x00 DF [RA] seq=1001 ack=5001 "
            "len=40 csum=ok via lan to 10.2.0.11"});
}

TEST_CASE("every worker cuts its own connections") {
  Setup setup{.services = one_service(), .capacity = 4096, .workers = 4};
  Lab lab(setup);
  const auto client = [](int port) { return "10.1.0.10:" + std::to_string(port); };
  for (int port = 1; port <= 200; ++port) lab.from_client(tcp(client(port), kVip).flags("S"));
  CHECK(lab.cut(kWeb, {kServer}).size() == 400);
  for (int port = 1; port <= 200; ++port) {
    CHECK(lab.from_client(tcp(client(port), kVip).flags("A")).size() == 2);
  }
}

TEST_CASE("all connections of one end are cut, a few a turn", "[one-worker]") {
  constexpr size_t kConnections = 100;
  const ServiceSetup all_ports{"tcp", "10.1.0.100:0", {{"10.2.0.11:0"}}, "rr", 300};
  Lab lab({all_ports});
  for (size_t i = 0; i < kConnections; ++i) {
    lab.from_client(tcp(kClient, "10.1.0.100:" + std::to_string(1000 + i)).flags("S"));
  }
  REQUIRE(lab.connections().size() == kConnections);
  REQUIRE(lab.begin_cut(all_ports.name(), {"10.2.0.11:0"}));
  size_t probes = 0;
  while (lab.is_cutting()) {
    const size_t sent = lab.turn().size();
    CHECK(sent <= size_t{2 * 32});
    probes += sent;
  }
  CHECK(probes == 2 * kConnections);
}
