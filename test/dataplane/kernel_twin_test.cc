// What goes to the kernel where a link has a twin in it, what does not, and how much at most.
#include "test/dataplane/support/describe.h"
#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

namespace {

constexpr const char* kOwn = "10.1.0.1";
const lb::MacAddress kVrrpMac{{0x01, 0x00, 0x5e, 0, 0, 18}};

Setup twin_setup(std::vector<ServiceSetup> services = one_service()) {
  Setup setup{.services = std::move(services)};
  setup.twins = {"wan"};
  return setup;
}

Lab twin_lab() { return Lab(twin_setup()); }

// What the kernel got of these frames; nothing may leave, and nothing be dropped.
Lines taken(Lab& lab, const std::string& link, const std::vector<Frame>& frames) {
  CHECK(lab.receive(link, frames) == Lines{});
  CHECK(lab.drops() == "");
  return lab.to_kernel();
}

bool all_start_with(const Lines& lines, const std::string& begin) {
  return std::ranges::all_of(lines,
                             [&](const std::string& line) { return line.starts_with(begin); });
}

}  // namespace

TEST_CASE("TCP and UDP to an own address that no service has go to the kernel as they came") {
  Lab lab = twin_lab();
  const Frame frame =
      GENERATE(values<Frame>({tcp("10.1.0.10:40000", "10.1.0.1:22").flags("S").ttl(1),
                              tcp("10.1.0.10:179", "10.1.0.1:50000").flags("PA").data(8),
                              udp("10.9.9.9:40000", "10.1.0.1:161").data(3).padded_to(60, 0xee),
                              udp("10.1.0.10:53", "10.1.0.1:40000").data(100)}));
  const Bytes sent = frame.build(lab.mac_of_link("wan"));
  CHECK(taken(lab, "wan", {frame}) == Lines{describe(sent) + " by wan"});
}

TEST_CASE("what is neither TCP, UDP nor a ping goes to the kernel, too") {
  Lab lab = twin_lab();
  const Lines got = taken(lab, "wan",
                          {ip("10.1.0.10", kOwn, 112).data(8), ip("10.1.0.10", kOwn, 47).data(8),
                           icmp("10.1.0.10", kOwn, 0, 0), icmp("10.1.0.10", kOwn, 13, 0).data(12)});
  CHECK(got.size() == 4);
}

TEST_CASE("ICMP errors about the kernel's own packets go to the kernel") {
  Lab lab = twin_lab();
  const Bytes about = tcp("10.1.0.1:50000", "10.1.0.10:80").flags("S").build({});
  const Bytes quote(about.begin() + 14, about.end());
  CHECK(taken(lab, "wan",
              {icmp("10.1.0.10", kOwn, 3, 3).data(quote), icmp("10.1.0.10", kOwn, 3, 4).data(28)})
            .size() == 2);
}

TEST_CASE(
    "what neighbours tell a group goes to the kernel: VRRP, OSPF, broadcasts, other protocols") {
  Lab lab = twin_lab();
  const Lines got =
      taken(lab, "wan",
            {ip("10.1.0.2", "224.0.0.18", 112).data(20).to_mac(kVrrpMac),
             ip("10.1.0.2", "224.0.0.5", 89).data(44).to_mac({{0x01, 0x00, 0x5e, 0, 0, 5}}),
             udp("10.1.0.2:68", "255.255.255.255:67").to_mac(lb::kBroadcastMac),
             raw(0x88cc, Bytes(46)).to_mac({{0x01, 0x80, 0xc2, 0, 0, 0x0e}})});
  CHECK(got.size() == 4);
}

TEST_CASE("without a twin all of this stays as it was") {
  Lab lab(one_service());
  lab.receive("wan", {ip("10.1.0.2", "224.0.0.18", 112).data(20).to_mac(kVrrpMac),
                      raw(0x88cc, Bytes(46)), ip("10.1.0.10", kOwn, 112).data(8),
                      tcp("10.1.0.10:40000", "10.1.0.1:22").flags("S")});
  CHECK(lab.drops() == "unknown_ethertype=1 not_for_us=1 unknown_protocol=1 closed_port=1");
}

