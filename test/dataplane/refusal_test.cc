// What becomes of a new connection that cannot be had (recorded vectors *-no-rs, *-weight0,
// nat-first-*,
// *-nonservice-port).
#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

TEST_CASE("without a real server, TCP and UDP alike earn port unreachable from the VIP") {
  Lab lab({{"tcp", kVip, {}}, {"udp", kVip, {}}});
  CHECK(
      lab.from_client(tcp(kClient, kVip).flags("S").data(20)) ==
      Lines{
          "ICMP 10.1.0.100>10.1.0.10 ttl=64 tos=0xc0 type=3 code=3 len=88 csum=ok quoting{TCP "
          "10.1.0.10:40000>10.1.0.100:80 ttl=64 id=0x1234 tos=0x00 DF [S] seq=1000 len=60 csum=ok} "
          "via wan to 10.1.0.10"});
  CHECK(
      lab.from_client(udp(kClient, kVip).data(40)) ==
      Lines{"ICMP 10.1.0.100>10.1.0.10 ttl=64 tos=0xc0 type=3 code=3 len=96 csum=ok quoting{UDP "
            "10.1.0.10:40000>10.1.0.100:80 ttl=64 id=0x1234 tos=0x00 DF len=68 csum=ok} via wan to "
            "10.1.0.10"});
  CHECK(lab.drops() == "no_server=2");
  CHECK(lab.refused("tcp 10.1.0.100:80") == 1);
  CHECK(lab.refused("udp 10.1.0.100:80") == 1);
  CHECK(lab.connections() == Lines{});
}

TEST_CASE("at weight 0 every scheduler refuses, whatever the forwarding method") {
  const std::string scheduler = GENERATE("rr", "wrr", "lc", "wlc");
  const std::string forward = GENERATE("nat", "dr");
  Lab lab({{"tcp", kVip, {{"10.2.0.11:80", 0, forward}, {"10.2.0.12:80", 0, forward}}, scheduler}});
  const Lines out = lab.from_client(tcp(kClient, kVip).flags("S"));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::StartsWith("ICMP 10.1.0.100>10.1.0.10 ttl=64 tos=0xc0 type=3 code=3"));
  CHECK(lab.drops() == "no_server=1");
}

TEST_CASE("a connection outlives its server's weight, a new one is refused") {
  Lab lab(one_service());
  lab.from_client(tcp(kClient, kVip).flags("S"));
  lab.apply({service_of("tcp", {{kServer, 0}})});
  CHECK(lab.from_client(tcp(kClient, kVip).flags("A")).size() == 1);
  CHECK(lab.from_server(tcp(kServer, kClient).flags("A")).size() == 1);
  CHECK(lab.drops() == "");
  const Lines out = lab.from_client(tcp("10.1.0.10:40001", kVip).flags("S"));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::Contains("type=3 code=3"));
  CHECK(lab.drops() == "no_server=1");
}

TEST_CASE("an ICMP error quotes up to 548 bytes") {
  const size_t length = GENERATE(28u, 547u, 548u, 549u, 1500u);
  Lab lab({service_of("udp", {})});
  const Lines out = lab.from_client(udp(kClient, kVip).data(length - 28));
  REQUIRE(out.size() == 1);
  const size_t quoted = std::min<size_t>(length, 548);
  CHECK_THAT(out[0], Catch::Contains("code=3 len=" + std::to_string(28 + quoted) + " csum=ok"));
  CHECK_THAT(out[0], Catch::Contains("len=" + std::to_string(length) + " csum="));
  if (length > 548) CHECK_THAT(out[0], Catch::Contains("csum=? quoted=548}"));
}

TEST_CASE("a first packet without SYN is answered as the director's own stack would") {
  struct Case {
    const char* flags;
    size_t data;
    const char* answer;  // nullptr: silence
  };
  const Case c = GENERATE(Case{"A", 0, "[R] seq=77"}, Case{"PA", 10, "[R] seq=77"},
                          Case{"FA", 0, "[R] seq=77"}, Case{"", 0, "[RA] seq=0 ack=1000"},
                          Case{"F", 0, "[RA] seq=0 ack=1001"}, Case{"P", 10, "[RA] seq=0 ack=1010"},
                          Case{"R", 0, nullptr}, Case{"RA", 0, nullptr}, Case{"SR", 0, nullptr});
  Lab lab(one_service());
  const Lines out = lab.from_client(tcp(kClient, kVip).flags(c.flags).ack(77).data(c.data));
  if (c.answer == nullptr) {
    CHECK(out == Lines{});
  } else {
    CHECK(out ==
          Lines{std::string("TCP 10.1.0.100:80>10.1.0.10:40000 ttl=64 id=0x0000 tos=0x00 DF ") +
                c.answer + " len=40 csum=ok via wan to 10.1.0.10"});
  }
  CHECK(lab.drops() == "not_a_syn=1");
  CHECK(lab.connections() == Lines{});
}

TEST_CASE("SYN+ACK and SYN with ECN bits are scheduled") {
  const std::string flags = GENERATE("SA", "SE", "SEC", "SP", "SF");
  Lab lab(one_service());
  const Lines out = lab.from_client(tcp(kClient, kVip).flags(flags));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::EndsWith("via lan to 10.2.0.11"));
  CHECK(lab.drops() == "");
}

