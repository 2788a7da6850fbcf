// IP options: one hop is recorded where a packet really leaves (recorded vector nat-ip-options);
// what is malformed goes no further. Whole frames are compared.
#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

namespace {

constexpr size_t kIp = 14;
constexpr size_t kOptions = kIp + 20;

// Room for two addresses, none recorded yet.
const Bytes kEmptyRoute = {7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0};

// As kEmptyRoute, with one address.
Bytes recorded(std::string_view address) {
  Bytes route = kEmptyRoute;
  route[2] = 8;
  for (size_t i = 0; i < 4; ++i) {
    route[3 + i] = static_cast<uint8_t>(number_of(address) >> (24 - 8 * i));
  }
  return route;
}

void put_ip_checksum(Bytes& frame) {
  set16(frame, kIp + 10, 0);
  set16(frame, kIp + 10, internet_checksum(View(frame).subspan(kIp, (frame[kIp] & 15) * 4u)));
}

// The frame as it came by `from`, sent on by `to` to a host, with these options and a hop less.
Bytes sent_on(Lab& lab, const Frame& frame, std::string_view from, std::string_view to,
              std::string_view host, const Bytes& options) {
  Bytes expected = frame.build(lab.mac_of_link(from));
  const auto destination = mac_of(host), source = lab.mac_of_link(to);
  std::copy(destination.bytes.begin(), destination.bytes.end(), expected.begin());
  std::copy(source.bytes.begin(), source.bytes.end(), expected.begin() + 6);
  --expected[kIp + 8];
  std::copy(options.begin(), options.end(), expected.begin() + kOptions);
  put_ip_checksum(expected);
  return expected;
}

std::string options_of(const std::string& line) {
  const size_t at = line.find("ipopts=");
  return at == std::string::npos ? "" : line.substr(at + 7, line.find(' ', at) - at - 7);
}

Frame syn_with_route() { return tcp(kClient, kVip).flags("S").ip_options(kEmptyRoute); }

const std::string kVipRecorded =
    "070b080a01006400000000"
    "00";

}  // namespace

TEST_CASE("in DR a packet to a service records the VIP, and nothing else but its TTL changes") {
  Lab lab(one_service("tcp", "dr"));
  const Frame frame = syn_with_route().data(5);
  CHECK(lab.only_frame("wan", frame) ==
        sent_on(lab, frame, "wan", "lan", "10.2.0.11", recorded("10.1.0.100")));
}

TEST_CASE("in NAT a packet to a service records the VIP") {
  Lab lab(one_service());
  CHECK(lab.from_client(syn_with_route().data(5)) ==
        Lines{"TCP 10.1.0.10:40000>10.2.0.11:80 ttl=63 id=0x1234 tos=0x00 DF ipopts=" +
              kVipRecorded + " [S] seq=1000 len=57 csum=ok via lan to 10.2.0.11"});
}

TEST_CASE("in a tunnel the packet inside records the VIP, and the outer header has no options") {
  Lab lab(one_service("tcp", "tunnel"));
  const Frame frame = syn_with_route().data(5);
  const Bytes sent = lab.only_frame("wan", frame);
  Bytes expected = sent_on(lab, frame, "wan", "lan", "10.2.0.11", recorded("10.1.0.100"));
  REQUIRE(sent.size() == expected.size() + 20);
  CHECK(sent[kIp] == 0x45);
  CHECK(internet_checksum(View(sent).subspan(kIp, 20)) == 0);
  CHECK(Bytes(sent.begin() + kIp + 20, sent.end()) ==
        Bytes(expected.begin() + kIp, expected.end()));
}

TEST_CASE("a reply records the director's address towards the client") {
  Lab lab(one_service());
  lab.from_client(tcp(kClient, kVip).flags("S"));
  CHECK(lab.from_server(tcp(kServer, kClient).flags("SA").ip_options(kEmptyRoute)) ==
        Lines{"TCP 10.1.0.100:80>10.1.0.10:40000 ttl=63 id=0x1234 tos=0x00 DF "
              "ipopts=070b080a0100010000000000 [SA] seq=1000 ack=0 len=52 csum=ok via wan to "
              "10.1.0.10"});
}

