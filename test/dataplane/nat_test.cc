// NAT: towards the server the destination becomes the server, towards the client the source becomes
// the VIP again, and nothing else changes (recorded vectors nat-*).
#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

namespace {

Bytes last(const Bytes& bytes, size_t count) {
  return {bytes.end() - static_cast<long>(count), bytes.end()};
}

}  // namespace

TEST_CASE("a SYN goes to the real server and its answer comes back from the VIP") {
  Lab lab(one_service());
  CHECK(lab.from_client(tcp(kClient, kVip).flags("S")) ==
        Lines{"TCP 10.1.0.10:40000>10.2.0.11:80 ttl=63 id=0x1234 tos=0x00 DF [S] seq=1000 len=40 "
              "csum=ok via lan to 10.2.0.11"});
  CHECK(lab.from_server(tcp(kServer, kClient).flags("SA").seq(5000).ack(1001).id(0x4321)) ==
        Lines{"TCP 10.1.0.100:80>10.1.0.10:40000 ttl=63 id=0x4321 tos=0x00 DF [SA] seq=5000 "
              "ack=1001 len=40 csum=ok via wan to 10.1.0.10"});
  CHECK(lab.drops() == "");
}

TEST_CASE("a datagram goes to the real server and its answer comes back from the VIP") {
  Lab lab(one_service("udp"));
  CHECK(
      lab.from_client(udp(kClient, kVip).data(4)) ==
      Lines{"UDP 10.1.0.10:40000>10.2.0.11:80 ttl=63 id=0x1234 tos=0x00 DF len=32 csum=ok via lan "
            "to 10.2.0.11"});
  CHECK(lab.from_server(udp(kServer, kClient).data(4).id(0x4321)) ==
        Lines{"UDP 10.1.0.100:80>10.1.0.10:40000 ttl=63 id=0x4321 tos=0x00 DF len=32 csum=ok via "
              "wan to 10.1.0.10"});
}

TEST_CASE("a server's other port is mapped both ways") {
  const std::string protocol = GENERATE("tcp", "udp");
  Lab lab(one_service(protocol, "nat", "10.2.0.11:8080"));
  const auto packet = [&](const char* from, const char* to) {
    return protocol == "tcp" ? tcp(from, to).flags("S") : udp(from, to);
  };
  const Lines in = lab.from_client(packet(kClient, kVip));
  const Lines out = lab.from_server(packet("10.2.0.11:8080", kClient));
  REQUIRE(in.size() == 1);
  CHECK_THAT(in[0],
             Catch::Contains("10.1.0.10:40000>10.2.0.11:8080 ") && Catch::Contains("csum=ok"));
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0],
             Catch::Contains("10.1.0.100:80>10.1.0.10:40000 ") && Catch::Contains("csum=ok"));
}

TEST_CASE("payloads of any length arrive untouched and with a right checksum") {
  const size_t length = GENERATE(0u, 1u, 2u, 3u, 7u, 100u, 101u, 1459u, 1460u);
  Lab lab({{"tcp", kVip, {{kServer}}}, {"udp", kVip, {{kServer}}}});
  const Frame segment = tcp(kClient, kVip).flags("S").data(length);
  const Bytes sent = lab.only_frame("wan", segment);
  CHECK(last(sent, length) == last(segment.build({}), length));
  const Lines datagram = lab.from_client(udp(kClient, kVip).data(length));
  REQUIRE(datagram.size() == 1);
  CHECK_THAT(datagram[0], Catch::Contains("len=" + std::to_string(28 + length) + " csum=ok"));
  const Lines reply = lab.from_server(tcp(kServer, kClient).flags("SA").data(length));
  REQUIRE(reply.size() == 1);
  CHECK_THAT(reply[0], Catch::Contains("len=" + std::to_string(40 + length) + " csum=ok"));
}

