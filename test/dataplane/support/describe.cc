#include "test/dataplane/support/describe.h"

#include <fmt/format.h>

#include <algorithm>

namespace dataplane_test {
namespace {

constexpr size_t kEthernet = 14;

lb::MacAddress mac_at(View bytes, size_t at) {
  lb::MacAddress mac;
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), 6, mac.bytes.begin());
  return mac;
}

std::string hex(View bytes) {
  std::string text;
  for (const uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

std::string flag_letters(uint8_t flags) {
  std::string text;
  // In the order of the recorded vectors: "SA", "FA", "PA", "RA".
  constexpr std::pair<char, uint8_t> kOrder[] = {{'S', 2},  {'F', 1},    {'R', 4},    {'P', 8},
                                                 {'A', 16}, {'U', 0x20}, {'E', 0x40}, {'C', 0x80}};
  for (const auto& [letter, bit] : kOrder) {
    if ((flags & bit) != 0) text += letter;
  }
  return text;
}

std::string describe_ip(View packet);

struct Ip {
  size_t header, length;
  uint8_t protocol;
  uint32_t source, destination;
  View segment;  // what there is of it
  bool whole;
};

std::string transport_sum(const Ip& ip, size_t checksum_at) {
  if (!ip.whole) return "?";
  if (ip.protocol == 17 && get16(ip.segment, checksum_at) == 0) return "0";
  const uint16_t sum = ip.protocol == 1
                           ? internet_checksum(ip.segment)
                           : segment_checksum(ip.source, ip.destination, ip.protocol, ip.segment);
  return sum == 0 ? "ok" : "BAD";
}

std::string tcp_line(const Ip& ip) {
  const View s = ip.segment;
  std::string text = fmt::format(" [{}] seq={}", flag_letters(s[13]), get32(s, 4));
  if ((s[13] & 16) != 0) text += fmt::format(" ack={}", get32(s, 8));
  const size_t header = s[12] / 16 * 4u;
  if (header > 20 && header <= s.size()) text += " opts=" + hex(s.subspan(20, header - 20));
  return text;
}

std::string icmp_line(const Ip& ip) {
  const View s = ip.segment;
  std::string text = fmt::format(" type={} code={}", s[0], s[1]);
  if (s[0] == 3 && s[1] == 4) text += fmt::format(" mtu={}", get16(s, 6));
  if (s[0] == 0 || s[0] == 8) text += fmt::format(" rest={:08x}", get32(s, 4));
  return text;
}

bool is_icmp_error(const Ip& ip) {
  return ip.protocol == 1 && ip.segment.size() > 8 && (ip.segment[0] == 3 || ip.segment[0] == 11);
}

std::string describe_flow(View p, const Ip& ip) {
  const bool ports = (ip.protocol == 6 || ip.protocol == 17) && ip.segment.size() >= 4;
  const std::string name = ip.protocol == 6    ? "TCP"
                           : ip.protocol == 17 ? "UDP"
                           : ip.protocol == 1  ? "ICMP"
                                               : fmt::format("proto={}", ip.protocol);
  const auto end = [&](uint32_t address, size_t at) {
    return dotted(address) + (ports ? fmt::format(":{}", get16(ip.segment, at)) : "");
  };
  std::string text =
      fmt::format("{} {}>{} ttl={}", name, end(ip.source, 0), end(ip.destination, 2), p[8]);
  // What the director makes itself carries an ID of its own.
  if (!is_icmp_error(ip)) text += fmt::format(" id=0x{:04x}", get16(p, 4));
  text += fmt::format(" tos=0x{:02x}", p[1]);
  if ((get16(p, 6) & 0x4000) != 0) text += " DF";
  if ((get16(p, 6) & 0x3fff) != 0) text += fmt::format(" FRAG 0x{:04x}", get16(p, 6));
  if (ip.header > 20) text += " ipopts=" + hex(p.subspan(20, ip.header - 20));
  if (ip.protocol == 6 && ip.segment.size() >= 20) text += tcp_line(ip);
  if (ip.protocol == 1 && ip.segment.size() >= 8) text += icmp_line(ip);
  text += fmt::format(" len={}", ip.length);
  constexpr size_t kNone = 0;
  const size_t at = ip.protocol == 6 ? 16 : ip.protocol == 17 ? 6 : ip.protocol == 1 ? 2 : kNone;
  if (at != kNone && ip.segment.size() >= 8) text += " csum=" + transport_sum(ip, at);
  if (internet_checksum(p.first(ip.header)) != 0) text += " IPCSUM-BAD";
  if (is_icmp_error(ip)) text += " quoting{" + describe_ip(ip.segment.subspan(8)) + "}";
  const bool wraps = ip.protocol == 4 && (get16(p, 6) & 0x1fff) == 0;
  if (wraps) text += " carrying{" + describe_ip(ip.segment) + "}";
  return text;
}

std::string describe_ip(View p) {
  if (p.size() < 20 || p[0] / 16 != 4) return "IP HEADER BROKEN";
  Ip ip{};
  ip.header = (p[0] & 15) * 4u;
  ip.length = get16(p, 2);
  if (ip.header < 20 || ip.header > p.size() || ip.length < ip.header) return "IP HEADER BROKEN";
  ip.protocol = p[9];
  ip.source = get32(p, 12);
  ip.destination = get32(p, 16);
  ip.whole = p.size() >= ip.length;
  ip.segment = p.subspan(ip.header, std::min(p.size(), ip.length) - ip.header);
  std::string text = describe_flow(p, ip);
  if (!ip.whole) text += fmt::format(" quoted={}", p.size());
  if (p.size() > ip.length) text += fmt::format(" TRAILING={}", p.size() - ip.length);
  return text;
}

std::string describe_arp(View a) {
  if (a.size() != 28) return fmt::format("ARP OF {} BYTES", a.size());
  if (hex(a.first(6)) != "000108000604") return "ARP BROKEN " + hex(a);
  const std::string sender = dotted(get32(a, 14)), target = dotted(get32(a, 24));
  if (get16(a, 6) == 2) {
    return fmt::format("ARP {} is-at {} to {} {}", sender, mac_at(a, 8).to_string(), target,
                       host_name(mac_at(a, 18)));
  }
  if (get16(a, 6) != 1) return "ARP BROKEN " + hex(a);
  if (sender == target) return fmt::format("ARP announces {}", sender);
  return fmt::format("ARP who-has {} tell {}", target, sender);
}

}  // namespace

std::string dotted(uint32_t a) {
  return fmt::format("{}.{}.{}.{}", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
}

std::string host_name(const lb::MacAddress& mac) {
  if (mac == lb::kBroadcastMac) return "all";
  if (mac.bytes[0] != 2 || mac.bytes[1] != 0) return mac.to_string();
  return dotted(get32(mac.bytes, 2));
}

std::string describe(View frame) {
  if (frame.size() < kEthernet) return "FRAME CUT";
  const View payload = frame.subspan(kEthernet);
  switch (get16(frame, 12)) {
    case 0x0800:
      return describe_ip(payload);
    case 0x0806:
      return describe_arp(payload);
    default:
      return fmt::format("ETHERTYPE 0x{:04x}", get16(frame, 12));
  }
}

bool has_right_ip_checksum(View frame) {
  if (frame.size() < kEthernet + 20 || get16(frame, 12) != 0x0800) return true;
  const size_t header = (frame[kEthernet] & 15) * 4u;
  return header >= 20 && frame.size() >= kEthernet + header &&
         internet_checksum(frame.subspan(kEthernet, header)) == 0;
}

}  // namespace dataplane_test
