// Every drop reason is reached by its packet, and by nothing else's counter.
#include <set>

#include "test/dataplane/support/lab.h"

using namespace dataplane_test;
using lb::DropReason;

namespace {

struct Case {
  const char* what;
  DropReason reason;
  Frame frame;
};

// What one frame is enough for, at a director with one service.
std::vector<Case> single_frames() {
  return {
      {"another host's MAC", DropReason::kForeignMac, syn().to_mac(mac_of("10.9.9.9"))},
      {"an 802.1Q tag", DropReason::kVlan, syn().ethertype(0x8100)},
      {"an 802.1ad tag", DropReason::kVlan, syn().ethertype(0x88a8)},
      {"IPv6", DropReason::kUnknownEthertype, syn().ethertype(0x86dd)},
      {"a length instead of an ethertype", DropReason::kUnknownEthertype, syn().ethertype(46)},
      {"half an Ethernet header", DropReason::kTruncated, syn().cut_to(13)},
      {"no byte at all", DropReason::kTruncated, syn().cut_to(0)},
      {"an Ethernet header alone", DropReason::kTruncated, syn().cut_to(14)},
      {"half an IP header", DropReason::kTruncated, syn().cut_to(14 + 19)},
      {"a frame shorter than its packet", DropReason::kTruncated, syn().cut_to(14 + 39)},
      {"IP version 6", DropReason::kBadIpHeader, syn().version_and_length(0x65)},
      {"an IP header of 4 words", DropReason::kBadIpHeader, syn().version_and_length(0x44)},
      {"a packet shorter than its header", DropReason::kBadIpHeader, syn().total_length(19)},
      {"an IP header longer than its packet", DropReason::kBadIpHeader,
       syn().version_and_length(0x4f)},
      {"a wrong IP checksum", DropReason::kBadIpChecksum, syn().wrong_ip_checksum()},
      {"half a TCP header", DropReason::kBadTransportHeader,
       ip("10.1.0.10", "10.1.0.100", 6).data(19)},
      {"a TCP header of 4 words", DropReason::kBadTransportHeader, syn().tcp_words(4)},
      {"a TCP header longer than its packet", DropReason::kBadTransportHeader, syn().tcp_words(6)},
      {"half a UDP header", DropReason::kBadTransportHeader,
       ip("10.1.0.10", "10.1.0.100", 17).data(7)},
      {"a UDP length below its header", DropReason::kBadTransportHeader,
       udp(kClient, kVip).udp_length(7)},
      {"a UDP length beyond its packet", DropReason::kBadTransportHeader,
       udp(kClient, kVip).data(1).udp_length(10)},
      {"half an ICMP header", DropReason::kBadTransportHeader,
       ip("10.1.0.10", "10.1.0.1", 1).data(7)},
      {"ARP cut short", DropReason::kBadArp, arp_request("10.1.0.10", "10.1.0.1").cut_to(41)},
      {"another host with the VIP", DropReason::kAddressConflict,
       arp_request("10.1.0.100", "10.1.0.100")},
      {"source 127.0.0.1", DropReason::kBadSource, tcp("127.0.0.1:1", kVip).flags("S")},
      {"source 0.0.0.0", DropReason::kBadSource, tcp("0.0.0.0:1", kVip).flags("S")},
      {"source 224.0.0.1", DropReason::kBadSource, tcp("224.0.0.1:1", kVip).flags("S")},
      {"source 255.255.255.255", DropReason::kBadSource, tcp("255.255.255.255:1", kVip).flags("S")},
      {"an ACK from 127.0.0.1", DropReason::kBadSource, tcp("127.0.0.1:1", kVip).flags("A")},
      {"a closed port, from 127.0.0.1", DropReason::kBadSource, udp("127.0.0.1:1", "10.1.0.1:9")},
      {"a way on, from 0.0.0.1", DropReason::kBadSource, udp("0.0.0.1:1", "10.2.0.11:9")},
      {"the VIP as source", DropReason::kBadSource, tcp("10.1.0.100:1", kVip).flags("S")},
      {"an ACK from the VIP", DropReason::kBadSource, tcp("10.1.0.100:1", kVip).flags("A")},
      {"IP in a broadcast frame", DropReason::kNotForUs, syn().to_mac(lb::kBroadcastMac)},
      {"IP in a multicast frame", DropReason::kNotForUs, syn().to_mac({{1, 0, 0x5e, 0, 0, 1}})},
      {"a multicast destination", DropReason::kNotForUs, udp(kClient, "224.0.0.1:9")},
      {"a first fragment that is no multiple of 8 bytes", DropReason::kBadFragment,
       udp(kClient, kVip).data(1).fragment(0x2000)},
      {"a fragment beyond 65,535 bytes", DropReason::kBadFragment, syn().fragment(0x1fff)},
      {"an ICMP error that quotes nothing", DropReason::kIcmpUnrelated,
       icmp("10.1.0.10", "10.1.0.1", 3, 3).data(28)},
      {"an ICMP timestamp request", DropReason::kIcmpUnhandled,
       icmp("10.1.0.10", "10.1.0.1", 13, 0).data(12)},
      {"IP protocol 253", DropReason::kUnknownProtocol, ip("10.1.0.10", "10.1.0.1", 253)},
      {"a TCP port without service", DropReason::kClosedPort,
       tcp(kClient, "10.1.0.1:9").flags("S")},
      {"a UDP port without service", DropReason::kClosedPort, udp(kClient, "10.1.0.1:9")},
      {"an ACK out of nowhere", DropReason::kNotASyn, tcp(kClient, kVip).flags("A")},
      {"TTL 1", DropReason::kTtlExpired, syn().ttl(1)},
      {"no route", DropReason::kNoRoute, udp(kClient, "8.8.8.8:53")},
      {"an IP option without end", DropReason::kBadIpOptions, syn().ip_options({1, 1, 1, 7})},
      {"loose source route", DropReason::kSourceRouted, syn().ip_options({1, 131, 3, 4})},
      {"strict source route", DropReason::kSourceRouted,
       syn().ip_options({0x94, 4, 0, 0, 137, 3, 4, 0})},
      {"too large for the next link, with DF", DropReason::kTooBig,
       udp(kClient, "10.2.0.11:9").data(1480)},
  };
}

std::string once(DropReason reason) { return std::string(lb::text_of(reason).name) + "=1"; }

// The others, with what it takes to get there.
std::string no_server() {
  Lab lab({service_of("tcp", {})});
  lab.from_client(syn());
  return lab.drops();
}

std::string table_full() {
  Lab lab(Setup{.services = one_service("udp"), .capacity = 1});
  lab.from_client(udp("10.1.0.10:1", kVip));
  lab.from_client(udp("10.1.0.10:2", kVip));
  return lab.drops();
}

std::string ambiguous_tuple() {
  Lab lab({{"tcp", kVip, {{kServer}}}, {"tcp", "10.1.0.100:81", {{kServer}}}});
  lab.from_client(syn());
  lab.from_client(tcp(kClient, "10.1.0.100:81").flags("S"));
  return lab.drops();
}

std::string neighbour(size_t packets, double seconds) {
  Lab lab(one_service());
  lab.receive("wan", std::vector<Frame>(packets, udp(kClient, "10.2.0.99:9")));
  lab.turn();  // what did not fit the burst
  lab.pass(seconds);
  const std::string drops = lab.drops();
  return drops;
}

std::string fragments(const std::vector<Frame>& frames, double seconds = 0) {
  Lab lab(one_service("udp"));
  for (const Frame& frame : frames) lab.from_client(frame);
  lab.pass(seconds);
  return lab.drops();
}

// 16 bytes of payload behind the UDP header, `at` units of 8 bytes into the datagram, more to come.
Frame piece(uint16_t at) { return udp(kClient, kVip).data(16).fragment(0x2000 | at); }

std::string fragments_full() {
  std::vector<Frame> frames;
  for (uint16_t i = 0; i <= 256; ++i) frames.push_back(piece(static_cast<uint16_t>(4 * i)));
  return fragments(frames);
}

std::string no_masquerade_port() {
  Lab lab(Setup{.services = {}, .masquerade = {{"10.2.0.0/24", "wan", 5000, 5000}}});
  lab.from_server(udp("10.2.0.11:7", kClient));
  lab.from_server(udp("10.2.0.12:7", kClient));
  return lab.drops();
}

std::string no_buffer() {
  Lab lab(one_service("udp"));
  lab.io().set_allocation_fails(true);
  lab.from_client(udp(kClient, kVip).data(1480).may_fragment());
  return lab.drops();
}

std::string chained() {
  Lab lab(one_service());
  lab.io().put_chained(0, syn().build(lab.mac_of_link("wan")), 34, 0);
  lab.turn();
  return lab.drops();
}

std::string transmit_full() {
  Lab lab(one_service());
  lab.io().set_transmit_limit(lab.link_number("lan"), 0);
  lab.from_client(syn());
  return lab.drops();
}

// A packet of a connection that has been cut comes in two fragments.
std::string cut() {
  Lab lab(one_service());
  lab.from_client(syn());
  lab.cut("tcp 10.1.0.100:80", {kServer});
  const Bytes whole = tcp(kClient, kVip).flags("A").data(20).build(lab.mac_of_link("wan"));
  const Frame fragment = ip("10.1.0.10", "10.1.0.100", 6);
  lab.from_client(
      Frame(fragment).data(Bytes(whole.begin() + 34, whole.begin() + 34 + 24)).fragment(0x2000));
  lab.from_client(Frame(fragment).data(Bytes(whole.begin() + 34 + 24, whole.end())).fragment(3));
  return lab.drops();
}

// Worker 1 stands still while worker 0 receives what is half of it worker 1's.
std::string handover_full() {
  Lab lab(Setup{.services = one_service(), .capacity = 65536, .workers = 2});
  std::string drops;
  for (int port = 1; drops.empty() && port < 60000; ++port) {
    const std::string client = "10.1.0.10:" + std::to_string(port);
    lab.io().put(lab.link_number("wan"),
                 tcp(client, kVip).flags("S").build(lab.mac_of_link("wan")));
    lab.turn_only(0);
    drops = lab.drops();
  }
  lab.turn();
  return drops;
}

// One packet for the kernel more than its limits or the way to it allow.
std::string kernel(uint16_t at_once) {
  Setup setup{.services = one_service()};
  setup.twins = {"wan"};
  Lab lab(setup);
  std::string drops;
  for (int count = 0; drops.empty() && count < 2000; count += at_once) {
    lab.receive("wan", std::vector<Frame>(at_once, udp("10.1.0.10:53", "10.1.0.1:40000")));
    drops = lab.drops();
  }
  return drops;
}

std::string standby() {
  Setup setup{.services = one_service()};
  setup.standby = true;
  Lab lab(setup);
  lab.from_client(syn());
  return lab.drops();
}

}  // namespace

