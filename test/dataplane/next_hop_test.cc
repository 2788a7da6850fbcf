// Next hops: resolved when needed, refreshed while used, given up after three tries.
#include <fmt/core.h>

#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

namespace {

// Nobody's MAC address is known but the client's.
Setup unresolved(std::vector<ServiceSetup> services = one_service()) {
  Setup setup{.services = std::move(services)};
  setup.hosts = {{"wan", "10.1.0.10"}, {"wan", "10.1.0.11"}};
  return setup;
}

const std::string kAsk = "ARP who-has 10.2.0.11 tell 10.2.0.1 via lan to all";

}  // namespace

TEST_CASE("the first packet asks for its server, waits, and leaves with the answer") {
  Lab lab(unresolved());
  CHECK(lab.from_client(tcp(kClient, kVip).flags("S")) == Lines{kAsk});
  CHECK(lab.connections() ==
        Lines{"TCP 01:00 SYN_RECV 10.1.0.10:40000 10.1.0.100:80 10.2.0.11:80"});
  CHECK(lab.from_server(arp_reply("10.2.0.11", "10.2.0.1")) ==
        Lines{"TCP 10.1.0.10:40000>10.2.0.11:80 ttl=63 id=0x1234 tos=0x00 DF [S] seq=1000 len=40 "
              "csum=ok via lan to 10.2.0.11"});
  CHECK(lab.drops() == "");
  CHECK(lab.traffic("tcp 10.1.0.100:80", kServer).packets_in.reader_get() == 1);
}

TEST_CASE("a request of the awaited host answers as well", "[one-worker]") {
  Lab lab(unresolved());
  lab.from_client(tcp(kClient, kVip).flags("S"));
  const Lines out = lab.from_server(arp_request("10.2.0.11", "10.2.0.1"));
  REQUIRE(out.size() == 2);
  CHECK_THAT(out[0], Catch::StartsWith("TCP 10.1.0.10:40000>10.2.0.11:80"));
  CHECK_THAT(out[1], Catch::StartsWith("ARP 10.2.0.1 is-at"));
}

TEST_CASE("the question comes from the address whose prefix holds the next hop") {
  Setup setup = unresolved({{"tcp", kVip, {{"172.16.0.5:80"}}}});
  setup.links[1].addresses = {"10.2.0.1/24", "172.16.0.1/16"};
  Lab lab(setup);
  CHECK(lab.from_client(tcp(kClient, kVip).flags("S")) ==
        Lines{"ARP who-has 172.16.0.5 tell 172.16.0.1 via lan to all"});
}

TEST_CASE("sixty-four packets wait and leave in order, one more is dropped") {
  Lab lab(unresolved(one_service("udp")));
  std::vector<Frame> frames;
  for (uint16_t id = 1; id <= 65; ++id) frames.push_back(udp(kClient, kVip).id(id));
  CHECK(lab.receive("wan", frames) == Lines{kAsk});
  CHECK(lab.turn() == Lines{});
  CHECK(lab.drops() == "neighbour_pending=1");
  const Lines out = lab.from_server(arp_reply("10.2.0.11", "10.2.0.1"));
  REQUIRE(out.size() == 64);
  for (size_t i = 0; i < 64; ++i) {
    CHECK_THAT(out[i], Catch::Contains(fmt::format("id=0x{:04x}", i + 1)));
  }
}

TEST_CASE("an unanswered question is asked again each second and given up after three") {
  Lab lab(unresolved());
  CHECK(lab.from_client(tcp(kClient, kVip).flags("S")) == Lines{kAsk});
  // A try runs out after a second, and is seen within the next one.
  CHECK(lab.pass(0.9) == Lines{});
  CHECK(lab.pass(1.1) == Lines{kAsk});
  CHECK(lab.pass(1) == Lines{kAsk});
  CHECK(lab.drops() == "");
  CHECK(
      lab.pass(1.1) ==
      Lines{
          "ICMP 10.1.0.100>10.1.0.10 ttl=64 tos=0xc0 type=3 code=1 len=68 csum=ok quoting{TCP "
          "10.1.0.10:40000>10.1.0.100:80 ttl=64 id=0x1234 tos=0x00 DF [S] seq=1000 len=40 csum=ok} "
          "via wan to 10.1.0.10"});
  CHECK(lab.drops() == "neighbour_failed=1");
  CHECK(lab.pass(10) == Lines{});
}

TEST_CASE("a next hop that failed is asked anew by the next packet") {
  Lab lab(unresolved());
  lab.from_client(tcp(kClient, kVip).flags("S"));
  lab.pass(5);
  CHECK(lab.from_client(tcp(kClient, kVip).flags("S")) == Lines{kAsk});
  CHECK(lab.from_server(arp_reply("10.2.0.11", "10.2.0.1")).size() == 1);
}

TEST_CASE("a used neighbour is asked again, by unicast first and by broadcast in the end",
          "[one-worker]") {
  Lab lab(unresolved());
  lab.from_server(arp_request("10.2.0.11", "10.2.0.1"));
  lab.from_client(tcp(kClient, kVip).flags("S"));
  CHECK(lab.pass(29) == Lines{});
  lab.from_client(tcp(kClient, kVip).flags("A"));
  const std::string unicast = "ARP who-has 10.2.0.11 tell 10.2.0.1 via lan to 10.2.0.11";
  CHECK(lab.pass(6.5) == Lines{unicast, unicast, unicast, kAsk, kAsk, kAsk});
  // Meanwhile it is still used.
  const Lines out = lab.from_client(tcp(kClient, kVip).flags("A"));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::StartsWith("TCP"));
  CHECK(lab.pass(1) == Lines{});
  CHECK(lab.from_client(tcp(kClient, kVip).flags("A")) == Lines{kAsk});
}

