// Addresses as the packet path holds them (one type per family) and as configuration, commands and
// logs hold them (IpAddress, Endpoint, Prefix: either family).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "lb/byte_order.h"

namespace lb {

enum class Family : uint8_t { kIpv4 = 4, kIpv6 = 6 };

// An IPv4 address in network order.
struct Ipv4Address {
  Be32 bits;
  constexpr auto operator<=>(const Ipv4Address&) const = default;
};
static_assert(sizeof(Ipv4Address) == 4);

// Whether it may be one host's, and so a packet's source: RFC 1122 section 3.2.1.3, of which 0/8,
// 127/8 and what begins with 224 or more may not.
constexpr bool may_be_host(Ipv4Address address) {
  const uint32_t first = address.bits.value() >> 24;
  return first != 0 && first != 127 && first < 224;
}

// An IPv6 address in network order.
struct Ipv6Address {
  std::array<uint8_t, 16> bytes{};
  constexpr auto operator<=>(const Ipv6Address&) const = default;
};
static_assert(sizeof(Ipv6Address) == 16);

// An address of either family. IPv4 takes the first four bytes, the rest is zero.
class IpAddress {
 public:
  constexpr IpAddress() = default;
  explicit IpAddress(Ipv4Address address);
  explicit IpAddress(const Ipv6Address& address);

  // Accepts exactly what inet_pton(3) accepts: dotted quads and RFC 4291 text. No host names.
  static std::optional<IpAddress> parse(std::string_view text);

  Family family() const { return family_; }
  bool is_ipv4() const { return family_ == Family::kIpv4; }
  Ipv4Address ipv4() const;  // precondition: is_ipv4()
  const std::array<uint8_t, 16>& bytes() const { return bytes_; }
  std::string to_string() const;
  // 0.0.0.0 or ::
  bool is_unspecified() const;
  // 224.0.0.0/4, ff00::/8, and IPv4's limited broadcast
  bool is_multicast_or_broadcast() const;
  bool is_loopback() const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  Family family_ = Family::kIpv4;
  std::array<uint8_t, 16> bytes_{};
};

// "IP:port", IPv6 as "[IP]:port".
struct Endpoint {
  IpAddress address;
  uint16_t port = 0;

  // Needs the port (0 to 65535, decimal, no sign).
  static std::optional<Endpoint> parse(std::string_view text);
  // As parse, but "IP" or "[IP]" alone takes `default_port`.
  static std::optional<Endpoint> parse_or(std::string_view text, uint16_t default_port);
  std::string to_string() const;
  // The same, but the address alone where there is no port (0).
  std::string to_short_string() const { return port == 0 ? address.to_string() : to_string(); }

  auto operator<=>(const Endpoint&) const = default;
};

// "IP/length"; the host bits are kept, so that one type serves an interface's address and a route.
struct Prefix {
  IpAddress address;
  uint8_t length = 0;

  static std::optional<Prefix> parse(std::string_view text);
  bool contains(const IpAddress& candidate) const;
  // True when no bit is set below the prefix length.
  bool is_network() const;
  // The same prefix with the host bits cleared.
  Prefix network() const;
  // The all-ones address, of an IPv4 prefix that has one (/30 and shorter).
  std::optional<IpAddress> broadcast() const;
  std::string to_string() const;

  auto operator<=>(const Prefix&) const = default;
};

struct MacAddress {
  std::array<uint8_t, 6> bytes{};

  // Six pairs of hex digits separated by colons.
  static std::optional<MacAddress> parse(std::string_view text);
  bool is_multicast() const { return (bytes[0] & 1) != 0; }
  bool is_zero() const { return bytes == std::array<uint8_t, 6>{}; }
  std::string to_string() const;
  uint64_t as_number() const {
    uint32_t low;
    uint16_t high;
    std::memcpy(&low, bytes.data(), 4);
    std::memcpy(&high, bytes.data() + 4, 2);
    return uint64_t{high} << 32 | low;
  }

  constexpr auto operator<=>(const MacAddress&) const = default;
  // Every frame's is compared, and the default would call memcmp.
  bool operator==(const MacAddress& other) const { return as_number() == other.as_number(); }
};
static_assert(sizeof(MacAddress) == 6);
inline constexpr MacAddress kBroadcastMac{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

// A service is TCP or UDP; a connection may also be an ICMP echo.
enum class Protocol : uint8_t { kIcmp = 1, kTcp = 6, kUdp = 17 };

// "tcp", "udp", "icmp"; the configuration knows the first two, and so does parse_protocol.
std::string_view to_string(Protocol protocol);
std::optional<Protocol> parse_protocol(std::string_view text);

}  // namespace lb