TEST_CASE("each broken or unwanted packet is counted under its one reason") {
  for (const Case& c : single_frames()) {
    INFO(c.what);
    Lab lab(Setup{.services = one_service(),
                  .links = {{"wan", {"10.1.0.1/24"}, 2000}, {"lan", {"10.2.0.1/24"}}}});
    lab.from_client(c.frame);
    CHECK(lab.drops() == once(c.reason));
  }
}

TEST_CASE("reasons that take a situation are counted once as well", "[one-worker]") {
  CHECK(no_server() == once(DropReason::kNoServer));
  CHECK(table_full() == once(DropReason::kTableFull));
  CHECK(ambiguous_tuple() == once(DropReason::kAmbiguousTuple));
  CHECK(fragments({piece(0), piece(1)}) == "fragment_overlap=2");
  CHECK(fragments({piece(0), piece(0)}) == once(DropReason::kFragmentRepeated));
  CHECK(fragments({piece(0)}, 31) == once(DropReason::kFragmentTimeout));
  CHECK(fragments_full() == once(DropReason::kFragmentsFull));
  CHECK(no_masquerade_port() == once(DropReason::kNoMasqueradePort));
  CHECK(no_buffer() == once(DropReason::kNoBuffer));
  CHECK(neighbour(65, 0) == once(DropReason::kNeighbourPending));
  CHECK(neighbour(1, 5) == once(DropReason::kNeighbourFailed));
  CHECK(cut() == "cut=2");
  CHECK(chained() == once(DropReason::kChained));
  CHECK(transmit_full() == once(DropReason::kTransmitFull));
  CHECK(handover_full() == once(DropReason::kHandoverFull));
  CHECK(kernel(dataplane::KernelDoor::kPerTurn + 1) == once(DropReason::kKernelLimit));
  CHECK(kernel(1) == once(DropReason::kKernelFull));
  CHECK(standby() == once(DropReason::kStandby));
}