TEST_CASE("a link without a twin leads to no kernel, nor does one to another link's address") {
  Lab lab = twin_lab();
  const std::string link = GENERATE("lan", "wan");
  const std::string own = link == "lan" ? "10.1.0.1" : "10.2.0.1";
  const std::string host = link == "lan" ? "10.2.0.11" : "10.1.0.10";
  const Lines out = lab.receive(link, {tcp(host + ":40000", own + ":22").flags("S")});
  REQUIRE(out.size() == 1);
  CHECK_THAT(out[0], Catch::Contains("[RA]"));
  CHECK(lab.to_kernel() == Lines{});
  CHECK(lab.drops() == "closed_port=1");
}

TEST_CASE("IPv6 and tagged frames do not reach a twin, which has no such address") {
  Lab lab = twin_lab();
  lab.receive("wan", {raw(0x86dd, Bytes(60)).to_mac({{0x33, 0x33, 0, 0, 0, 1}}),
                      raw(0x8100, Bytes(60)).to_mac(lb::kBroadcastMac)});
  CHECK(lab.to_kernel() == Lines{});
  CHECK(lab.drops() == "vlan=1 unknown_ethertype=1");
}

TEST_CASE("broken packets, strangers' frames and forged sources do not reach the kernel") {
  Lab lab = twin_lab();
  lab.receive("wan", {tcp("10.1.0.10:40000", "10.1.0.1:22").flags("S").wrong_ip_checksum(),
                      tcp("10.1.0.10:40000", "10.1.0.1:22").to_mac(mac_of("10.1.0.77")),
                      tcp("10.1.0.100:22", "10.1.0.1:22").from_mac(mac_of("10.1.0.66"))});
  CHECK(lab.to_kernel() == Lines{});
  CHECK(lab.drops() == "foreign_mac=1 bad_ip_checksum=1 bad_source=1");
}

TEST_CASE("nothing of a service reaches the kernel, though the VIP is the twin's own address") {
  Setup setup = twin_setup({{"tcp", "10.1.0.1:80", {{kServer, 1, "nat"}}}});
  Lab lab(setup);
  CHECK(lab.from_client(tcp("10.1.0.10:40000", "10.1.0.1:80").flags("S")).size() == 1);
  CHECK(lab.from_server(tcp(kServer, "10.1.0.10:40000").flags("SA")).size() == 1);
  CHECK(lab.from_client(tcp("10.1.0.10:40000", "10.1.0.1:80").flags("R")).size() == 1);
  // Of no connection: refused by the director itself.
  CHECK(lab.from_client(tcp("10.1.0.10:40001", "10.1.0.1:80").flags("A")).size() == 1);
  CHECK(lab.drops() == "not_a_syn=1");
  CHECK(lab.to_kernel() == Lines{});
}

TEST_CASE("a VIP that is no interface's address is not the kernel's, whatever the port") {
  Lab lab = twin_lab();
  CHECK(lab.from_client(tcp("10.1.0.10:40000", "10.1.0.100:22").flags("S")).size() == 1);
  CHECK(lab.drops() == "closed_port=1");
  CHECK(lab.to_kernel() == Lines{});
}

TEST_CASE("ping and ARP requests are answered by the director alone") {
  Lab lab = twin_lab();
  CHECK(lab.from_client(echo_request("10.1.0.10", kOwn)).size() == 1);
  CHECK(lab.from_client(arp_request("10.1.0.10", kOwn)).size() == 1);
  CHECK(lab.from_client(arp_request("10.1.0.10", "10.1.0.11")) == Lines{});
  CHECK(lab.to_kernel() == Lines{});
}

