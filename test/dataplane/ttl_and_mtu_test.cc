// Packets whose TTL runs out at the director, and packets that do not fit the next link (recorded
// vectors nat-ttl1, nat-ttl2, dr-ttl2, nat-reply-ttl, nat-mtu1400, dr-mtu1400).
#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

TEST_CASE("at TTL 2 a packet leaves with 1") {
  const std::string forward = GENERATE("nat", "dr");
  Lab lab(one_service("tcp", forward));
  const Lines out = lab.from_client(tcp(kClient, kVip).flags("S").ttl(2));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0],
             Catch::Contains(" ttl=1 id=0x1234") && Catch::EndsWith("via lan to 10.2.0.11"));
}

TEST_CASE("at TTL 1 the client hears time exceeded from the VIP, and the connection exists") {
  const std::string forward = GENERATE("nat", "dr");
  const uint8_t ttl = GENERATE(as<uint8_t>{}, 0, 1);
  Lab lab(one_service("tcp", forward));
  CHECK(lab.from_client(tcp(kClient, kVip).flags("S").ttl(ttl)) ==
        Lines{"ICMP 10.1.0.100>10.1.0.10 ttl=64 tos=0xc0 type=11 code=0 len=68 csum=ok quoting{TCP "
              "10.1.0.10:40000>10.1.0.100:80 ttl=" +
              std::to_string(ttl) +
              " id=0x1234 tos=0x00 DF [S] "
              "seq=1000 len=40 csum=ok} via wan to 10.1.0.10"});
  CHECK(lab.connections() ==
        Lines{"TCP 01:00 SYN_RECV 10.1.0.10:40000 10.1.0.100:80 10.2.0.11:80"});
  CHECK(lab.drops() == "ttl_expired=1");
}

TEST_CASE("a reply at TTL 1 earns its server time exceeded from the inside address") {
  Lab lab(one_service());
  lab.from_client(tcp(kClient, kVip).flags("S"));
  const Lines two = lab.from_server(tcp(kServer, kClient).flags("SA").ttl(2));
  REQUIRE(two.size() == 1);
  CHECK_THAT(two[0], Catch::Contains("10.1.0.100:80>10.1.0.10:40000 ttl=1 "));
  CHECK(
      lab.from_server(tcp(kServer, kClient).flags("SA").ttl(1).ack(1001)) ==
      Lines{
          "ICMP 10.2.0.1>10.2.0.11 ttl=64 tos=0xc0 type=11 code=0 len=68 csum=ok quoting{TCP "
          "10.2.0.11:80>10.1.0.10:40000 ttl=1 id=0x1234 tos=0x00 DF [SA] seq=1000 ack=1001 len=40 "
          "csum=ok} via lan to 10.2.0.11"});
}

TEST_CASE("a routed packet at TTL 1 earns time exceeded from the link that it came by") {
  Lab lab(one_service());
  const Lines out = lab.from_client(udp(kClient, "10.2.0.11:33434").ttl(1));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::StartsWith("ICMP 10.1.0.1>10.1.0.10 ttl=64 tos=0xc0 type=11 code=0"));
  CHECK(lab.drops() == "ttl_expired=1");
}

TEST_CASE("what is for the director itself may come with TTL 1") {
  Lab lab(one_service());
  CHECK(lab.from_client(echo_request("10.1.0.10", "10.1.0.100").ttl(1)).size() == 1);
  CHECK(lab.from_client(tcp(kClient, "10.1.0.1:81").flags("S").ttl(1)).size() == 1);
  CHECK(lab.drops() == "closed_port=1");
}

namespace {

Setup narrow_lan(const std::string& forward = "nat") {
  Setup setup{.services = one_service("tcp", forward)};
  setup.links[1].mtu = 1400;
  return setup;
}

}  // namespace

TEST_CASE("with DF, a packet beyond the next link's MTU earns fragmentation needed with that MTU") {
  const std::string forward = GENERATE("nat", "dr");
  Lab lab(narrow_lan(forward));
  lab.from_client(tcp(kClient, kVip).flags("S"));
  CHECK(lab.from_client(tcp(kClient, kVip).flags("A").data(1360)).size() == 1);
  CHECK(lab.drops() == "");
  CHECK(lab.from_client(tcp(kClient, kVip).flags("A").data(1361)) ==
        Lines{"ICMP 10.1.0.100>10.1.0.10 ttl=64 tos=0xc0 type=3 code=4 mtu=1400 len=576 csum=ok "
              "quoting{TCP 10.1.0.10:40000>10.1.0.100:80 ttl=63 id=0x1234 tos=0x00 DF [A] seq=1000 "
              "ack=0 "
              "len=1401 csum=? quoted=548} via wan to 10.1.0.10"});
  CHECK(lab.drops() == "too_big=1");
}

TEST_CASE("without DF, a packet beyond the next link's MTU goes to its server in fragments") {
  Lab lab(narrow_lan());
  lab.from_client(tcp(kClient, kVip).flags("S"));
  const Lines out = lab.from_client(tcp(kClient, kVip).flags("A").data(1361).may_fragment());
  REQUIRE(out.size() == 2);
  CHECK_THAT(out[0], Catch::Contains("FRAG 0x2000") && Catch::Contains("len=1396"));
  CHECK_THAT(out[1], Catch::Contains("FRAG 0x00ac len=25 via lan to 10.2.0.11"));
  CHECK(lab.drops() == "");
}

TEST_CASE("a reply beyond the client link's MTU earns its server fragmentation needed") {
  Setup setup{.services = one_service()};
  setup.links[0].mtu = 1300;
  Lab lab(setup);
  lab.from_client(tcp(kClient, kVip).flags("S"));
  const Lines out = lab.from_server(tcp(kServer, kClient).flags("A").data(1261));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0],
             Catch::StartsWith("ICMP 10.2.0.1>10.2.0.11 ttl=64 tos=0xc0 type=3 code=4 mtu=1300"));
}

TEST_CASE("a routed packet beyond the MTU earns fragmentation needed too") {
  Lab lab(narrow_lan());
  const Lines out = lab.from_client(udp(kClient, "10.2.0.12:5").data(1400));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0],
             Catch::StartsWith("ICMP 10.1.0.1>10.1.0.10 ttl=64 tos=0xc0 type=3 code=4 mtu=1400"));
}
