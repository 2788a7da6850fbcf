// The quick look at a usual packet against the parser that knows every case.
#include "dataplane/parse_plain.h"

#include <memory>
#include <random>

#include "test/dataplane/support/lab.h"

using namespace dataplane_test;
using dataplane::Parsed;
using Packet = dataplane::Packet<lb::V4>;

namespace {

const lb::MacAddress kPlainMac = mac_of("10.1.0.1");

// Both parsers' words about bytes that end where their memory ends.
struct Verdicts {
  std::unique_ptr<uint8_t[]> memory;
  Packet plain{}, full{};
  bool is_plain;
  dataplane::ParseResult result;

  Verdicts(const Bytes& bytes, bool verified) : memory(new uint8_t[bytes.size()]) {
    std::copy(bytes.begin(), bytes.end(), memory.get());
    const std::span<uint8_t> frame(memory.get(), bytes.size());
    is_plain = dataplane::parse_plain(frame, dataplane::PlainStart(kPlainMac), verified, plain);
    result = dataplane::parse(frame, kPlainMac, verified, full);
  }

  bool agree() const {
    return plain.ip == full.ip && plain.ip_header_length == full.ip_header_length &&
           plain.length == full.length && plain.tcp_flags == full.tcp_flags &&
           plain.source.key() == full.source.key() &&
           plain.destination.key() == full.destination.key();
  }
};

std::vector<Frame> usual_frames() {
  return {tcp(kClient, kVip).flags("S"),
          tcp(kClient, kVip).flags("A").data(1000),
          tcp(kClient, kVip).flags("SAFRPUEC").tcp_options(Bytes(40, 1)),
          tcp(kClient, kVip).flags("A").padded_to(60, 0xff),
          tcp(kClient, kVip).flags("A").may_fragment().ttl(2).tos(0xff),
          udp(kClient, kVip),
          udp(kClient, kVip).data(1472),
          udp(kClient, kVip).data(10).udp_length(12),
          udp(kClient, kVip).no_checksum().padded_to(60)};
}

}  // namespace

TEST_CASE("a usual packet is recognised, and read as the parser reads it") {
  for (const Frame& frame : usual_frames()) {
    const Verdicts verdicts(frame.build(kPlainMac), false);
    CHECK(verdicts.is_plain);
    CHECK(verdicts.result.kind == Parsed::kFlow);
    CHECK(verdicts.agree());
  }
}

TEST_CASE("usual is what leaves its connection as it is, by its flags") {
  const auto is_usual = [](const Frame& frame) {
    const Verdicts verdicts(frame.build(kPlainMac), false);
    CHECK(verdicts.is_plain);
    CHECK_FALSE(verdicts.full.usual);
    return verdicts.plain.usual;
  };
  for (const char* flags : {"A", "PA", "", "UPEC"})
    CHECK(is_usual(tcp(kClient, kVip).flags(flags)));
  for (const char* flags : {"S", "SA", "FA", "R", "SFRA"}) {
    CHECK_FALSE(is_usual(tcp(kClient, kVip).flags(flags)));
  }
  CHECK(is_usual(udp(kClient, kVip)));
}

TEST_CASE("a packet that has no hop to go is left to the parser") {
  for (const uint8_t ttl : {0, 1}) {
    CHECK_FALSE(Verdicts(tcp(kClient, kVip).flags("A").ttl(ttl).build(kPlainMac), false).is_plain);
  }
}

TEST_CASE("what is recognised as usual the parser calls a flow, whatever bytes are wrong") {
  std::mt19937_64 random(1);
  unsigned recognised = 0, refused = 0;
  for (const Frame& frame : usual_frames()) {
    const Bytes right = frame.build(kPlainMac);
    for (int round = 0; round < 20000; ++round) {
      Bytes bytes = right;
      const bool verified = random() % 2 == 0;
      for (uint64_t wrong = random() % 3; wrong > 0; --wrong) {
        bytes[random() % std::min<size_t>(bytes.size(), 60)] ^= 1u << random() % 8;
      }
      if (random() % 4 == 0) bytes.resize(random() % (bytes.size() + 1));
      const Verdicts verdicts(bytes, verified);
      ++(verdicts.is_plain ? recognised : refused);
      if (!verdicts.is_plain) continue;
      if (!lb::may_be_host(verdicts.plain.source.address)) {
        REQUIRE(verdicts.result.reason == lb::DropReason::kBadSource);
        continue;
      }
      REQUIRE(verdicts.result.kind == Parsed::kFlow);
      REQUIRE(verdicts.agree());
    }
  }
  CHECK(recognised > 10000);
  CHECK(refused > 10000);
}

TEST_CASE("of headers without options exactly those with the right checksum are good") {
  std::mt19937_64 random(2);
  for (int round = 0; round < 100000; ++round) {
    Bytes header(20);
    // Many bytes of the kind where carries go wrong.
    for (uint8_t& byte : header) {
      const uint64_t drawn = random();
      byte = static_cast<uint8_t>(drawn % 3 == 0 ? 0 : drawn % 3 == 1 ? 0xff : drawn >> 8);
    }
    header[0] = 0x45;
    header[7] = 0;
    set16(header, 10, 0);
    const uint16_t right = internet_checksum(header);
    const auto is_good = [&](uint16_t checksum) {
      set16(header, 10, checksum);
      return dataplane::has_good_checksum(dataplane::view<dataplane::Ipv4Header>(header.data()));
    };
    REQUIRE(is_good(right));
    const auto other = static_cast<uint16_t>(random());
    // Zero has two representations.
    REQUIRE(is_good(other) == (other % 0xffff == right % 0xffff));
  }
}
