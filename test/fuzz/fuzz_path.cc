// A worker under fuzzed traffic: several frames and pauses of one input meet the same connections,
// neighbours and full table, in mbufs of exactly the frames' length.
//
// An input is a sequence of steps, each: one byte (bit 7: the lan link, else wan; bit 6: the device
// vouches for the IP checksum; bit 5: mend the IP checksum, which a fuzzer cannot guess; bits 0 to
// 4: a pause before it, see pause()), two bytes of length, the frame.
//
// With LBD_SEEDS=DIRECTORY in its environment the program writes a starting corpus there and ends.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "test/dataplane/support/describe.h"
#include "test/dataplane/support/world.h"

using namespace dataplane_test;

namespace {

constexpr uint8_t kLan = 0x80, kVouched = 0x40, kMend = 0x20, kPause = 0x1f;

Setup small_director() {
  Setup setup;
  setup.services = {{"tcp", "10.1.0.100:80", {{"10.2.0.11:80"}, {"10.2.0.12:8080", 2}}, "wrr"},
                    {"tcp", "10.1.0.100:443", {{"10.2.0.11:80"}, {"10.2.0.14:80"}}, "wlc"},
                    {"tcp", "10.1.0.101:80", {{"10.2.0.12:80", 1, "dr"}, {"10.2.0.13:80"}}, "rr"},
                    {"udp", "10.1.0.100:53", {{"10.2.0.11:53"}, {"10.2.0.15:5353"}}, "lc"},
                    {"udp", "10.1.0.101:53", {{"10.2.0.12:53", 1, "dr"}}},
                    {"tcp", "10.1.0.102:80", {{"10.2.0.11:80", 0}}},
                    {"udp", "10.1.0.103:53", {{"10.2.0.12:53", 1, "tunnel"}}}};
  setup.masquerade = {{"10.2.0.0/25", "wan", 2000, 2003}};
  setup.links[1].mtu = 600;
  setup.routes = {{"0.0.0.0/0", "wan", "10.1.0.11"}};
  setup.hosts = {
      {"wan", "10.1.0.10"}, {"wan", "10.1.0.11"}, {"lan", "10.2.0.11"}, {"lan", "10.2.0.12"}};
  setup.capacity = 8;
  return setup;
}

// Puts a right checksum into what looks like an IP header, so that the fuzzer gets past it.
void mend_ip_checksum(Bytes& frame) {
  if (frame.size() < 34 || get16(frame, 12) != 0x0800) return;
  const size_t header = (frame[14] & 15) * 4u;
  if (header < 20 || frame.size() < 14 + header) return;
  set16(frame, 24, 0);
  set16(frame, 24, internet_checksum(View(frame).subspan(14, header)));
}

// From a tick to a minute in powers of two, or a quarter of an hour; most of a long pause as if the
// worker had been kept from its CPU.
void pause(World& world, uint8_t how) {
  const unsigned code = how & kPause;
  if (code == 0) return;
  const lb::Tick ticks = lb::Tick{1} << (code == kPause ? 14 : code / 3);
  const lb::Tick turned = std::min(ticks, lb::Tick{32});
  world.stall(ticks - turned);
  world.pass_ticks(turned);
}

void run(World& world, View input) {
  while (input.size() >= 3) {
    const uint8_t how = input[0];
    const size_t length = std::min<size_t>(get16(input, 1), input.size() - 3);
    Bytes frame(input.begin() + 3, input.begin() + 3 + static_cast<std::ptrdiff_t>(length));
    input = input.subspan(3 + length);
    if ((how & kMend) != 0) mend_ip_checksum(frame);
    pause(world, how);
    rte_mbuf* mbuf = world.io().put(world.link_number((how & kLan) != 0 ? "lan" : "wan"), frame);
    // A device that vouches for a checksum is believed: it must be right.
    if ((how & kVouched) != 0 && has_right_ip_checksum(frame)) {
      mbuf->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD;
    }
    world.turn();
  }
}

// --- the starting corpus

class Seed {
 public:
  Seed& wan(const Frame& frame, uint8_t how = kMend) { return add(how, frame, 1); }
  Seed& lan(const Frame& frame, uint8_t how = kMend) { return add(how | kLan, frame, 2); }
  void write(const std::filesystem::path& file) const {
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes_.data()),
               static_cast<std::streamsize>(bytes_.size()));
  }

 private:
  Seed& add(int how, const Frame& frame, uint8_t link) {
    const Bytes built = frame.build({{2, 0xff, 0, 0, 0, link}});
    bytes_.push_back(static_cast<uint8_t>(how));
    append16(bytes_, static_cast<uint32_t>(built.size()));
    append(bytes_, built);
    return *this;
  }
  Bytes bytes_;
};

Seed whole_connection(const char* vip, const char* server) {
  const char* client = "10.1.0.10:40000";
  return Seed()
      .wan(tcp(client, vip).flags("S"))
      .lan(tcp(server, client).flags("SA"))
      .wan(tcp(client, vip).flags("PA").data(20))
      .wan(tcp(client, vip).flags("FA"))
      .lan(tcp(server, client).flags("FA"))
      .wan(tcp(client, vip).flags("S"), kMend | 30)
      .wan(tcp(client, vip).flags("RA"));
}

Seed full_table() {
  Seed seed;
  for (int i = 0; i < 12; ++i) {
    seed.wan(tcp("10.1.0.10:" + std::to_string(i), "10.1.0.100:80").flags("S"));
    if (i % 3 == 0) seed.wan(tcp("10.1.0.10:" + std::to_string(i), "10.1.0.100:80").flags("A"));
  }
  return seed;
}

