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

constexpr size_t kHeaders = 14 + 20;

// Of a whole packet's frame, the fragment that has some bytes of its payload, counted from 0.
Bytes part(const Bytes& whole, size_t begin, size_t end) {
  const size_t all = whole.size() - kHeaders;
  Bytes piece(whole.begin(), whole.begin() + kHeaders);
  piece.insert(piece.end(), whole.begin() + static_cast<long>(kHeaders + begin),
               whole.begin() + static_cast<long>(kHeaders + end));
  set16(piece, 14 + 2, 20 + end - begin);
  set16(piece, 14 + 6, (whole[14 + 6] & 0x40u) << 8 | (end < all ? 0x2000u : 0u) | begin / 8);
  seal(piece);
  return piece;
}

// The frame of a whole packet cut into fragments of `size` bytes of payload.
std::vector<Bytes> cut(const Lab& lab, std::string_view link, const Frame& frame, size_t size) {
  const Bytes whole = frame.build(lab.mac_of_link(link));
  const size_t all = whole.size() - kHeaders;
  std::vector<Bytes> pieces;
  for (size_t at = 0; at < all; at += size) {
    pieces.push_back(part(whole, at, std::min(at + size, all)));
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

TEST_CASE("a next hop that only fragments go to counts as used", "[one-worker]") {
  Setup setup{.services = one_service("udp")};
  setup.hosts = {{"wan", "10.1.0.10"}};
  Lab lab(setup);
  lab.from_server(arp_request("10.2.0.11", "10.2.0.1"));
  deliver(lab, "wan", cut(lab, "wan", datagram(), 1480));
  CHECK(lab.pass(29) == Lines{});
  CHECK(deliver(lab, "wan", cut(lab, "wan", datagram(), 1480)).size() == 2);
  const std::string asks = "ARP who-has 10.2.0.11 tell 10.2.0.1 via lan to 10.2.0.11";
  CHECK_THAT(lab.pass(6.5), Catch::VectorContains(asks));
}

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

// RFC 6864: of fragments the ID has a meaning, whatever DF says.
TEST_CASE("outer fragments of a datagram that came in fragments with DF have an ID of their own") {
  Lab lab(one_service("udp", "tunnel"));
  const auto id_of_next = [&] {
    const Lines out = deliver(lab, "wan", cut(lab, "wan", udp(kClient, kVip).data(2500), 1000));
    REQUIRE(out.size() == 3);
    CHECK_THAT(out[0], Catch::Contains("FRAG 0x6000 len=1020"));
    const std::string id = out[0].substr(out[0].find("id="), 9);
    for (const std::string& line : out) CHECK_THAT(line, Catch::Contains(" " + id + " "));
    return id;
  };
  const std::string first = id_of_next();
  const std::string second = id_of_next();
  CHECK(first != "id=0x0000");
  CHECK(second != "id=0x0000");
  CHECK(first != second);
}

// RFC 3168 section 5.3.
TEST_CASE("congestion that one fragment has met is their datagram's") {
  const auto [marks, expected] =
      GENERATE(table<std::vector<uint8_t>, std::string>({{{2, 3, 2}, "tos=0x03"},
                                                         {{3, 1, 1}, "tos=0x03"},
                                                         {{2, 2, 3}, "tos=0x03"},
                                                         {{2, 2, 2}, "tos=0x02"},
                                                         {{1, 2, 1}, "tos=0x01"},
                                                         {{0, 0, 0}, "tos=0x00"},
                                                         {{0, 3, 0}, ""},
                                                         {{2, 0, 2}, ""},
                                                         {{0, 0, 1}, ""}}));
  Lab lab(one_service("udp"));
  std::vector<Bytes> frames = cut(lab, "wan", datagram(), 1000);
  for (size_t i = 0; i < frames.size(); ++i) {
    frames[i][14 + 1] = marks[i];
    seal(frames[i]);
  }
  const Lines out = deliver(lab, "wan", frames);
  if (expected.empty()) {
    CHECK(out == Lines{});
    CHECK(lab.drops() == "bad_fragment=3");
    return;
  }
  REQUIRE(out.size() == 3);
  for (const std::string& line : out) CHECK_THAT(line, Catch::Contains(expected));
}

// inet_frag_queue_insert.
TEST_CASE("a fragment of which all has come is left out, one that overlaps ends its datagram") {
  struct Range {
    size_t begin, end;
  };
  const auto [extra, repeats] = GENERATE(table<Range, bool>({{{0, 1000}, true},
                                                             {{8, 16}, true},
                                                             {{0, 8}, true},
                                                             {{992, 1000}, true},
                                                             {{400, 1600}, true},
                                                             {{0, 2000}, true},
                                                             {{1992, 2008}, false},
                                                             {{1000, 2508}, false},
                                                             {{2504, 2508}, false}}));
  Lab lab(one_service("udp"));
  const Bytes whole = datagram().build(lab.mac_of_link("wan"));
  const std::vector<Bytes> before = {part(whole, 0, 1000), part(whole, 1000, 2000)};
  deliver(lab, "wan", before);
  deliver(lab, "wan", {part(whole, extra.begin, extra.end)});
  if (extra.begin == 2504) {
    // Where it ends does not fit what comes now.
    CHECK(deliver(lab, "wan", {part(whole, 2000, 2508)}) == Lines{});
    CHECK(lab.drops() == "fragment_overlap=4");
    return;
  }
  const Lines out = deliver(lab, "wan", {part(whole, 2000, 2508)});
  CHECK(out.size() == (repeats ? 3 : 0));
  CHECK_THAT(lab.drops(),
             Catch::StartsWith(repeats ? "fragment_repeated=1" : "fragment_overlap=3"));
}

TEST_CASE("a repeated fragment that claims to be the last ends its datagram") {
  Lab lab(one_service("udp"));
  const Bytes whole = datagram().build(lab.mac_of_link("wan"));
  Bytes last = part(whole, 8, 16);
  set16(last, 14 + 6, 1);
  seal(last);
  deliver(lab, "wan", {part(whole, 0, 1000), last, part(whole, 1000, 2000)});
  CHECK(deliver(lab, "wan", {part(whole, 2000, 2508)}) == Lines{});
  CHECK_THAT(lab.drops(), Catch::StartsWith("fragment_overlap=2"));
}

// RFC 1122 section 3.3.2.
TEST_CASE("of a datagram that did not become whole the client is told, if its first part came") {
  Lab lab(one_service("udp"));
  std::vector<Bytes> frames = cut(lab, "wan", datagram(), 1000);
  frames.pop_back();
  CHECK(deliver(lab, "wan", frames) == Lines{});
  CHECK(lab.pass(29) == Lines{});
  const Lines told = lab.pass(2);
  REQUIRE(told.size() == 1);
  CHECK_THAT(told[0],
             Catch::StartsWith("ICMP 10.1.0.100>10.1.0.10 ttl=64 tos=0xc0 type=11 code=1 len=576"));
  CHECK(lab.drops() == "fragment_timeout=2");
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

TEST_CASE("all fragments of a datagram wait for a next hop, or none", "[one-worker]") {
  Setup setup{.services = one_service("udp")};
  setup.hosts = {{"wan", "10.1.0.10"}};
  Lab lab(setup);
  const auto send = [&](uint16_t id) {
    deliver(lab, "wan",
            cut(lab, "wan", udp(kClient, kVip).id(id).data(50'000).may_fragment(), 200));
    for (int rest = 251; rest > 0; rest -= dataplane::Worker::kBurst) lab.turn();
  };
  for (uint16_t id = 1; id <= 4; ++id) send(id);
  CHECK(lab.drops() == "");
  send(5);
  CHECK(lab.drops() == "neighbour_pending=251");
  CHECK(lab.from_server(arp_reply("10.2.0.11", "10.2.0.1")).size() == 4 * 251);
  CHECK(lab.io().outstanding() == 0);
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
