// Checksums of what leaves, against an implementation of the tests' own.
#include "dataplane/checksum.h"
#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

namespace {

// The TCP, UDP or ICMP checksum field of the only frame that left.
uint16_t checksum_sent(Lab& lab, std::string_view link, const Frame& frame, size_t offset) {
  return get16(lab.only_frame(link, frame), 14 + 20 + offset);
}

}  // namespace

TEST_CASE("sums over bytes of any length agree with a second implementation") {
  Bytes bytes;
  uint32_t state = 1;
  for (size_t length = 0; length < 200; ++length) {
    CHECK(dataplane::checksum_of(bytes).value() == internet_checksum(bytes));
    state = state * 1664525 + 1013904223;
    bytes.push_back(static_cast<uint8_t>(state >> 24));
  }
  CHECK(dataplane::checksum_of(Bytes(1500, 0xff)).value() == internet_checksum(Bytes(1500, 0xff)));
  CHECK(dataplane::checksum_of(Bytes(1500, 0)).value() == 0xffff);
}

TEST_CASE("an incremental update gives what a fresh sum gives") {
  uint32_t state = 7;
  const auto random16 = [&] {
    state = state * 1664525 + 1013904223;
    // Many words of the kind where carries go wrong.
    const uint16_t word = static_cast<uint16_t>(state >> 16);
    return (state & 0x300) == 0 ? uint16_t{0} : (state & 0x300) == 0x100 ? uint16_t{0xffff} : word;
  };
  for (int round = 0; round < 2000; ++round) {
    Bytes bytes;
    for (int i = 0; i < 6; ++i) append16(bytes, random16());
    bytes[1] |= 1;  // never all zeroes: that has two representations
    const dataplane::Be16 before(internet_checksum(bytes));
    const auto address = [&](size_t at) { return lb::Ipv4Address{lb::Be32(get32(bytes, at))}; };
    const lb::Ipv4Address old_address = address(4);
    const dataplane::Be16 old_port(get16(bytes, 8));
    for (size_t at = 4; at < 10; at += 2) set16(bytes, at, random16());
    const dataplane::Be16 after = dataplane::ChecksumDelta()
                                      .replace(old_address, address(4))
                                      .replace(old_port, dataplane::Be16(get16(bytes, 8)))
                                      .apply(before);
    CHECK(after.value() == internet_checksum(bytes));
  }
}

TEST_CASE("a wrong transport checksum stays wrong by the same error") {
  const uint16_t error = GENERATE(1, 2, 0x100, 0x7fff, 0xfffe);
  Lab lab({{"tcp", kVip, {{"10.2.0.11:8080"}}}, {"udp", kVip, {{"10.2.0.11:8080"}}}});
  const auto error_sent = [&](std::string_view link, Frame frame, Frame wanted, size_t offset) {
    const uint16_t right = get16(wanted.build({}), 34 + offset);
    const uint16_t sent = checksum_sent(lab, link, frame.wrong_by(error), offset);
    return (sent + 0xffffu - right) % 0xffffu;
  };
  CHECK(error_sent("wan", tcp(kClient, kVip).flags("S").data(5),
                   tcp(kClient, "10.2.0.11:8080").flags("S").data(5), 16) == error % 0xffffu);
  CHECK(error_sent("lan", tcp("10.2.0.11:8080", kClient).flags("SA").data(6),
                   tcp(kVip, kClient).flags("SA").data(6), 16) == error % 0xffffu);
  CHECK(error_sent("wan", udp(kClient, kVip).data(5), udp(kClient, "10.2.0.11:8080").data(5), 6) ==
        error % 0xffffu);
}

TEST_CASE("a datagram without checksum leaves with a right one, both ways") {
  const size_t length = GENERATE(0u, 1u, 4u, 11u, 512u);
  Lab lab(one_service("udp", "nat", "10.2.0.11:8080"));
  const Lines in = lab.from_client(udp(kClient, kVip).data(length).no_checksum());
  REQUIRE(in.size() == 1);
  CHECK_THAT(in[0], Catch::Contains(":8080 ") && Catch::Contains("csum=ok"));
  const Lines out = lab.from_server(udp("10.2.0.11:8080", kClient).data(length).no_checksum());
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::Contains("10.1.0.100:80>") && Catch::Contains("csum=ok"));
}

TEST_CASE(
    "a datagram without checksum that is shorter than its IP packet is summed over its own "
    "length") {
  Lab lab(one_service("udp"));
  const Frame datagram = udp(kClient, kVip).data(20).udp_length(8 + 5).no_checksum();
  const uint16_t sent = checksum_sent(lab, "wan", datagram, 6);
  CHECK(sent == get16(udp(kClient, kServer).data(5).build({}), 34 + 6));
}

TEST_CASE("a UDP checksum that comes out as zero is sent as 0xffff, both ways") {
  Lab lab(one_service("udp"));
  const bool given = GENERATE(true, false);
  // Two bytes of data that bring the sum to 0xffff (recorded vector nat-udp-csum-ffff).
  const auto made_zero = [&](const char* from, const char* to, const char* as_from,
                             const char* as_to) {
    Frame rewritten = udp(as_from, as_to).data(Bytes{0, 0});
    const uint16_t rest = get16(rewritten.build({}), 34 + 6);
    Bytes data(2);
    set16(data, 0, rest);
    Frame frame = udp(from, to).data(data);
    if (!given) frame.no_checksum();
    return frame;
  };
  CHECK(checksum_sent(lab, "wan", made_zero(kClient, kVip, kClient, kServer), 6) == 0xffff);
  CHECK(checksum_sent(lab, "lan", made_zero(kServer, kClient, kVip, kClient), 6) == 0xffff);
}

TEST_CASE("IP checksums survive every TTL, ID and address") {
  Lab lab(one_service("udp"));
  for (uint32_t id = 0; id < 0x10000; id += 251) {
    const auto ttl = static_cast<uint8_t>(2 + id % 254);
    lab.receive("wan", {udp(kClient, kVip).id(static_cast<uint16_t>(id)).ttl(ttl)});
    lab.receive("lan", {udp(kServer, kClient).id(static_cast<uint16_t>(id)).ttl(ttl)});
  }
  // The audit at the end finds a wrong one.
  CHECK(lab.drops() == "");
}

TEST_CASE("a checksum's carry comes round when the TTL is counted down") {
  Lab lab(one_service("udp", "dr", "10.2.0.11:80"));
  const Frame datagram = udp(kClient, kVip).ttl(2);
  const uint16_t of_id_0 = get16(Frame(datagram).id(0).build({}), 14 + 10);
  for (const uint16_t wanted : {0xfdff, 0xfe00, 0xfeff, 0xff00, 0xfffe, 0x0000, 0x00ff}) {
    const auto id = static_cast<uint16_t>((of_id_0 + 0xffffu - wanted) % 0xffffu);
    const Frame frame = Frame(datagram).id(id);
    REQUIRE(get16(frame.build({}), 14 + 10) == wanted);
    const Bytes sent = lab.only_frame("wan", frame);
    Bytes header(sent.begin() + 14, sent.begin() + 34);
    const uint16_t checksum = get16(header, 10);
    set16(header, 10, 0);
    CHECK(checksum == internet_checksum(header));
  }
}
