#include "tools/bench/packets.h"

#include <rte_ip.h>
#include <rte_lcore.h>

#include <algorithm>
#include <cstring>
#include <random>

namespace bench {
namespace {

using dataplane::Be16;
using dataplane::EthernetHeader;
using dataplane::Ipv4Header;
using dataplane::TcpHeader;
using dataplane::UdpHeader;
using dataplane::view;

constexpr uint16_t kFrame = 60;
constexpr size_t kTransport = sizeof(EthernetHeader) + sizeof(Ipv4Header);

uint16_t ip_length(lb::Protocol protocol) {
  return protocol == lb::Protocol::kTcp ? sizeof(Ipv4Header) + sizeof(TcpHeader)
                                        : kFrame - sizeof(EthernetHeader);
}

// Ones' complement sum of a packet's transport part and pseudo header: all ones when its checksum
// is right. By DPDK's routine, which sums bytes and so cares about no type.
uint16_t transport_sum(const uint8_t* ip_packet) {
  const auto& ip = view<Ipv4Header>(ip_packet);
  const auto length = static_cast<uint16_t>(ip.total_length.value() - sizeof(Ipv4Header));
  uint32_t sum = rte_raw_cksum(&ip.source, 2 * sizeof(lb::Ipv4Address));
  sum += rte_raw_cksum(ip_packet + sizeof(Ipv4Header), length);
  sum += Be16(ip.protocol).raw();
  sum += Be16(length).raw();
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>((sum & 0xffff) + (sum >> 16));
}

Be16 complement(uint16_t sum) { return Be16::from_raw(static_cast<uint16_t>(~sum)); }

[[noreturn]] void fail(const char* what) {
  throw Failure(std::string("a packet came out wrong: ") + what);
}

}  // namespace

void write(rte_mbuf* mbuf, const Frame& frame) {
  mbuf->data_len = kFrame;
  mbuf->pkt_len = kFrame;
  auto* bytes = rte_pktmbuf_mtod(mbuf, uint8_t*);
  std::memset(bytes, 0, kFrame);
  view<EthernetHeader>(bytes) = {frame.mac_destination, frame.mac_source,
                                 Be16(dataplane::ethertype::kIpv4)};
  auto& ip = view<Ipv4Header>(bytes + sizeof(EthernetHeader));
  ip.version_and_length = 0x45;
  ip.total_length = Be16(ip_length(frame.protocol));
  ip.fragment = Be16(Ipv4Header::kDontFragment);
  ip.ttl = frame.ttl;
  ip.protocol = static_cast<uint8_t>(frame.protocol);
  ip.source = frame.source.address;
  ip.destination = frame.destination.address;
  ip.checksum = complement(rte_raw_cksum(&ip, sizeof ip));
  uint8_t* transport = bytes + kTransport;
  if (frame.protocol == lb::Protocol::kTcp) {
    auto& tcp = view<TcpHeader>(transport);
    tcp.source_port = frame.source.port;
    tcp.destination_port = frame.destination.port;
    tcp.data_offset = 5 << 4;
    tcp.flags = frame.tcp_flags;
    tcp.window = Be16(0xffff);
    tcp.checksum = complement(transport_sum(bytes + sizeof(EthernetHeader)));
  } else {
    auto& udp = view<UdpHeader>(transport);
    udp = {frame.source.port, frame.destination.port, Be16(kFrame - kTransport), Be16(0)};
    udp.checksum = complement(transport_sum(bytes + sizeof(EthernetHeader)));
  }
}

void expect(const rte_mbuf* mbuf, const Frame& frame) {
  const uint16_t length = ip_length(frame.protocol);
  if (mbuf->data_len != sizeof(EthernetHeader) + length || mbuf->pkt_len != mbuf->data_len) {
    fail("length");
  }
  const auto* bytes = rte_pktmbuf_mtod(mbuf, const uint8_t*);
  const auto& ethernet = view<EthernetHeader>(bytes);
  if (ethernet.destination != frame.mac_destination) fail("destination MAC address");
  if (ethernet.source != frame.mac_source) fail("source MAC address");
  const auto& ip = view<Ipv4Header>(bytes + sizeof(EthernetHeader));
  // Both protocols begin with the ports.
  const auto& ports = view<UdpHeader>(bytes + kTransport);
  if (End{ip.source, ports.source_port} != frame.source) fail("source");
  if (End{ip.destination, ports.destination_port} != frame.destination) fail("destination");
  if (ip.ttl != frame.ttl) fail("TTL");
  if (rte_raw_cksum(&ip, sizeof ip) != 0xffff) fail("IP checksum");
  if (transport_sum(bytes + sizeof(EthernetHeader)) != 0xffff) fail("TCP or UDP checksum");
}

MbufPool::MbufPool(uint32_t size)
    : pool_(rte_pktmbuf_pool_create("bench", size, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
                                    static_cast<int>(rte_socket_id()))) {
  if (pool_ == nullptr) throw Failure("no memory for " + std::to_string(size) + " mbufs");
}

size_t MbufPool::bytes_for(uint32_t size) {
  return size_t{size} * (RTE_MBUF_DEFAULT_BUF_SIZE + sizeof(rte_mbuf) + 2 * RTE_CACHE_LINE_SIZE);
}

rte_mbuf* MbufPool::allocate() {
  rte_mbuf* mbuf = rte_pktmbuf_alloc(pool_.get());
  if (mbuf == nullptr) throw Failure("the pool has no mbuf left");
  return mbuf;
}

Ring::Ring(MbufPool& pool, uint32_t size) {
  for (uint32_t i = 0; i < size; ++i) mbufs_.push_back(pool.allocate());
  std::shuffle(mbufs_.begin(), mbufs_.end(), std::mt19937(size));
}

}  // namespace bench
