// Datagrams in fragments are balanced like their flow, in any order, and leave in pieces of the
// sizes that they came in (recorded vectors nat-udp-frag, tun-udp-frag).
#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

namespace {

// Sets the header's checksum.
void seal(Bytes& frame) {
  const size_t header = (frame[14] & 15) * size_t{4};
  set16(frame, 14 + 10, 0);
  set16(frame, 14 + 10, internet_checksum(View(frame).subspan(14, header)));
}

// The frame of a whole packet cut into fragments of `size` bytes of payload.
std::vector<Bytes> cut(const Lab& lab, std::string_view link, const Frame& frame, size_t size) {
  const Bytes whole = frame.build(lab.mac_of_link(link));
  constexpr size_t kHeaders = 14 + 20;
  std::vector<Bytes> pieces;
  for (size_t at = kHeaders; at < whole.size(); at += size) {
    const size_t length = std::min(size, whole.size() - at);
    Bytes piece(whole.begin(), whole.begin() + kHeaders);
    piece.insert(piece.end(), whole.begin() + static_cast<long>(at),
                 whole.begin() + static_cast<long>(at + length));
    set16(piece, 14 + 2, 20 + length);
    set16(piece, 14 + 6, (at + length < whole.size() ? 0x2000u : 0u) | (at - kHeaders) / 8);
    seal(piece);
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

// Gives a frame without IP options forty bytes of them that say nothing.
void add_options(Bytes& frame) {
  constexpr uint8_t kNoOperation = 1;
  const size_t length = frame.size() - 14 + 40;
  frame.insert(frame.begin() + 34, 40, kNoOperation);
  frame[14] = 0x4f;
  set16(frame, 14 + 2, length);
  seal(frame);
}

Lines deliver(Lab& lab, std::string_view link, const std::vector<Bytes>& frames) {
  for (const Bytes& frame : frames) lab.io().put(lab.link_number(link), frame);
  return lab.turn();
}

Frame datagram() { return udp(kClient, kVip).data(2500).may_fragment(); }

}  // namespace

TEST_CASE("fragments of a datagram go to its flow's server, in order and of their own sizes") {
  Lab lab(one_service("udp"));
  std::vector<Bytes> frames = cut(lab, "wan", datagram(), 1000);
  REQUIRE(frames.size() == 3);
  std::sort(frames.begin(), frames.end());
  do {
    const Lines out = deliver(lab, "wan", frames);
    REQUIRE(out.size() == 3);
    CHECK_THAT(out[0], Catch::StartsWith("UDP 10.1.0.10:40000>10.2.0.11:80 ttl=63 id=0x1234 ") &&
                           Catch::Contains("FRAG 0x2000 len=1020"));
    CHECK_THAT(out[1], Catch::Contains("10.2.0.11") && Catch::Contains("FRAG 0x207d len=1020"));
    CHECK_THAT(out[2], Catch::Contains("FRAG 0x00fa len=528"));
  } while (std::next_permutation(frames.begin(), frames.end()));
  CHECK(lab.traffic("udp 10.1.0.100:80", kServer).packets_in.reader_get() == 6);
}

TEST_CASE("a reply in fragments comes from the VIP, its checksum right over all of it") {
  Lab lab(one_service("udp"));
  lab.from_client(udp(kClient, kVip));
  const Frame reply = udp(kServer, kClient).data(2000).may_fragment();
  for (const Bytes& frame : cut(lab, "lan", reply, 1480)) {
    lab.io().put(lab.link_number("lan"), frame);
  }
  lab.turn_quietly();
  const std::vector<SentFrame> sent = lab.io().take_sent();
  REQUIRE(sent.size() == 2);
  Bytes segment(sent[0].bytes.begin() + 34, sent[0].bytes.end());
  segment.insert(segment.end(), sent[1].bytes.begin() + 34, sent[1].bytes.end());
  CHECK(segment_checksum(0x0a010064, 0x0a01000a, 17, segment) == 0);
  CHECK(View(sent[0].bytes).size() == 1514);
}

TEST_CASE("in a tunnel the whole datagram is wrapped and the outer packet fragmented") {
  Lab lab(one_service("udp", "tunnel"));
  const Lines out = deliver(lab, "wan", cut(lab, "wan", datagram(), 1000));
  REQUIRE(out.size() == 3);
  CHECK_THAT(out[0], Catch::StartsWith("proto=4 10.2.0.1>10.2.0.11") &&
                         Catch::Contains("FRAG 0x2000 len=1020"));
  CHECK_THAT(out[2], Catch::Contains("FRAG 0x00fa len=548"));
}

TEST_CASE("without its first fragment a datagram goes nowhere and is given up after 30 seconds") {
  Lab lab(one_service("udp"));
  std::vector<Bytes> frames = cut(lab, "wan", datagram(), 1000);
  frames.erase(frames.begin());
  CHECK(deliver(lab, "wan", frames) == Lines{});
  lab.pass(29);
  CHECK(lab.drops() == "");
  lab.pass(2);
  CHECK(lab.drops() == "fragment_timeout=2");
}

// Each worker has room of its own.
TEST_CASE("where there is no room for a datagram, that which has waited longest makes some",
          "[one-worker]") {
  Lab lab(one_service("udp"));
  const std::vector<Bytes> whole = cut(lab, "wan", datagram(), 1000);
  const auto with_id = [](Bytes frame, size_t id) {
    set16(frame, 14 + 4, id);
    seal(frame);
    return frame;
  };
  for (size_t id = 1; id <= 1024; ++id) {
    REQUIRE(deliver(lab, "wan", {with_id(whole[0], 0x2000 + id)}).empty());
  }
  CHECK(lab.drops() == "");
  CHECK(deliver(lab, "wan", whole).size() == 3);
  CHECK(lab.drops() == "fragments_full=1");
  // Of the first the beginning is gone; the second has lost nothing.
  const auto rest = [&](size_t id) {
    return deliver(lab, "wan", {with_id(whole[1], id), with_id(whole[2], id)}).size();
  };
  CHECK(rest(0x2001) == 0);
  CHECK(rest(0x2002) == 3);
}

TEST_CASE("fragments together may be as long as an IP packet, options of the first counted") {
  Lab lab(one_service("udp"));
  const auto pieces_of = [&](size_t payload) {
    return cut(lab, "wan", udp(kClient, kVip).data(payload - 8).may_fragment(), 1400);
  };
  constexpr size_t kMost = 65535 - 20;
  CHECK(deliver(lab, "wan", pieces_of(kMost)).size() == 47);
  std::vector<Bytes> frames = pieces_of(kMost - 40);
  add_options(frames.front());
  CHECK(deliver(lab, "wan", frames).size() == 46);
  CHECK(lab.drops() == "");
  for (const size_t excess : {1, 8, 40}) {
    frames = pieces_of(kMost - 40 + excess);
    add_options(frames.front());
    CHECK(deliver(lab, "wan", frames) == Lines{});
    std::reverse(frames.begin(), frames.end());
    CHECK(deliver(lab, "wan", frames) == Lines{});
  }
  CHECK(lab.drops() == "bad_fragment=282");
}

TEST_CASE("fragments of a datagram may come by several links") {
  const Setup setup{
      .services = one_service("udp"),
      .links = {{"wan", {"10.1.0.1/24"}}, {"lan", {"10.2.0.1/24"}}, {"other", {"10.3.0.1/24"}}}};
  for (const size_t missing : {0, 1, 2}) {
    Lab lab(setup);
    const std::vector<Bytes> by_wan = cut(lab, "wan", datagram(), 1000);
    const std::vector<Bytes> by_other = cut(lab, "other", datagram(), 1000);
    for (size_t i = 0; i < by_wan.size(); ++i) {
      if (i != missing) lab.io().put(lab.link_number("wan"), by_wan[i]);
    }
    CHECK(lab.turn() == Lines{});
    const Lines out = deliver(lab, "other", {by_other[missing]});
    REQUIRE(out.size() == 3);
    CHECK_THAT(out[0], Catch::StartsWith("UDP 10.1.0.10:40000>10.2.0.11:80"));
    CHECK(lab.drops() == "");
  }
}

TEST_CASE("fragments wait for a next hop and leave when it is known") {
  Setup setup{.services = one_service("udp")};
  setup.hosts = {{"wan", "10.1.0.10"}};
  Lab lab(setup);
  CHECK(deliver(lab, "wan", cut(lab, "wan", datagram(), 1000)) ==
        Lines{"ARP who-has 10.2.0.11 tell 10.2.0.1 via lan to all"});
  CHECK(lab.from_server(arp_reply("10.2.0.11", "10.2.0.1")).size() == 3);
}

TEST_CASE("a ping in fragments is answered in fragments") {
  Lab lab(one_service());
  const Frame ping = echo_request("10.1.0.10", "10.1.0.100").data(3000).may_fragment();
  const Lines out = deliver(lab, "wan", cut(lab, "wan", ping, 1480));
  REQUIRE(out.size() == 3);
  CHECK_THAT(out[0], Catch::StartsWith("ICMP 10.1.0.100>10.1.0.10 ttl=64"));
}

TEST_CASE("a packet too large for the link without DF leaves in fragments with its ID") {
  Lab lab(Setup{.services = one_service("udp"),
                .links = {{"wan", {"10.1.0.1/24"}}, {"lan", {"10.2.0.1/24"}, 1400}}});
  const Lines out = lab.from_client(udp(kClient, kVip).data(1472).may_fragment());
  REQUIRE(out.size() == 2);
  CHECK_THAT(out[0], Catch::Contains("id=0x1234") && Catch::Contains("FRAG 0x2000 len=1396"));
  CHECK_THAT(out[1], Catch::Contains("id=0x1234") && Catch::Contains("FRAG 0x00ac len=124"));
}