TEST_CASE("TOS, ID, a missing DF and TCP options pass untouched") {
  Lab lab(one_service());
  const Bytes options = {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7};
  CHECK(lab.from_client(tcp(kClient, kVip)
                            .flags("SEC")
                            .tos(0xb8)
                            .id(0xfffe)
                            .may_fragment()
                            .tcp_options(options)) ==
        Lines{"TCP 10.1.0.10:40000>10.2.0.11:80 ttl=63 id=0xfffe tos=0xb8 [SEC] seq=1000 "
              "opts=020405b40402080a000000010000000001030307 len=60 csum=ok via lan to 10.2.0.11"});
  CHECK(
      lab.from_server(
          tcp(kServer, kClient).flags("SA").tos(0x02).id(0).may_fragment().tcp_options(options)) ==
      Lines{"TCP 10.1.0.100:80>10.1.0.10:40000 ttl=63 id=0x0000 tos=0x02 [SA] seq=1000 ack=0 "
            "opts=020405b40402080a000000010000000001030307 len=60 csum=ok via wan to 10.1.0.10"});
}

TEST_CASE("IP options stay where they are") {
  Lab lab(one_service());
  const Bytes router_alert = {0x94, 4, 0, 0, 1, 1, 1, 0};
  CHECK(
      lab.from_client(tcp(kClient, kVip).flags("S").ip_options(router_alert).data(3)) ==
      Lines{"TCP 10.1.0.10:40000>10.2.0.11:80 ttl=63 id=0x1234 tos=0x00 DF ipopts=9404000001010100 "
            "[S] seq=1000 len=51 csum=ok via lan to 10.2.0.11"});
}

TEST_CASE("a frame's padding stays at the director") {
  Lab lab(one_service());
  const Bytes sent = lab.only_frame("wan", tcp(kClient, kVip).flags("S").padded_to(60, 0xee));
  CHECK(sent.size() == 14 + 40);
  const Bytes reply = lab.only_frame("lan", tcp(kServer, kClient).flags("SA").padded_to(60, 0xee));
  CHECK(reply.size() == 14 + 40);
}

TEST_CASE("real servers take their turns and keep their connections") {
  Lab lab({service_of("tcp", {{"10.2.0.11:80"}, {"10.2.0.12:80"}})});
  const auto server_of = [&](const char* client, const char* flags) {
    const Lines out = lab.from_client(tcp(client, kVip).flags(flags));
    REQUIRE(out.size() == 1);
    return out[0].substr(out[0].rfind(' ') + 1);
  };
  CHECK(server_of("10.1.0.10:1", "S") == "10.2.0.11");
  CHECK(server_of("10.1.0.10:2", "S") == "10.2.0.12");
  CHECK(server_of("10.1.0.10:1", "A") == "10.2.0.11");
  CHECK(server_of("10.1.0.10:2", "A") == "10.2.0.12");
  CHECK(server_of("10.1.0.10:3", "S") == "10.2.0.11");
}

TEST_CASE("each server counts its own connections, packets and bytes of both directions") {
  Lab lab(one_service());
  lab.from_client(tcp(kClient, kVip).flags("S"));
  lab.from_client(tcp(kClient, kVip).flags("PA").data(10));
  lab.from_server(tcp(kServer, kClient).flags("SA").data(1));
  const lb::Traffic& traffic = lab.traffic("tcp 10.1.0.100:80", kServer);
  CHECK(traffic.connections.reader_get() == 1);
  CHECK(traffic.packets_in.reader_get() == 2);
  CHECK(traffic.bytes_in.reader_get() == 40 + 50);
  CHECK(traffic.packets_out.reader_get() == 1);
  CHECK(traffic.bytes_out.reader_get() == 41);
  CHECK(lab.load("tcp 10.1.0.100:80", kServer) == "1/0");
}

TEST_CASE("what a real server sends outside of any connection is routed untranslated") {
  Lab lab(one_service());
  CHECK(
      lab.from_server(tcp(kServer, "10.1.0.10:9999").flags("A")) ==
      Lines{
          "TCP 10.2.0.11:80>10.1.0.10:9999 ttl=63 id=0x1234 tos=0x00 DF [A] seq=1000 ack=0 len=40 "
          "csum=ok via wan to 10.1.0.10"});
}
