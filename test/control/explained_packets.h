// Packets to ask `explain` about.
#pragma once

#include "control/explanation.h"
#include "dataplane/checksum.h"
#include "dataplane/headers.h"
#include "tools/replay/run.h"

namespace control {

inline lb::Endpoint endpoint(std::string_view text) { return lb::Endpoint::parse(text).value(); }

// Ethernet, IP, TCP or UDP, and nothing in them.
inline replay::Bytes frame_of(const ExplainQuery& query, uint8_t tcp_flags,
                              const lb::MacAddress& to) {
  using dataplane::EthernetHeader, dataplane::view, lb::Be16;
  using dataplane::Ipv4Header, dataplane::TcpHeader, dataplane::UdpHeader;
  const bool is_tcp = query.protocol == lb::Protocol::kTcp;
  const size_t transport = is_tcp ? sizeof(TcpHeader) : sizeof(UdpHeader);
  replay::Bytes frame(sizeof(EthernetHeader) + sizeof(Ipv4Header) + transport);
  auto& ethernet = view<EthernetHeader>(frame.data());
  ethernet = {to, replay::mac_for(query.client.address.ipv4()), Be16(dataplane::ethertype::kIpv4)};
  uint8_t* at = frame.data() + sizeof(EthernetHeader);
  auto& ip = view<Ipv4Header>(at);
  ip.version_and_length = 0x45;
  ip.total_length = Be16(static_cast<uint16_t>(sizeof(Ipv4Header) + transport));
  ip.ttl = 64;
  ip.protocol = static_cast<uint8_t>(query.protocol);
  ip.source = query.client.address.ipv4();
  ip.destination = query.destination.address.ipv4();
  ip.checksum = dataplane::checksum_of({at, sizeof(Ipv4Header)});
  uint8_t* const segment = at + sizeof(Ipv4Header);
  auto& ports = view<UdpHeader>(segment);
  ports.source_port = Be16(query.client.port);
  ports.destination_port = Be16(query.destination.port);
  if (!is_tcp) {
    ports.length = Be16(sizeof(UdpHeader));
    return frame;
  }
  auto& tcp = view<TcpHeader>(segment);
  tcp.data_offset = 0x50;
  tcp.flags = tcp_flags;
  tcp.checksum = dataplane::finish(dataplane::sum_of(
      {segment, sizeof(TcpHeader)},
      dataplane::pseudo_header_sum(ip.source, ip.destination, ip.protocol, sizeof(TcpHeader))));
  return frame;
}

}  // namespace control