Seed resolution() {
  return Seed()
      .wan(tcp("10.1.0.10:1", "10.1.0.100:443").flags("S"))
      .wan(tcp("10.1.0.10:2", "10.1.0.100:443").flags("S"))
      .lan(arp_reply("10.2.0.14", "10.2.0.1"))
      .wan(udp("10.1.0.10:2", "10.1.0.100:53").no_checksum())
      .wan(udp("10.1.0.10:3", "10.1.0.100:53"))
      .lan(arp_reply("10.2.0.99", "10.2.0.1"), kMend | 20)
      .lan(arp({.sender = "10.2.0.14",
                .target = "10.2.0.14",
                .sender_mac = lb::MacAddress{{2, 1, 1, 1, 1, 1}}}),
           kMend | 27);
}

Seed for_the_host() {
  return Seed()
      .wan(echo_request("10.1.0.10", "10.1.0.100").padded_to(60))
      .wan(arp_request("10.1.0.10", "10.1.0.101"))
      .wan(tcp("10.1.0.10:1", "10.1.0.1:9").flags("A"))
      .wan(udp("10.1.0.10:1", "10.1.0.1:9").data(600))
      .wan(ip("10.1.0.10", "10.1.0.1", 253).data(8))
      .wan(udp("10.1.0.10:1", "10.2.0.11:9").data(700))
      .wan(udp("10.1.0.10:1", "10.2.0.12:9").ttl(1).ip_options({7, 3, 4, 0}))
      .lan(udp("10.2.0.11:1", "8.8.8.8:9"))
      .wan(tcp("10.1.0.10:1", "10.1.0.102:80").flags("S"));
}

// The IP packet of a frame: what an ICMP error quotes, what a tunnel carries.
Bytes packet_of(const Frame& frame) {
  const Bytes built = frame.build({});
  return {built.begin() + 14, built.end()};
}

Seed fragments(const char* vip) {
  const Bytes whole = packet_of(udp("10.1.0.10:7", vip).data(1200));
  const auto piece = [&](size_t from, size_t to) {
    const auto begin = whole.begin() + 20;
    return ip("10.1.0.10", std::string(vip).substr(0, 10), 17)
        .data(Bytes(begin + static_cast<long>(from), begin + static_cast<long>(to)))
        .fragment(static_cast<uint16_t>((to < 1208 ? 0x2000 : 0) | from / 8));
  };
  return Seed().wan(piece(400, 800)).wan(piece(0, 400)).wan(piece(0, 400)).wan(piece(800, 1208));
}

Seed errors() {
  const Frame request = udp("10.1.0.10:7", "10.1.0.100:53").data(20);
  const Frame reply = udp("10.1.0.100:53", "10.1.0.10:7").data(20);
  const Frame inside = udp("10.1.0.10:7", "10.2.0.11:53").data(20);
  const Frame tunnelled = udp("10.1.0.10:7", "10.1.0.103:53").data(20);
  const Frame outer = ip("10.2.0.1", "10.2.0.12", 4).data(packet_of(tunnelled));
  return Seed()
      .wan(request)
      .wan(tunnelled)
      .wan(icmp("10.1.0.10", "10.1.0.100", 3, 3).data(packet_of(reply)))
      .lan(icmp("10.2.0.11", "10.1.0.10", 3, 3).data(packet_of(inside)))
      .lan(icmp("10.2.0.99", "10.2.0.1", 3, 4, 580).data(packet_of(outer)))
      .wan(tunnelled);
}

Seed masqueraded() {
  return Seed()
      .lan(udp("10.2.0.12:2001", "8.8.8.8:53").data(9))
      .lan(udp("10.2.0.11:2001", "8.8.8.8:53").data(9))
      .lan(tcp("10.2.0.12:99", "8.8.8.8:80").flags("S"))
      .lan(echo_request("10.2.0.12", "8.8.8.8"))
      .wan(udp("8.8.8.8:53", "10.1.0.1:2001").data(30))
      .wan(tcp("8.8.8.8:80", "10.1.0.1:2003").flags("SA"))
      .wan(icmp("8.8.8.8", "10.1.0.1", 0, 0, 0x07d10001).data(4));
}

void write_seeds(const std::filesystem::path& directory) {
  std::filesystem::create_directories(directory);
  whole_connection("10.1.0.100:80", "10.2.0.11:80").write(directory / "nat-connection");
  whole_connection("10.1.0.100:443", "10.2.0.11:80").write(directory / "nat-port-443");
  whole_connection("10.1.0.101:80", "10.2.0.12:80").write(directory / "dr-connection");
  full_table().write(directory / "full-table");
  resolution().write(directory / "resolution");
  for_the_host().write(directory / "for-the-host");
  fragments("10.1.0.100:53").write(directory / "nat-fragments");
  fragments("10.1.0.103:53").write(directory / "tunnel-fragments");
  errors().write(directory / "icmp-errors");
  masqueraded().write(directory / "masqueraded");
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  if (const char* directory = std::getenv("LBD_SEEDS")) {
    write_seeds(directory);
    std::exit(0);
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  World world(small_director());
  run(world, {data, size});
  const std::string faults = world.settle_and_audit();
  if (!faults.empty()) {
    std::fprintf(stderr, "%s\n", faults.c_str());
    std::abort();
  }
  return 0;
}
