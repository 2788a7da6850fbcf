// What differs between the address families on the packet path. Everything that handles packets or
// connections is a template over one of these types, so that IPv4 pays nothing for IPv6.
#pragma once

#include "lb/address.h"
#include "lb/hash.h"

namespace lb {

struct V4 {
  using Address = Ipv4Address;
  static constexpr Family kFamily = Family::kIpv4;
  static constexpr unsigned kAddressBits = 32;

  static IpAddress to_ip(Address address) { return IpAddress(address); }
  static Address from_ip(const IpAddress& address) { return address.ipv4(); }
  // To 32 bits in host order, as LVS's hashing schedulers take addresses.
  static uint32_t fold(Address address) { return address.bits.value(); }
  // A client of a service as one number, never 0, from which both can be told. Clients that are
  // alike under the mask are one.
  static uint64_t client_key(uint32_t service, Address client, Address mask) {
    return (uint64_t{service} + 1) << 32 | (client.bits.value() & mask.bits.value());
  }
  static uint32_t service_of_key(uint64_t key) { return static_cast<uint32_t>(key >> 32) - 1; }
  static Address client_of_key(uint64_t key) { return {Be32(static_cast<uint32_t>(key))}; }
  // An end of a flow and the flow's protocol as one value, never 0.
  using EndKey = uint64_t;
  static EndKey end_key(Address address, Be16 port, Protocol protocol) {
    return uint64_t{address.bits.raw()} << 32 | uint64_t{port.raw()} << 16 |
           static_cast<uint8_t>(protocol);
  }
  static uint64_t hash(const HashKey& key, EndKey end) { return mix(key, end); }
  static uint64_t hash(const HashKey& key, Address address, Be16 port, Protocol protocol) {
    return hash(key, end_key(address, port, protocol));
  }
};

// One end of a flow in a family's compact form.
template <class F>
struct End {
  typename F::Address address;
  Be16 port;
  constexpr bool operator==(const End&) const = default;

  static End from(const Endpoint& endpoint) {
    return {F::from_ip(endpoint.address), Be16(endpoint.port)};
  }
  Endpoint to_endpoint() const { return {F::to_ip(address), port.value()}; }
};

}  // namespace lb
