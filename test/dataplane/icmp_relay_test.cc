// ICMP errors about connections (recorded vectors *-icmp-from-client-side,
// nat-*-icmp-from-rs-side).
#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

namespace {

// An error from `from` to `to` that quotes `bytes` of the packet.
Frame error(std::string_view from, std::string_view to, const Frame& quoted, size_t bytes,
            uint8_t type = 3, uint8_t code = 3) {
  Bytes quote = quoted.build({});
  quote.erase(quote.begin(), quote.begin() + 14);
  quote.resize(std::min(quote.size(), bytes));
  return icmp(from, to, type, code).data(quote);
}

Frame reply_as_sent() { return udp(kVip, kClient).data(20); }

}  // namespace

TEST_CASE(
    "what a client says about a reply in NAT reaches its server, as if about the server's own") {
  const size_t quoted = GENERATE(28u, 48u);
  Lab lab(one_service("udp"));
  lab.from_client(udp(kClient, kVip));
  const Lines out = lab.from_client(error("10.1.0.77", "10.1.0.100", reply_as_sent(), quoted));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0],
             Catch::StartsWith("ICMP 10.1.0.77>10.2.0.11 ttl=63 tos=0x00 DF type=3 code=3") &&
                 Catch::Contains("csum=ok") &&
                 Catch::Contains("quoting{UDP 10.2.0.11:80>10.1.0.10:40000") &&
                 !Catch::Contains("BAD"));
}

TEST_CASE("in DR it goes to the server unchanged, in a tunnel wrapped without DF") {
  Lab direct(one_service("udp", "dr"));
  direct.from_client(udp(kClient, kVip));
  const Frame frame = error("10.1.0.77", "10.1.0.100", reply_as_sent(), 28).may_fragment();
  CHECK_THAT(direct.from_client(frame).at(0),
             Catch::StartsWith("ICMP 10.1.0.77>10.1.0.100 ttl=63") &&
                 Catch::Contains("quoting{UDP 10.1.0.100:80>10.1.0.10:40000") &&
                 Catch::EndsWith("via lan to 10.2.0.11"));
  Lab tunnel(one_service("udp", "tunnel"));
  tunnel.from_client(udp(kClient, kVip));
  CHECK_THAT(tunnel.from_client(frame).at(0),
             Catch::StartsWith("proto=4 10.2.0.1>10.2.0.11 ttl=63") &&
                 Catch::Contains("carrying{ICMP 10.1.0.77>10.1.0.100"));
}

TEST_CASE("what a server or a router says about a request in NAT reaches the client from the VIP") {
  Lab lab(one_service("udp"));
  lab.from_client(udp(kClient, kVip));
  const Frame request = udp(kClient, kServer).data(20);
  const Lines out = lab.from_server(error("10.2.0.12", "10.1.0.10", request, 28, 11, 0));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::StartsWith("ICMP 10.1.0.100>10.1.0.10 ttl=63") &&
                         Catch::Contains("type=11 code=0") && Catch::Contains("csum=ok") &&
                         Catch::Contains("quoting{UDP 10.1.0.10:40000>10.1.0.100:80") &&
                         !Catch::Contains("BAD"));
}

TEST_CASE("an error about nothing is dropped, one for another host is routed") {
  Lab lab(one_service("udp"));
  const Frame unknown = error("10.1.0.77", "10.1.0.100", udp(kVip, "10.1.0.10:7").data(20), 28);
  CHECK(lab.from_client(unknown) == Lines{});
  CHECK(lab.from_client(error("10.1.0.77", "10.1.0.100", reply_as_sent(), 27)) == Lines{});
  CHECK(lab.drops() == "icmp_unrelated=2");
  CHECK_THAT(lab.from_client(error("10.1.0.77", "10.2.0.12", reply_as_sent(), 28)).at(0),
             Catch::StartsWith("ICMP 10.1.0.77>10.2.0.12 ttl=63"));
}

TEST_CASE("an error with a wrong checksum is believed by nobody") {
  Lab lab(one_service("udp"));
  lab.from_client(udp(kClient, kVip));
  CHECK(lab.from_client(error("10.1.0.77", "10.1.0.100", reply_as_sent(), 28).wrong_by(1)) ==
        Lines{});
  CHECK(lab.drops() == "bad_transport_header=1");
}

TEST_CASE("a whole UDP packet that is quoted keeps a checksum, where it comes out as zero too") {
  Lab lab(one_service("udp"));
  lab.from_client(udp(kClient, kVip));
  // Data that bring the sum over the client's packet to zero, which goes as all ones.
  Frame request = udp(kClient, kVip).data(Bytes{0, 0});
  const Bytes plain = request.build({});
  const uint16_t sum = get16(plain, 14 + 20 + 6);
  request =
      udp(kClient, kVip).data(Bytes{static_cast<uint8_t>(sum >> 8), static_cast<uint8_t>(sum)});
  REQUIRE(get16(request.build({}), 14 + 20 + 6) == 0xffff);
  const Bytes at_server = lab.only_frame("wan", request);
  Bytes quote(at_server.begin() + 14, at_server.end());
  const Bytes told = lab.only_frame("lan", icmp("10.2.0.11", "10.1.0.10", 3, 3).data(quote));
  CHECK(get16(told, 14 + 20 + 8 + 20 + 6) == 0xffff);
}

TEST_CASE("nobody's errors are relayed as from the director itself, or from no host") {
  const std::string forward = GENERATE("nat", "dr", "tunnel");
  Lab lab(one_service("udp", forward));
  lab.from_client(udp(kClient, kVip));
  const lb::MacAddress attacker = mac_of("10.1.0.66");
  for (const auto* source : {"10.1.0.100", "10.1.0.1", "10.2.0.1", "10.1.0.255", "10.2.0.255"}) {
    CHECK(lab.from_client(error(source, "10.1.0.100", reply_as_sent(), 28).from_mac(attacker)) ==
          Lines{});
  }
  CHECK(lab.drops() == "bad_source=5");
}
