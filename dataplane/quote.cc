#include "dataplane/quote.h"

#include "dataplane/checksum.h"

namespace dataplane {
namespace {

constexpr size_t kLeastTransport = 8;  // RFC 792

// Where the 16 bits stand that tell flows of an end apart; nullptr: not quoted.
Be16* port_of(const Quote& quote, NamedEnd end) {
  uint8_t* const transport = quote.transport();
  if (quote.protocol == kProtocolIcmp) return &view<IcmpHeader>(transport).rest_high;
  auto& ports = view<UdpHeader>(transport);
  return end == NamedEnd::kSource ? &ports.source_port : &ports.destination_port;
}

Be16* checksum_of_transport(const Quote& quote) {
  uint8_t* const transport = quote.transport();
  switch (quote.protocol) {
    case kProtocolTcp:
      if (quote.transport_size() < offsetof(TcpHeader, urgent)) return nullptr;
      return &view<TcpHeader>(transport).checksum;
    case kProtocolUdp: {
      Be16& checksum = view<UdpHeader>(transport).checksum;
      return checksum.raw() != 0 ? &checksum : nullptr;
    }
    default:
      return &view<IcmpHeader>(transport).checksum;
  }
}

}  // namespace

std::optional<Quote> read_quote(std::span<uint8_t> bytes) {
  if (bytes.size() < sizeof(Ipv4Header)) return std::nullopt;
  const auto& ip = view<Ipv4Header>(bytes.data());
  const size_t header_length = ip.header_length();
  if (ip.version_and_length >> 4 != 4 || header_length < sizeof(Ipv4Header) ||
      bytes.size() < header_length + kLeastTransport ||
      (ip.fragment.value() & Ipv4Header::kOffset) != 0) {
    return std::nullopt;
  }
  Quote quote{
      bytes.data(), bytes.size(), ip.protocol, {ip.source, Be16(0)}, {ip.destination, Be16(0)}};
  switch (ip.protocol) {
    case kProtocolTcp:
    case kProtocolUdp:
      quote.source.port = *port_of(quote, NamedEnd::kSource);
      quote.destination.port = *port_of(quote, NamedEnd::kDestination);
      break;
    case kProtocolIcmp: {
      const auto& icmp = view<IcmpHeader>(quote.transport());
      if (icmp.type == IcmpHeader::kEchoRequest) quote.source.port = icmp.rest_high;
      if (icmp.type == IcmpHeader::kEchoReply) quote.destination.port = icmp.rest_high;
      break;
    }
    default:
      break;
  }
  return quote;
}

void translate(const Quote& quote, NamedEnd end, const lb::End<lb::V4>& to) {
  auto& ip = view<Ipv4Header>(quote.ip);
  lb::Ipv4Address& address = end == NamedEnd::kSource ? ip.source : ip.destination;
  Be16& port = *port_of(quote, end);
  ip.checksum = ChecksumDelta().replace(address, to.address).apply(ip.checksum);
  if (Be16* checksum = checksum_of_transport(quote)) {
    ChecksumDelta delta;
    delta.replace(port, to.port);
    // ICMP has no pseudo header.
    if (quote.protocol != kProtocolIcmp) delta.replace(address, to.address);
    const Be16 changed = delta.apply(*checksum);
    *checksum = quote.protocol == kProtocolUdp ? never_zero(changed) : changed;
  }
  address = to.address;
  port = to.port;
}

}  // namespace dataplane