TEST_CASE("a routed packet records the director's address on the link by which it leaves") {
  Lab lab(one_service());
  const Frame frame = udp(kClient, "10.2.0.12:9").ip_options(kEmptyRoute).data(3);
  CHECK(lab.only_frame("wan", frame) ==
        sent_on(lab, frame, "wan", "lan", "10.2.0.12", recorded("10.2.0.1")));
}

TEST_CASE("what comes back to a masqueraded server records the director's address towards it") {
  Lab lab(Setup{.services = {}, .masquerade = {{"10.2.0.0/24", "wan"}}});
  const Lines out = lab.from_server(udp("10.2.0.11:5555", kClient).ip_options(kEmptyRoute));
  REQUIRE(out.size() == 1);
  CHECK(options_of(out[0]) == "070b080a0100010000000000");
  const Lines back = lab.from_client(udp(kClient, "10.1.0.1:5555").ip_options(kEmptyRoute));
  REQUIRE(back.size() == 1);
  CHECK(options_of(back[0]) == "070b080a0200010000000000");
}

TEST_CASE("an ICMP error about a reply records the VIP on its way to the server") {
  Lab lab(one_service("udp"));
  lab.from_client(udp(kClient, kVip));
  const Bytes reply = udp(kVip, kClient).build(lab.mac_of_link("wan"));
  const Lines out = lab.from_client(icmp("10.1.0.10", "10.1.0.100", 3, 3)
                                        .ip_options(kEmptyRoute)
                                        .data(Bytes(reply.begin() + kIp, reply.end())));
  REQUIRE(out.size() == 1);
  CHECK(options_of(out[0]) == kVipRecorded);
}

TEST_CASE("the next free place is filled, wherever the option stands") {
  Lab lab(one_service("tcp", "dr"));
  struct Row {
    Bytes options, expected;
  };
  const Row row = GENERATE(
      Row{{7, 11, 8, 1, 2, 3, 4, 0, 0, 0, 0, 0}, {7, 11, 12, 1, 2, 3, 4, 10, 1, 0, 100, 0}},
      Row{{1, 7, 7, 4, 0, 0, 0, 0}, {1, 7, 7, 8, 10, 1, 0, 100}},
      Row{{0x94, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 0}, {0x94, 4, 0, 0, 7, 7, 8, 10, 1, 0, 100, 0}});
  const Frame frame = tcp(kClient, kVip).flags("S").ip_options(row.options);
  CHECK(lab.only_frame("wan", frame) ==
        sent_on(lab, frame, "wan", "lan", "10.2.0.11", row.expected));
}

TEST_CASE("a full record route and every other option are left alone") {
  Lab lab(one_service("tcp", "dr"));
  const Bytes options = GENERATE(
      Bytes{7, 7, 8, 1, 2, 3, 4, 0}, Bytes{7, 7, 255, 1, 2, 3, 4, 0}, Bytes{7, 3, 4, 0},
      Bytes{0x94, 4, 0, 0}, Bytes{68, 8, 5, 0, 0, 0, 0, 0}, Bytes{1, 1, 1, 1}, Bytes{0, 7, 11, 4});
  const Frame frame = tcp(kClient, kVip).flags("S").ip_options(options);
  CHECK(lab.only_frame("wan", frame) == sent_on(lab, frame, "wan", "lan", "10.2.0.11", options));
  CHECK(lab.drops() == "");
}

TEST_CASE("a packet that waited for its next hop records one hop") {
  Setup setup{.services = one_service()};
  setup.hosts = {{"wan", "10.1.0.10"}};
  Lab lab(setup);
  CHECK(lab.from_client(syn_with_route()) ==
        Lines{"ARP who-has 10.2.0.11 tell 10.2.0.1 via lan to all"});
  const Lines out = lab.from_server(arp_reply("10.2.0.11", "10.2.0.1"));
  REQUIRE(out.size() == 1);
  CHECK(options_of(out[0]) == kVipRecorded);
}