TEST_CASE("a port of the director without a service answers RST, or port unreachable for UDP") {
  Lab lab(one_service());
  const std::string own = GENERATE("10.1.0.100", "10.1.0.1", "10.2.0.1");
  CHECK(lab.from_client(tcp(kClient, own + ":81").flags("S")) ==
        Lines{"TCP " + own +
              ":81>10.1.0.10:40000 ttl=64 id=0x0000 tos=0x00 DF [RA] seq=0 ack=1001 "
              "len=40 csum=ok via wan to 10.1.0.10"});
  CHECK(lab.from_client(tcp(kClient, own + ":81").flags("A").ack(5)) ==
        Lines{"TCP " + own +
              ":81>10.1.0.10:40000 ttl=64 id=0x0000 tos=0x00 DF [R] seq=5 len=40 "
              "csum=ok via wan to 10.1.0.10"});
  CHECK(lab.from_client(tcp(kClient, own + ":81").flags("R")) == Lines{});
  CHECK(lab.from_client(udp(kClient, own + ":80").data(1)) ==
        Lines{"ICMP " + own +
              ">10.1.0.10 ttl=64 tos=0xc0 type=3 code=3 len=57 csum=ok quoting{UDP "
              "10.1.0.10:40000>" +
              own +
              ":80 ttl=64 id=0x1234 tos=0x00 DF len=29 csum=ok} via wan to "
              "10.1.0.10"});
  CHECK(lab.drops() == "closed_port=4");
}

// As the stack does that LVS leaves them to: what is damaged may be from anybody.
TEST_CASE("what fails its checksum earns no answer") {
  Lab lab(one_service());
  CHECK(lab.from_client(tcp(kClient, "10.1.0.100:81").flags("S").wrong_by(1)) == Lines{});
  CHECK(lab.from_client(tcp(kClient, kVip).flags("A").wrong_by(1)) == Lines{});
  CHECK(lab.from_client(udp(kClient, "10.1.0.100:81").data(9).wrong_by(1)) == Lines{});
  CHECK(lab.drops() == "bad_transport_header=3");
  CHECK(lab.from_client(udp(kClient, "10.1.0.100:81").data(9)).size() == 1);
  CHECK(lab.from_client(udp(kClient, "10.1.0.100:81").data(9).no_checksum()).size() == 1);
  CHECK(lab.from_client(udp(kClient, "10.1.0.100:81").data(9).padded_to(80, 0xee)).size() == 1);
}

TEST_CASE("no answer goes to a group of hosts") {
  const std::string group = GENERATE("ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01");
  const lb::MacAddress forged = lb::MacAddress::parse(group).value();
  Lab lab(one_service());
  CHECK(lab.from_client(tcp(kClient, "10.1.0.100:81").flags("S").from_mac(forged)) == Lines{});
  CHECK(lab.from_client(udp(kClient, "10.1.0.100:81").from_mac(forged)) == Lines{});
  CHECK(lab.count(&dataplane::WorkerCounters::suppressed) == 2);
  CHECK(lab.from_client(echo_request("10.1.0.10", "10.1.0.100").from_mac(forged)) == Lines{});
  CHECK(lab.drops() == "bad_source=1 closed_port=2");
}

TEST_CASE("answers go back to the router that a packet came by") {
  Setup setup{.services = {service_of("tcp", {})}};
  Lab lab(setup);
  const Lines out =
      lab.from_client(tcp("192.0.2.9:1", kVip).flags("S").from_mac(mac_of("10.1.0.254")));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::StartsWith("ICMP 10.1.0.100>192.0.2.9") &&
                         Catch::EndsWith("via wan to 10.1.0.254"));
}

TEST_CASE("the director answers no more than a thousand times a second") {
  Lab lab(one_service());
  size_t answers = 0;
  for (int burst = 0; burst < 20; ++burst) {
    answers += lab.receive("wan", std::vector<Frame>(60, tcp(kClient, kVip).flags("A"))).size();
  }
  CHECK(answers == 1000);
  CHECK(lab.count(&dataplane::WorkerCounters::suppressed) == 200);
  CHECK(lab.drops() == "not_a_syn=1200");
  lab.pass(1);
  CHECK(lab.from_client(tcp(kClient, kVip).flags("A")).size() == 1);
}

TEST_CASE("who uses up the director's answers does not keep others from hearing what fits") {
  Lab lab(one_service("udp", "tunnel"));
  while (lab.count(&dataplane::WorkerCounters::suppressed) == 0) {
    lab.receive("wan", std::vector<Frame>(60, udp("10.1.0.11:5000", "10.1.0.100:9")));
  }
  for (int i = 0; i < 3; ++i) {
    const Lines told = lab.from_client(udp(kClient, kVip).data(1472));
    REQUIRE(told.size() == 1);
    CHECK_THAT(told[0], Catch::Contains("type=3 code=4 mtu=1480"));
  }
}

TEST_CASE("without a buffer for the answer the packet still has its fate") {
  Lab lab({service_of("udp", {})});
  lab.io().set_allocation_fails(true);
  CHECK(lab.from_client(udp(kClient, kVip)) == Lines{});
  CHECK(lab.drops() == "no_server=1");
  CHECK(lab.count(&dataplane::WorkerCounters::suppressed) == 1);
}