TEST_CASE("ARP replies and announcements go to both") {
  Setup setup = twin_setup();
  setup.hosts = {};
  Lab lab(setup);
  lab.from_client(tcp(kClient, kVip).flags("S"));  // asks for the server
  CHECK(lab.from_client(arp_reply("10.1.0.10", kOwn)) == Lines{});
  CHECK(lab.from_client(arp_request("10.1.0.11", "10.1.0.11")) == Lines{});
  CHECK(lab.to_kernel().size() == 2);
  // By another link, without a twin: the director alone hears it.
  CHECK(lab.from_server(arp_reply("10.2.0.11", "10.2.0.1")).size() == 1);
  CHECK(lab.to_kernel() == Lines{});
}

TEST_CASE("fragments to an own address go to the kernel as they came") {
  Lab lab = twin_lab();
  const Bytes whole =
      udp("10.1.0.10:40000", "10.1.0.1:500").data(24).may_fragment().build(lab.mac_of_link("wan"));
  const auto piece = [&](uint16_t field, size_t from, size_t to) {
    return ip("10.1.0.10", kOwn, 17)
        .fragment(field)
        .data(Bytes(whole.begin() + static_cast<long>(34 + from),
                    whole.begin() + static_cast<long>(34 + to)));
  };
  CHECK(lab.receive("wan", {piece(0x2000, 0, 16)}) == Lines{});
  CHECK(lab.to_kernel() == Lines{});
  CHECK(lab.receive("wan", {piece(0x0002, 16, 32)}) == Lines{});
  CHECK(lab.to_kernel().size() == 2);
  CHECK(lab.drops() == "");
}

TEST_CASE("a datagram of many fragments goes to the kernel as a whole") {
  Setup setup = twin_setup();
  setup.workers = 1;
  Lab lab(setup);
  constexpr uint16_t kPieces = 60;
  static_assert(kPieces > dataplane::KernelDoor::kPerTurn);
  for (uint16_t i = 0; i < kPieces; ++i) {
    const auto more = static_cast<uint16_t>(i + 1 < kPieces ? 0x2000 : 0);
    const Frame piece = ip("10.1.0.10", kOwn, 47).fragment(more | static_cast<uint16_t>(i * 2));
    lab.io().put(lab.link_number("wan"), Frame(piece).data(16).build(lab.mac_of_link("wan")));
  }
  lab.turn();
  CHECK(lab.to_kernel().size() == kPieces);
  CHECK(lab.drops() == "");
}

TEST_CASE("what the kernel sends leaves as it is") {
  Lab lab = twin_lab();
  const Bytes frame = tcp("10.1.0.1:50000", "10.1.0.10:80")
                          .flags("S")
                          .ttl(7)
                          .from_mac(lab.mac_of_link("wan"))
                          .to_mac(mac_of("10.1.0.10"))
                          .build({});
  lab.from_kernel("wan", frame);
  lab.turn_quietly();
  const std::vector<SentFrame> sent = lab.io().take_sent();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].link == 0);
  CHECK(sent[0].bytes == frame);
  CHECK(lab.connections() == Lines{});
}

TEST_CASE("a frame of the kernel's that finds no buffer waits for the next turn") {
  Lab lab = twin_lab();
  lab.from_kernel("wan",
                  arp_request("10.1.0.1", "10.1.0.10").from_mac(lab.mac_of_link("wan")).build({}));
  lab.io().set_allocation_fails(true);
  CHECK(lab.turn() == Lines{});
  lab.io().set_allocation_fails(false);
  CHECK(lab.turn().size() == 1);
}

TEST_CASE("a turn gives the kernel a bounded number of packets, and clients' go on") {
  Setup setup = twin_setup();
  setup.workers = 1;
  Lab lab(setup);
  std::vector<Frame> frames(50, tcp("10.1.0.10:40000", "10.1.0.1:22").flags("S"));
  frames.push_back(tcp(kClient, kVip).flags("S"));
  CHECK(lab.receive("wan", frames).size() == 1);
  CHECK(lab.to_kernel().size() == dataplane::KernelDoor::kPerTurn);
  CHECK(lab.drops() == "kernel_limit=18");
}

