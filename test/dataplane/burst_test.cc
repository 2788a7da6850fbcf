// Bursts: everything in them has exactly one fate (the audit of every Lab counts), in its order.
#include <random>

#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

namespace {

Setup many_services() {
  Setup setup{.services = {{"tcp", kVip, {{kServer}, {"10.2.0.12:80"}}},
                           {"udp", kVip, {{"10.2.0.11:53"}}},
                           {"tcp", "10.1.0.101:443", {{"10.2.0.12:443", 1, "dr"}}},
                           {"tcp", "10.1.0.102:80", {}}}};
  setup.hosts.push_back({"wan", "10.1.0.20"});
  return setup;
}

std::vector<Frame> kinds() {
  return {tcp(kClient, kVip).flags("S"),
          tcp(kClient, kVip).flags("A"),
          udp("10.1.0.11:5", kVip).data(3),
          tcp("10.1.0.12:9", "10.1.0.101:443").flags("S"),
          tcp("10.1.0.12:10", "10.1.0.102:80").flags("S"),
          tcp("10.1.0.20:7", kVip).flags("PA"),
          echo_request("10.1.0.10", "10.1.0.100"),
          arp_request("10.1.0.10", "10.1.0.100"),
          arp_request("10.1.0.10", "10.1.0.11"),
          udp(kClient, "10.2.0.13:99"),
          udp(kClient, "10.2.0.77:99"),
          udp(kClient, "8.8.8.8:53"),
          udp(kClient, "10.1.0.1:53"),
          ip("10.1.0.10", "10.1.0.1", 50),
          tcp(kClient, kVip).flags("S").wrong_ip_checksum(),
          tcp(kClient, kVip).flags("S").cut_to(30),
          raw(0x88cc, {1, 2, 3})};
}

}  // namespace

TEST_CASE("a burst of 64 packets of all kinds gives each its fate") {
  Lab lab(many_services());
  std::mt19937 random(20240701);
  for (int round = 0; round < 40; ++round) {
    std::vector<Frame> frames;
    const std::vector<Frame> from = kinds();
    for (int i = 0; i < 64; ++i) frames.push_back(from[random() % from.size()]);
    lab.receive("wan", frames);
    lab.pass_ticks(random() % 4);
  }
  CHECK(lab.count(&dataplane::WorkerCounters::packets) == 40 * 64);
}

TEST_CASE("what fills no burst, a packet alone too, leaves in the turn in which it came",
          "[one-worker]") {
  const std::string forward = GENERATE("nat", "dr");
  Lab lab(Setup{.services = one_service("udp", forward), .workers = 1});
  for (const size_t packets : {1, 1, 2, 33, 1}) {
    for (size_t i = 0; i < packets; ++i) {
      lab.io().put(lab.link_number("wan"), udp(kClient, kVip).build(lab.mac_of_link("wan")));
    }
    lab.turn_only(0);
    CHECK(lab.io().take_sent().size() == packets);
  }
}

TEST_CASE("packets of one flow leave in the order in which they came") {
  Lab lab(one_service("udp"));
  std::vector<Frame> frames;
  for (uint16_t id = 0; id < 64; ++id) frames.push_back(udp(kClient, kVip).id(id));
  const Lines out = lab.receive("wan", frames);
  REQUIRE(out.size() == 64);
  for (uint16_t id = 0; id < 64; ++id) {
    char text[16];
    std::snprintf(text, sizeof text, "id=0x%04x", id);
    CHECK_THAT(out[id], Catch::Contains(text));
  }
}

TEST_CASE("a SYN and what follows it in the same burst belong to one connection") {
  Lab lab({service_of("tcp", {{"10.2.0.11:80"}, {"10.2.0.12:80"}})});
  const Lines out =
      lab.receive("wan", {tcp(kClient, kVip).flags("S"), tcp(kClient, kVip).flags("A"),
                          tcp(kClient, kVip).flags("PA").data(9)});
  REQUIRE(out.size() == 3);
  for (const std::string& line : out) CHECK_THAT(line, Catch::EndsWith("to 10.2.0.11"));
  CHECK(lab.connections() ==
        Lines{"TCP 15:00 ESTABLISHED 10.1.0.10:40000 10.1.0.100:80 10.2.0.11:80"});
}

TEST_CASE("a connection that ends and begins anew within a burst is found under its new server") {
  Lab lab({service_of("tcp", {{"10.2.0.11:80"}, {"10.2.0.12:80"}})});
  const Lines out =
      lab.receive("wan", {tcp(kClient, kVip).flags("S"), tcp(kClient, kVip).flags("A"),
                          tcp(kClient, kVip).flags("R"), tcp(kClient, kVip).flags("S"),
                          tcp(kClient, kVip).flags("A")});
  REQUIRE(out.size() == 5);
  CHECK_THAT(out[2], Catch::EndsWith("to 10.2.0.11"));
  CHECK_THAT(out[3], Catch::EndsWith("to 10.2.0.12"));
  CHECK_THAT(out[4], Catch::EndsWith("to 10.2.0.12"));
}
