// Direct routing: only MAC addresses and the TTL change (recorded vectors dr-*).
#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

TEST_CASE("in DR a packet keeps its addresses and goes to the server's MAC") {
  Lab lab(one_service("tcp", "dr"));
  CHECK(lab.from_client(tcp(kClient, kVip).flags("S").data(3)) ==
        Lines{"TCP 10.1.0.10:40000>10.1.0.100:80 ttl=63 id=0x1234 tos=0x00 DF [S] seq=1000 len=43 "
              "csum=ok via lan to 10.2.0.11"});
}

TEST_CASE("in DR nothing but MACs, TTL and IP checksum differs") {
  Lab lab({{"tcp", kVip, {{kServer, 1, "dr"}}}, {"udp", kVip, {{kServer, 1, "dr"}}}});
  const Frame frame =
      GENERATE(as<Frame>{}, tcp(kClient, kVip).flags("S").ip_options({1, 1, 1, 0}).data(9),
               tcp(kClient, kVip).flags("S").wrong_by(77).tos(4), udp(kClient, kVip).data(7),
               udp(kClient, kVip).no_checksum());
  const Bytes in = frame.build(lab.mac_of_link("wan"));
  lab.io().put(0, in);
  lab.turn_quietly();
  const std::vector<SentFrame> sent = lab.io().take_sent();
  REQUIRE(sent.size() == 1);
  Bytes expected = in;
  const auto to = mac_of("10.2.0.11"), from = lab.mac_of_link("lan");
  std::copy(to.bytes.begin(), to.bytes.end(), expected.begin());
  std::copy(from.bytes.begin(), from.bytes.end(), expected.begin() + 6);
  expected[14 + 8] = 63;
  set16(expected, 14 + 10, 0);
  set16(expected, 14 + 10, internet_checksum(View(expected).subspan(14, (expected[14] & 15) * 4u)));
  CHECK(sent[0].bytes == expected);
}

TEST_CASE("a server may be forwarded to by another method than its service's other servers") {
  Lab lab({service_of("tcp", {{"10.2.0.11:80", 1, "dr"}, {"10.2.0.12:80", 1, "nat"}})});
  const Lines first = lab.from_client(tcp("10.1.0.10:1", kVip).flags("S"));
  const Lines second = lab.from_client(tcp("10.1.0.10:2", kVip).flags("S"));
  REQUIRE(first.size() == 1);
  CHECK_THAT(first[0], Catch::StartsWith("TCP 10.1.0.10:1>10.1.0.100:80 ") &&
                           Catch::EndsWith("to 10.2.0.11"));
  REQUIRE(second.size() == 1);
  CHECK_THAT(second[0],
             Catch::StartsWith("TCP 10.1.0.10:2>10.2.0.12:80 ") && Catch::EndsWith("to 10.2.0.12"));
}

TEST_CASE("with one arm, packets come and go by the same link") {
  Setup setup{.services = one_service("tcp", "dr", "10.1.0.11:80")};
  setup.links = {{"wan", {"10.1.0.1/24"}}};
  setup.hosts = {{"wan", "10.1.0.10"}, {"wan", "10.1.0.11"}};
  Lab lab(setup);
  CHECK(lab.from_client(tcp(kClient, kVip).flags("S")) ==
        Lines{"TCP 10.1.0.10:40000>10.1.0.100:80 ttl=63 id=0x1234 tos=0x00 DF [S] seq=1000 len=40 "
              "csum=ok via wan to 10.1.0.11"});
}

TEST_CASE("what a DR server sends with its own address is no reply of a connection") {
  Lab lab(one_service("tcp", "dr"));
  lab.from_client(tcp(kClient, kVip).flags("S"));
  CHECK(
      lab.from_server(tcp(kServer, kClient).flags("A")) ==
      Lines{
          "TCP 10.2.0.11:80>10.1.0.10:40000 ttl=63 id=0x1234 tos=0x00 DF [A] seq=1000 ack=0 len=40 "
          "csum=ok via wan to 10.1.0.10"});
  CHECK(lab.traffic("tcp 10.1.0.100:80", kServer).packets_out.reader_get() == 0);
}

TEST_CASE("a packet with a VIP as source that comes from inside is not routed") {
  Lab lab(one_service("tcp", "dr"));
  lab.from_client(tcp(kClient, kVip).flags("S"));
  CHECK(lab.from_server(tcp(kVip, kClient).flags("SA")) == Lines{});
  CHECK(lab.drops() == "bad_source=1");
}