TEST_CASE("an ICMP error quotes the options as they came") {
  Setup setup{.services = one_service()};
  setup.links[1].mtu = 1400;
  Lab lab(setup);
  const auto quoted = [&](const Frame& frame) {
    const Bytes sent = lab.only_frame("wan", frame);
    constexpr size_t kQuote = kIp + 20 + 8;
    REQUIRE(sent.size() >= kQuote + 32);
    CHECK(internet_checksum(View(sent).subspan(kQuote, 32)) == 0);
    return Bytes(sent.begin() + kQuote + 20, sent.begin() + kQuote + 32);
  };
  CHECK(quoted(syn_with_route().ttl(1)) == kEmptyRoute);
  CHECK(quoted(syn_with_route().data(1400)) == kEmptyRoute);
  CHECK(lab.drops() == "ttl_expired=1 too_big=1");
}

TEST_CASE("a datagram in fragments records one hop, in its first fragment") {
  Lab lab(one_service("udp"));
  const auto piece = [&](uint16_t bits, const Bytes& options, size_t from, size_t to) {
    const Bytes whole = udp(kClient, kVip).data(1600).build(lab.mac_of_link("wan"));
    const Bytes payload(whole.begin() + kIp + 20 + static_cast<long>(from),
                        whole.begin() + kIp + 20 + static_cast<long>(to));
    return ip("10.1.0.10", "10.1.0.100", 17).fragment(bits).ip_options(options).data(payload);
  };
  const Frame first = piece(0x2000, kEmptyRoute, 0, 800);
  const Frame second = piece(100, {}, 800, 1608);
  const bool in_order = GENERATE(true, false);
  const Lines out = lab.receive(
      "wan", in_order ? std::vector<Frame>{first, second} : std::vector<Frame>{second, first});
  REQUIRE(out.size() >= 2);
  CHECK(options_of(out[0]) == kVipRecorded);
  for (size_t i = 1; i < out.size(); ++i) CHECK(options_of(out[i]) == "");
  CHECK(lab.drops() == "");
}

TEST_CASE("a packet split on its way records one hop, in its first fragment") {
  Setup setup{.services = one_service("udp", "dr")};
  setup.links[1].mtu = 1400;
  Lab lab(setup);
  const Lines out =
      lab.from_client(udp(kClient, kVip).ip_options(kEmptyRoute).data(1420).may_fragment());
  REQUIRE(out.size() == 2);
  CHECK(options_of(out[0]) == kVipRecorded);
  CHECK(options_of(out[1]) == "");
}

TEST_CASE("malformed options end at the director") {
  const Bytes options = GENERATE(
      Bytes{7, 0, 4, 0}, Bytes{7, 1, 131, 0}, Bytes{1, 1, 1, 7},  // no length, too short, cut
      Bytes{7, 5, 4, 0}, Bytes{68, 40, 5, 0}, Bytes{7, 2, 0, 0},  // beyond the header, no pointer
      Bytes{7, 7, 3, 0, 0, 0, 0, 0}, Bytes{7, 7, 0, 0, 0, 0, 0, 0},  // points at itself
      Bytes{7, 7, 5, 0, 0, 0, 0, 0}, Bytes{7, 7, 7, 0, 0, 0, 0, 0},  // room for part of an address
      Bytes{7, 7, 4, 0, 0, 0, 0, 7, 7, 4, 0, 0, 0, 0, 0, 0});        // two routes
  const std::string to = GENERATE("10.1.0.100:80", "10.1.0.1:9", "10.2.0.12:9");
  Lab lab(one_service());
  CHECK(lab.from_client(tcp(kClient, to).flags("S").ip_options(options)) == Lines{});
  CHECK(lab.drops() == "bad_ip_options=1");
}

TEST_CASE("source routes end at the director, those that are used up too") {
  const uint8_t type = GENERATE(as<uint8_t>{}, 131, 137);
  const uint8_t pointer = GENERATE(as<uint8_t>{}, 4, 8);
  const std::string to = GENERATE("10.1.0.100:80", "10.1.0.1:9", "10.2.0.12:9");
  Lab lab(one_service());
  CHECK(lab.from_client(
            tcp(kClient, to).flags("S").ip_options({type, 7, pointer, 10, 2, 0, 12, 0})) ==
        Lines{});
  CHECK(lab.drops() == "source_routed=1");
}