TEST_CASE("every drop reason is reached by one of these tests") {
  std::set<DropReason> reached = {
      DropReason::kNoServer, DropReason::kTableFull, DropReason::kAmbiguousTuple,
      DropReason::kNeighbourPending, DropReason::kNeighbourFailed, DropReason::kChained,
      DropReason::kTransmitFull, DropReason::kFragmentOverlap, DropReason::kFragmentRepeated,
      DropReason::kFragmentTimeout, DropReason::kFragmentsFull, DropReason::kNoMasqueradePort,
      DropReason::kNoBuffer, DropReason::kHandoverFull, DropReason::kCut, DropReason::kKernelLimit,
      DropReason::kKernelFull, DropReason::kStandby,
      // Counted by the thread of the kernel's twins: test/control/twin_pump_test.cc.
      DropReason::kKernelDown};
  for (const Case& c : single_frames()) reached.insert(c.reason);
  for (size_t i = 0; i < lb::kDropReasons; ++i) {
    INFO(lb::kDropReasonTexts[i].name);
    CHECK(reached.contains(static_cast<DropReason>(i)));
  }
}

TEST_CASE("a wrong IP checksum is not looked for where the device has vouched for it") {
  Lab lab(one_service());
  const Frame frame = ip("10.1.0.10", "8.8.8.8", 253).wrong_ip_checksum();
  lab.io().put(0, frame.build(lab.mac_of_link("wan")))->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD;
  lab.turn();
  CHECK(lab.drops() == "no_route=1");
  lab.io().put(0, frame.build(lab.mac_of_link("wan")))->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_BAD;
  lab.turn();
  CHECK(lab.drops() == "bad_ip_checksum=1");
}
