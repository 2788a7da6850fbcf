#include "test/vectors/frames.h"

#include <fmt/format.h>

#include <algorithm>

#include "dataplane/checksum.h"
#include "dataplane/headers.h"
#include "dataplane/tunnel.h"

namespace vectors_test {
namespace {

using dataplane::EthernetHeader;
using dataplane::IcmpHeader;
using dataplane::Ipv4Header;

bool is_own(const lb::Ipv4Address& address) {
  for (const char* own : {"10.1.0.1", "10.1.0.100", "10.2.0.1"}) {
    if (lb::IpAddress(address) == lb::IpAddress::parse(own)) return true;
  }
  return false;
}

// Around tunnelled packets, and of answers, which leave with the director's own TTL.
bool is_made_here(const Ipv4Header& ip) {
  return is_own(ip.source) && (ip.protocol == dataplane::kProtocolIpip ||
                               (ip.protocol == dataplane::kProtocolIcmp && ip.ttl == 64));
}

bool is_echo_reply(const Ipv4Header& ip, const uint8_t* transport) {
  return ip.protocol == dataplane::kProtocolIcmp &&
         dataplane::view<IcmpHeader>(transport).type == IcmpHeader::kEchoReply;
}

std::string hex(const replay::Bytes& bytes) {
  std::string text;
  for (size_t i = 0; i < std::min<size_t>(bytes.size(), 128); ++i) {
    text += fmt::format("{}{:02x}", i % 16 == 0 ? "\n      " : " ", bytes[i]);
  }
  return text;
}

}  // namespace

bool is_ip(const replay::Bytes& frame) {
  return frame.size() >= sizeof(EthernetHeader) + sizeof(Ipv4Header) &&
         dataplane::view<EthernetHeader>(frame.data()).type.value() == dataplane::ethertype::kIpv4;
}

replay::Bytes without_numbers(const replay::Bytes& frame) {
  replay::Bytes result = frame;
  uint8_t* const bytes = result.data() + sizeof(EthernetHeader);
  auto& ip = dataplane::view<Ipv4Header>(bytes);
  const std::span<const uint8_t> header(bytes, ip.header_length());
  if (!is_made_here(ip) || dataplane::fold(dataplane::sum_of(header)) != 0xffff) return result;
  if (is_echo_reply(ip, bytes + ip.header_length())) {
    ip.fragment = lb::Be16(0);
  } else if ((ip.fragment.value() & Ipv4Header::kDontFragment) != 0 || ip.id.value() == 0) {
    return result;
  }
  ip.id = lb::Be16(0);
  ip.checksum = lb::Be16(0);
  ip.checksum = dataplane::checksum_of(header);
  return result;
}

std::string difference(const replay::Bytes& recorded, const replay::Bytes& sent) {
  const auto [a, b] = std::ranges::mismatch(recorded, sent);
  return fmt::format("{} and {} bytes, the first difference at {}\n    LVS:{}\n    lbd:{}",
                     recorded.size(), sent.size(), a - recorded.begin(), hex(recorded), hex(sent));
}

}  // namespace vectors_test