TEST_CASE("a neighbour that answers its refresh is left alone for half a minute", "[one-worker]") {
  Lab lab(unresolved());
  lab.from_server(arp_request("10.2.0.11", "10.2.0.1"));
  lab.pass(1);
  lab.from_client(tcp(kClient, kVip).flags("S"));
  CHECK(lab.pass(30).size() == 1);
  lab.from_server(arp_reply("10.2.0.11", "10.2.0.1"));
  CHECK(lab.events() == Lines{});
  lab.from_client(tcp(kClient, kVip).flags("A"));
  CHECK(lab.pass(29) == Lines{});
}

TEST_CASE("a neighbour that nobody uses is not asked, and is forgotten in the end") {
  Lab lab(unresolved());
  lab.from_server(arp_request("10.2.0.11", "10.2.0.1"));
  CHECK(lab.pass(300) == Lines{});
  // Still known: the packet goes, and the question whether it is still there follows.
  const Lines out = lab.from_client(tcp(kClient, kVip).flags("S"));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::EndsWith("via lan to 10.2.0.11"));
  CHECK(lab.pass(1) == Lines{"ARP who-has 10.2.0.11 tell 10.2.0.1 via lan to 10.2.0.11"});
  lab.from_server(arp_reply("10.2.0.11", "10.2.0.1"));
  CHECK(lab.pass(700) == Lines{});
  CHECK(lab.from_client(tcp("10.1.0.10:2", kVip).flags("S")) == Lines{kAsk});
}

TEST_CASE("a next hop that does not answer is reported once until it answers again") {
  Lab lab(unresolved());
  for (int round = 0; round < 3; ++round) {
    lab.from_client(tcp(kClient, kVip).flags("S"));
    lab.pass(5);
  }
  CHECK(lab.events() == Lines{"10.2.0.11 on lan does not answer"});
  lab.from_server(arp_request("10.2.0.11", "10.2.0.1"));
  lab.from_client(tcp(kClient, kVip).flags("S"));
  lab.pass(40);
  CHECK(lab.events() == Lines{});  // stale, and not asked: nobody uses it
  lab.from_client(tcp(kClient, kVip).flags("S"));
  lab.pass(10);
  CHECK(lab.events() == Lines{"10.2.0.11 on lan does not answer"});
}

TEST_CASE("replies wait for an unknown client as packets do for a server") {
  Setup setup = unresolved();
  setup.hosts = {{"lan", "10.2.0.11"}};
  Lab lab(setup);
  CHECK(lab.from_client(tcp(kClient, kVip).flags("S")).size() == 1);
  CHECK(lab.from_server(tcp(kServer, kClient).flags("SA")) ==
        Lines{"ARP who-has 10.1.0.10 tell 10.1.0.1 via wan to all"});
  const Lines out = lab.from_client(arp_reply("10.1.0.10", "10.1.0.1"));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::StartsWith("TCP 10.1.0.100:80>10.1.0.10:40000 ttl=63"));
}

TEST_CASE("when the client is gone, its server is told") {
  Setup setup = unresolved();
  setup.hosts = {{"lan", "10.2.0.11"}};
  Lab lab(setup);
  lab.from_client(tcp(kClient, kVip).flags("S"));
  lab.from_server(tcp(kServer, kClient).flags("SA"));
  const Lines out = lab.pass(5);
  REQUIRE(out.size() == 3);
  CHECK_THAT(out[2], Catch::StartsWith("ICMP 10.2.0.1>10.2.0.11 ttl=64 tos=0xc0 type=3 code=1") &&
                         Catch::EndsWith("via lan to 10.2.0.11"));
}

TEST_CASE("a scan of a whole prefix does not drive out a neighbour in use") {
  Setup setup = unresolved();
  setup.links[1].addresses = {"10.2.0.1/16"};
  Lab lab(setup);
  lab.from_server(arp_request("10.2.0.12", "10.2.0.1"));
  lab.from_server(arp_request("10.2.0.11", "10.2.0.1"));
  lab.from_client(tcp(kClient, kVip).flags("S"));
  lab.pass(5);
  for (int third = 1; third <= 70; ++third) {
    for (int fourth = 1; fourth < 241; fourth += 60) {
      std::vector<Frame> burst;
      for (int i = fourth; i < fourth + 60; ++i) {
        burst.push_back(
            udp(kClient, "10.2." + std::to_string(third) + "." + std::to_string(i) + ":9"));
      }
      lab.receive("wan", burst);
    }
  }
  const Lines out = lab.from_client(tcp(kClient, kVip).flags("A"));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::StartsWith("TCP") && Catch::EndsWith("via lan to 10.2.0.11"));
}

TEST_CASE("many unresolved next hops together hold a bounded number of packets", "[one-worker]") {
  Setup setup = unresolved(one_service());
  setup.links[1].addresses = {"10.2.0.1/16"};
  Lab lab(setup);
  for (int i = 0; i < 400; ++i) {
    const std::string host =
        "10.2." + std::to_string(1 + i / 200) + "." + std::to_string(1 + i % 200);
    lab.receive("wan", std::vector<Frame>(8, udp(kClient, host + ":9")));
  }
  CHECK(lab.io().outstanding() == dataplane::Neighbours<lb::V4>::kHeldTotal);
}
