#include "tools/bench/packets.h"

#include <rte_ip.h>
#include <rte_lcore.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_prefetch.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "dataplane/tunnel.h"

namespace bench {
namespace {

using dataplane::Be16;
using dataplane::EthernetHeader;
using dataplane::Ipv4Header;
using dataplane::TcpHeader;
using dataplane::UdpHeader;
using dataplane::view;

constexpr uint16_t kShortestFrame = 60;
constexpr uint16_t kCheckSequence = 4;
constexpr size_t kTransport = sizeof(EthernetHeader) + sizeof(Ipv4Header);
constexpr uint8_t kPayload = 0x5a;

size_t transport_header(lb::Protocol protocol) {
  return protocol == lb::Protocol::kTcp ? sizeof(TcpHeader) : sizeof(UdpHeader);
}

uint16_t transport_length(const Frame& frame) {
  return static_cast<uint16_t>(transport_header(frame.protocol) + frame.payload);
}

uint16_t ip_length(const Frame& frame) {
  return static_cast<uint16_t>(sizeof(Ipv4Header) + transport_length(frame));
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

// As RFC 2003 wants it of a packet that must not be fragmented.
void expect_outer(const uint8_t* packet, const Frame& frame) {
  const auto& outer = view<Ipv4Header>(packet);
  if (outer.version_and_length != 0x45) fail("outer header's length");
  if (outer.total_length.value() != sizeof(Ipv4Header) + ip_length(frame)) fail("outer length");
  if (outer.fragment.value() != Ipv4Header::kDontFragment) fail("outer fragment field");
  if (outer.ttl != frame.ttl) fail("outer TTL");
  if (outer.protocol != dataplane::kProtocolIpip) fail("outer protocol");
  if (outer.source != frame.outer->source) fail("outer source");
  if (outer.destination != frame.outer->destination) fail("outer destination");
  if (rte_raw_cksum(&outer, sizeof outer) != 0xffff) fail("outer checksum");
}

}  // namespace

uint16_t payload_of(lb::Protocol protocol, uint16_t frame_bytes) {
  const size_t headers = kTransport + transport_header(protocol) + kCheckSequence;
  const bool padded = frame_bytes <= kShortestFrame + kCheckSequence;
  return padded ? uint16_t{0} : static_cast<uint16_t>(frame_bytes - headers);
}

void write(rte_mbuf* mbuf, const Frame& frame) {
  const auto bytes_of_ip = static_cast<uint16_t>(sizeof(EthernetHeader) + ip_length(frame));
  rte_pktmbuf_reset_headroom(mbuf);  // an outer header has taken some
  mbuf->data_len = std::max(kShortestFrame, bytes_of_ip);
  mbuf->pkt_len = mbuf->data_len;
  auto* bytes = rte_pktmbuf_mtod(mbuf, uint8_t*);
  std::memset(bytes, 0, kShortestFrame);
  view<EthernetHeader>(bytes) = {frame.mac_destination, frame.mac_source,
                                 Be16(dataplane::ethertype::kIpv4)};
  auto& ip = view<Ipv4Header>(bytes + sizeof(EthernetHeader));
  ip.version_and_length = 0x45;
  ip.total_length = Be16(ip_length(frame));
  ip.fragment = Be16(Ipv4Header::kDontFragment);
  ip.ttl = frame.ttl;
  ip.protocol = static_cast<uint8_t>(frame.protocol);
  ip.source = frame.source.address;
  ip.destination = frame.destination.address;
  ip.checksum = complement(rte_raw_cksum(&ip, sizeof ip));
  uint8_t* transport = bytes + kTransport;
  std::memset(transport + transport_header(frame.protocol), kPayload, frame.payload);
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
    udp = {frame.source.port, frame.destination.port, Be16(transport_length(frame)), Be16(0)};
    udp.checksum = complement(transport_sum(bytes + sizeof(EthernetHeader)));
  }
}

void warm_headers(std::span<rte_mbuf*> mbufs) {
  for (rte_mbuf* mbuf : mbufs) {
    rte_prefetch0(mbuf);
    rte_prefetch0(rte_pktmbuf_mtod(mbuf, void*));
  }
}

void expect(const rte_mbuf* mbuf, const Frame& frame) {
  const size_t overhead = frame.outer ? sizeof(Ipv4Header) : 0;
  if (mbuf->data_len != sizeof(EthernetHeader) + overhead + ip_length(frame) ||
      mbuf->pkt_len != mbuf->data_len) {
    fail("length");
  }
  const auto* bytes = rte_pktmbuf_mtod(mbuf, const uint8_t*);
  const auto& ethernet = view<EthernetHeader>(bytes);
  if (ethernet.destination != frame.mac_destination) fail("destination MAC address");
  if (ethernet.source != frame.mac_source) fail("source MAC address");
  const uint8_t* packet = bytes + sizeof(EthernetHeader);
  if (frame.outer) expect_outer(packet, frame);
  packet += overhead;
  const auto& ip = view<Ipv4Header>(packet);
  // Both protocols begin with the ports.
  const auto& ports = view<UdpHeader>(packet + sizeof(Ipv4Header));
  if (End{ip.source, ports.source_port} != frame.source) fail("source");
  if (End{ip.destination, ports.destination_port} != frame.destination) fail("destination");
  if (ip.total_length.value() != ip_length(frame)) fail("IP length");
  if (ip.ttl != frame.ttl) fail("TTL");
  if (rte_raw_cksum(&ip, sizeof ip) != 0xffff) fail("IP checksum");
  if (transport_sum(packet) != 0xffff) fail("TCP or UDP checksum");
}

MbufPool::MbufPool(uint32_t size)
    : pool_(rte_mempool_create_empty("bench", size, sizeof(rte_mbuf) + RTE_MBUF_DEFAULT_BUF_SIZE, 0,
                                     sizeof(rte_pktmbuf_pool_private),
                                     static_cast<int>(rte_socket_id()),
                                     RTE_MEMPOOL_F_NO_IOVA_CONTIG)) {
  // As lbd's own of vdevs, see BufferPool.
  rte_mempool* pool = pool_.get();
  if (pool != nullptr) {
    rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), nullptr);
    rte_pktmbuf_pool_private settings{};
    settings.mbuf_data_room_size = RTE_MBUF_DEFAULT_BUF_SIZE;
    rte_pktmbuf_pool_init(pool, &settings);
    if (rte_mempool_populate_default(pool) < 0) pool = nullptr;
  }
  if (pool == nullptr) throw Failure("no memory for " + std::to_string(size) + " mbufs");
  rte_mempool_obj_iter(pool, rte_pktmbuf_init, nullptr);
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
