#include "lb/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace lb {
namespace {

// Decimal without sign, leading zeros allowed only as "0"; nullopt when above `max`.
std::optional<uint32_t> parse_decimal(std::string_view text, uint32_t max) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

unsigned bits_of(Family family) { return family == Family::kIpv4 ? 32 : 128; }

}  // namespace

IpAddress::IpAddress(Ipv4Address address) : family_(Family::kIpv4) {
  std::memcpy(bytes_.data(), &address, sizeof address);
}

IpAddress::IpAddress(const Ipv6Address& address) : family_(Family::kIpv6), bytes_(address.bytes) {}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string copy(text);  // inet_pton wants a terminator
  if (copy.size() != std::strlen(copy.c_str())) return std::nullopt;
  IpAddress result;
  if (inet_pton(AF_INET, copy.c_str(), result.bytes_.data()) == 1) return result;
  result.family_ = Family::kIpv6;
  if (inet_pton(AF_INET6, copy.c_str(), result.bytes_.data()) == 1) return result;
  return std::nullopt;
}

Ipv4Address IpAddress::ipv4() const {
  Ipv4Address result;
  std::memcpy(&result, bytes_.data(), sizeof result);
  return result;
}

std::string IpAddress::to_string() const {
  char text[INET6_ADDRSTRLEN];
  inet_ntop(is_ipv4() ? AF_INET : AF_INET6, bytes_.data(), text, sizeof text);
  return text;
}

bool IpAddress::is_unspecified() const { return bytes_ == std::array<uint8_t, 16>{}; }

bool IpAddress::is_multicast_or_broadcast() const {
  if (!is_ipv4()) return bytes_[0] == 0xff;
  return (bytes_[0] & 0xf0) == 0xe0 || ipv4().bits.value() == 0xffffffff;
}

bool IpAddress::is_loopback() const {
  if (is_ipv4()) return bytes_[0] == 127;
  return bytes_[15] == 1 &&
         std::all_of(bytes_.begin(), bytes_.end() - 1, [](uint8_t b) { return b == 0; });
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::parse(host);
  const auto port = parse_decimal(text.substr(colon + 1), 65535);
  if (!address || !port || address->is_ipv4() == bracketed) return std::nullopt;
  return Endpoint{*address, static_cast<uint16_t>(*port)};
}

std::optional<Endpoint> Endpoint::parse_or(std::string_view text, uint16_t default_port) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    const auto address = IpAddress::parse(text.substr(1, text.size() - 2));
    if (!address || address->is_ipv4()) return std::nullopt;
    return Endpoint{*address, default_port};
  }
  if (const auto address = IpAddress::parse(text)) return Endpoint{*address, default_port};
  return parse(text);
}

std::string Endpoint::to_string() const {
  const std::string host = address.to_string();
  return (address.is_ipv4() ? host : "[" + host + "]") + ":" + std::to_string(port);
}

std::optional<Prefix> Prefix::parse(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const auto length = parse_decimal(text.substr(slash + 1), bits_of(address->family()));
  if (!length) return std::nullopt;
  return Prefix{*address, static_cast<uint8_t>(*length)};
}

bool Prefix::contains(const IpAddress& candidate) const {
  if (candidate.family() != address.family()) return false;
  const size_t whole = length / 8;
  if (std::memcmp(candidate.bytes().data(), address.bytes().data(), whole) != 0) return false;
  if (length % 8 == 0) return true;
  const uint8_t mask = static_cast<uint8_t>(0xff00 >> (length % 8));
  return ((candidate.bytes()[whole] ^ address.bytes()[whole]) & mask) == 0;
}

bool Prefix::is_network() const { return network().address == address; }

Prefix Prefix::network() const {
  std::array<uint8_t, 16> bytes = address.bytes();
  const size_t size = bits_of(address.family()) / 8;
  for (size_t i = 0; i < size; ++i) {
    const int kept = std::clamp<int>(length - static_cast<int>(8 * i), 0, 8);
    bytes[i] &= static_cast<uint8_t>(0xff00 >> kept);
  }
  if (!address.is_ipv4()) return {IpAddress(Ipv6Address{bytes}), length};
  Ipv4Address v4;
  std::memcpy(&v4, bytes.data(), sizeof v4);
  return {IpAddress(v4), length};
}

std::optional<IpAddress> Prefix::broadcast() const {
  if (!address.is_ipv4() || length > 30) return std::nullopt;
  const uint32_t host_bits = static_cast<uint32_t>((uint64_t{1} << (32 - length)) - 1);
  return IpAddress(Ipv4Address{Be32(address.ipv4().bits.value() | host_bits)});
}

std::string Prefix::to_string() const { return address.to_string() + "/" + std::to_string(length); }

std::optional<MacAddress> MacAddress::parse(std::string_view text) {
  if (text.size() != 17) return std::nullopt;
  MacAddress result;
  for (size_t i = 0; i < 6; ++i) {
    const char* pair = text.data() + 3 * i;
    if (i < 5 && pair[2] != ':') return std::nullopt;
    const auto [end, error] = std::from_chars(pair, pair + 2, result.bytes[i], 16);
    if (error != std::errc{} || end != pair + 2) return std::nullopt;
  }
  return result;
}

std::string MacAddress::to_string() const {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : bytes) {
    if (!text.empty()) text += ':';
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

std::string_view to_string(Protocol protocol) {
  switch (protocol) {
    case Protocol::kTcp:
      return "tcp";
    case Protocol::kUdp:
      return "udp";
    case Protocol::kIcmp:
      break;
  }
  return "icmp";
}

std::optional<Protocol> parse_protocol(std::string_view text) {
  if (text == "tcp") return Protocol::kTcp;
  if (text == "udp") return Protocol::kUdp;
  return std::nullopt;
}

}  // namespace lb
