// What a tunnel cannot carry, and errors about it that nobody can be told.
#include "test/dataplane/support/lab.h"

using namespace dataplane_test;

namespace {

// A UDP datagram that is an IP packet of `length` bytes, as it leaves a host with an MTU of 1,500.
std::vector<Frame> in_fragments(size_t length) {
  const size_t size = length - 20;
  Bytes datagram;
  append16(datagram, 40000);
  append16(datagram, 80);
  append16(datagram, static_cast<uint32_t>(size));
  append16(datagram, 0);
  datagram.resize(size, 0x55);
  std::vector<Frame> frames;
  for (size_t at = 0; at < size; at += 1480) {
    const size_t end = std::min(size, at + 1480);
    const auto begin = datagram.begin();
    const auto field = static_cast<uint16_t>((end < size ? 0x2000 : 0) | at / 8);
    frames.push_back(ip("10.1.0.10", "10.1.0.100", 17)
                         .data(Bytes(begin + static_cast<long>(at), begin + static_cast<long>(end)))
                         .fragment(field));
  }
  return frames;
}

Bytes packet_of(const Frame& frame) {
  const Bytes built = frame.build({});
  return {built.begin() + 14, built.end()};
}

}  // namespace

TEST_CASE("a datagram that the tunnel's header takes beyond 65,535 bytes is dropped") {
  Lab lab(one_service("udp", "tunnel"));
  CHECK(lab.receive("wan", in_fragments(65515)).size() >= 45);
  CHECK(lab.drops() == "");
  CHECK(lab.receive("wan", in_fragments(65516)) == Lines{});
  CHECK(lab.receive("wan", in_fragments(65535)) == Lines{});
  CHECK(lab.drops() == "too_big=90");  // by fragment
}

TEST_CASE("an error that a tunnel relays has a fate even when its client does not answer") {
  Setup setup{.services = one_service("udp", "tunnel")};
  setup.hosts = {{"lan", "10.2.0.11"}};
  Lab lab(setup);
  const Frame request = udp(kClient, kVip).data(100);
  CHECK(lab.from_client(request).size() == 1);
  const Frame outer = ip("10.2.0.1", "10.2.0.11", 4).data(packet_of(request));
  CHECK(lab.from_server(icmp("10.2.0.99", "10.2.0.1", 3, 1).data(packet_of(outer))) ==
        Lines{"ARP who-has 10.1.0.10 tell 10.1.0.1 via wan to all"});
  lab.pass(5);
  CHECK(lab.drops() == "neighbour_failed=1");
}