TEST_CASE("what comes from afar in a turn leaves neighbours their own part of it") {
  Setup setup = twin_setup();
  setup.workers = 1;
  setup.twins = {"wan", "lan"};
  Lab lab(setup);
  const std::vector<Frame> flood(60, udp("172.16.0.1:40000", "10.1.0.1:22"));
  for (const Frame& frame : flood) {
    lab.io().put(lab.link_number("wan"), frame.build(lab.mac_of_link("wan")));
  }
  // By the other link, in the same turn.
  lab.receive("lan", {arp_reply("10.2.0.11", "10.2.0.1")});
  const Lines got = lab.to_kernel();
  CHECK(got.size() == dataplane::KernelDoor::kPerTurn + 1);
  CHECK_THAT(got.back(), Catch::StartsWith("ARP"));
  CHECK(lab.drops() == "kernel_limit=28");
}

TEST_CASE("a flood from afar has a limit of its own, and neighbours go on") {
  Setup setup = twin_setup();
  setup.workers = 1;
  Lab lab(setup);
  const std::vector<Frame> flood(32, udp("172.16.0.1:40000", "10.1.0.1:22"));
  size_t passed = 0;
  const uint32_t most = dataplane::KernelExchange::kAtOnce;
  for (uint32_t i = 0; i < most / 32 + 10; ++i) {
    lab.receive("wan", flood);
    passed += lab.to_kernel().size();
  }
  CHECK(passed == most);
  CHECK(lab.drops() == "kernel_limit=320");
  CHECK(taken(lab, "wan",
              {udp("10.1.0.10:53", "10.1.0.1:40000"),
               ip("10.1.0.2", "224.0.0.18", 112).data(20).to_mac(kVrrpMac),
               arp_reply("10.1.0.10", kOwn)})
            .size() == 3);
  // A second later there is room again.
  lab.pass(1);
  CHECK(taken(lab, "wan", flood).size() == 32);
}

TEST_CASE("where the kernel takes nothing, half of the way to it is left for neighbours") {
  Setup setup = twin_setup();
  setup.workers = 1;
  Lab lab(setup);
  const uint32_t size = dataplane::FrameRing::kFrames;
  const std::vector<Frame> flood(32, udp("172.16.0.1:40000", "10.1.0.1:22"));
  const std::vector<Frame> near(32, udp("10.1.0.10:53", "10.1.0.1:40000"));
  for (uint32_t i = 0; i < size / 32; ++i) lab.receive("wan", flood);
  CHECK(lab.drops() == "kernel_full=" + std::to_string(size / 2));
  for (uint32_t i = 0; i < size / 2 / 32; ++i) lab.receive("wan", near);
  CHECK(lab.drops() == "");
  CHECK(lab.worker().reader_kernel().reader_dropped(0) == size / 2);
  CHECK(lab.to_kernel().size() == size);
}

TEST_CASE("a frame longer than any of the kernel's is dropped") {
  Lab lab = twin_lab();
  lab.receive("wan", {udp("10.1.0.10:53", "10.1.0.1:40000").data(1600)});
  CHECK(lab.to_kernel() == Lines{});
  CHECK(lab.drops() == "too_big=1");
}

TEST_CASE("several workers give the kernel a flow's packets in order, and masquerade goes first") {
  Setup setup = twin_setup();
  setup.masquerade = {{"10.2.0.0/24", "wan"}};
  Lab lab(setup);
  CHECK(lab.from_server(udp("10.2.0.11:5000", "10.1.0.10:53")).size() == 1);
  CHECK(lab.from_client(udp("10.1.0.10:53", "10.1.0.1:5000")).size() == 1);
  CHECK(lab.to_kernel() == Lines{});
  Lines expected;
  for (uint16_t id = 1; id <= 9; ++id) {
    const Frame frame = udp("10.1.0.11:53", "10.1.0.1:5000").id(id);
    lab.from_client(frame);
    expected.push_back(describe(frame.build(lab.mac_of_link("wan"))) + " by wan");
  }
  CHECK(lab.to_kernel() == expected);
  CHECK(all_start_with(expected, "UDP 10.1.0.11:53"));
}
