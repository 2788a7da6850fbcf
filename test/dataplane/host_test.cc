// The director as a host: ping, and IP protocols that it does not speak.
#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

TEST_CASE("an echo request to an own address or VIP is answered by the director itself") {
  Lab lab(one_service());
  const std::string own = GENERATE("10.1.0.1", "10.2.0.1", "10.1.0.100");
  CHECK(lab.from_client(echo_request("10.1.0.10", own).ttl(9)) ==
        Lines{"ICMP " + own +
              ">10.1.0.10 ttl=64 id=0x1234 tos=0x00 DF type=0 code=0 rest=00050001 "
              "len=32 csum=ok via wan to 10.1.0.10"});
  CHECK(lab.drops() == "");
}

TEST_CASE("an echo reply carries the request's data, whatever its length") {
  const size_t length = GENERATE(0u, 1u, 3u, 56u, 57u, 1472u);
  Lab lab(one_service());
  const Frame request = icmp("10.1.0.10", "10.1.0.100", 8, 0, 0x12345678).data(length);
  lab.io().put(0, request.build(lab.mac_of_link("wan")));
  lab.turn_quietly();
  const std::vector<SentFrame> sent = lab.io().take_sent();
  REQUIRE(sent.size() == 1);
  const Bytes in = request.build({});
  REQUIRE(sent[0].bytes.size() == in.size());
  CHECK(std::equal(in.begin() + 14 + 20 + 4, in.end(), sent[0].bytes.begin() + 14 + 20 + 4));
  CHECK(internet_checksum(View(sent[0].bytes).subspan(34)) == 0);
}

TEST_CASE("an echo reply leaves a short frame's padding behind") {
  Lab lab(one_service());
  CHECK(lab.from_client(echo_request("10.1.0.10", "10.1.0.1").padded_to(60, 0xee)) ==
        Lines{"ICMP 10.1.0.1>10.1.0.10 ttl=64 id=0x1234 tos=0x00 DF type=0 code=0 rest=00050001 "
              "len=32 csum=ok via wan to 10.1.0.10"});
}

TEST_CASE("an echo reply goes back to the router that the request came by") {
  Lab lab(one_service());
  const Lines out =
      lab.from_client(echo_request("192.0.2.9", "10.1.0.100").from_mac(mac_of("10.1.0.254")));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::EndsWith("via wan to 10.1.0.254"));
}

TEST_CASE("an echo reply brings the request's record route back, with the director in it") {
  Lab lab(one_service());
  const Bytes route = {7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  const Lines out = lab.from_client(echo_request("10.1.0.10", "10.1.0.100").ip_options(route));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::Contains("ICMP 10.1.0.100>10.1.0.10") &&
                         Catch::Contains("ipopts=070b080a0100640000000000"));
}

TEST_CASE("a broadcast address of one of the director's networks is nobody's source") {
  Lab lab(one_service("udp"));
  const std::string source = GENERATE("10.1.0.255", "10.2.0.255");
  const lb::MacAddress mac = mac_of("10.1.0.66");
  const Lines out = lab.receive("wan", {udp(source + ":1", kVip).from_mac(mac),
                                        udp(source + ":1", "10.1.0.100:99").from_mac(mac),
                                        tcp(source + ":1", "10.1.0.1:99").flags("S").from_mac(mac),
                                        echo_request(source, "10.1.0.100").from_mac(mac),
                                        ip(source, "10.1.0.1", 253).data(4).from_mac(mac),
                                        udp(source + ":7", "10.2.0.11:7").from_mac(mac),
                                        udp(source + ":7", "10.2.0.11:7").ttl(1).from_mac(mac)});
  CHECK(out == Lines{});
  CHECK(lab.connections() == Lines{});
  CHECK(lab.drops() == "bad_source=7");
}

TEST_CASE("an echo request with a wrong checksum, or cut, is dropped as a broken packet") {
  Lab lab(one_service());
  lab.receive("wan", {echo_request("10.1.0.10", "10.1.0.1").wrong_by(1),
                      echo_request("10.1.0.10", "10.1.0.1").wrong_by(1).data(5),
                      ip("10.1.0.10", "10.1.0.1", 1).data(Bytes{8, 0, 0xf7, 0xff})});
  CHECK(lab.drops() == "bad_transport_header=3");
}

TEST_CASE("other ICMP to the director is not answered") {
  Lab lab(one_service());
  const Lines out =
      lab.receive("wan", {icmp("10.1.0.10", "10.1.0.1", 0, 0), icmp("10.1.0.10", "10.1.0.1", 8, 1),
                          icmp("10.1.0.10", "10.1.0.1", 3, 3).data(28),
                          icmp("10.1.0.10", "10.1.0.1", 5, 1).data(28)});
  CHECK(out == Lines{});
  CHECK(lab.drops() == "icmp_unhandled=3 icmp_unrelated=1");
}

TEST_CASE("an unknown IP protocol earns protocol unreachable") {
  Lab lab(one_service());
  CHECK(lab.from_client(ip("10.1.0.10", "10.1.0.100", 253).data(20)) ==
        Lines{"ICMP 10.1.0.100>10.1.0.10 ttl=64 tos=0xc0 type=3 code=2 len=68 csum=ok "
              "quoting{proto=253 "
              "10.1.0.10>10.1.0.100 ttl=64 id=0x1234 tos=0x00 DF len=40} via wan to 10.1.0.10"});
  CHECK(lab.drops() == "unknown_protocol=1");
}

TEST_CASE("nobody gets the director to talk to itself") {
  Lab lab(one_service());
  const std::string own = GENERATE("10.1.0.1", "10.1.0.100");
  const lb::MacAddress attacker = mac_of("10.1.0.66");
  const Lines out = lab.receive("wan", {tcp(own + ":80", kVip).flags("S").from_mac(attacker),
                                        tcp(own + ":80", own + ":81").flags("S").from_mac(attacker),
                                        udp(own + ":7", own + ":7").from_mac(attacker),
                                        echo_request(own, "10.1.0.1").from_mac(attacker),
                                        ip(own, "10.1.0.1", 253).data(4).from_mac(attacker),
                                        udp(own + ":7", "10.2.0.11:7").from_mac(attacker)});
  CHECK(out == Lines{});
  CHECK(lab.drops() == "bad_source=6");
}
