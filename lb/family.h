// What differs between address families. Tables, connections and the packet path are templates over
// such a type, so that IPv4, today's only one, would pay nothing for another.
#pragma once

#include <bit>
#include <cstring>

#include "lb/address.h"
#include "lb/hash.h"
#include "lb/state.h"

namespace lb {

struct V4 {
  using Address = Ipv4Address;
  static constexpr unsigned kAddressBits = 32;

  static IpAddress to_ip(Address address) { return IpAddress(address); }
  static Address from_ip(const IpAddress& address) { return address.ipv4(); }
  // The address with all but its first `bits` bits cleared; up to kAddressBits.
  static Address prefix_of(Address address, unsigned bits) {
    const uint32_t mask = bits == 0 ? 0 : ~uint32_t{0} << (kAddressBits - bits);
    return {Be32(address.bits.value() & mask)};
  }
  // To 32 bits in host order, as LVS's hashing schedulers take addresses.
  static uint32_t fold(Address address) { return address.bits.value(); }
  // A client of a service as one number, never 0, from which both can be told. Clients that are
  // alike under the mask are one.
  static uint64_t client_key(uint32_t service, Address client, Address mask) {
    return (uint64_t{service} + 1) << 32 | (client.bits.value() & mask.bits.value());
  }
  static uint32_t service_of_key(uint64_t key) { return static_cast<uint32_t>(key >> 32) - 1; }
  static Address client_of_key(uint64_t key) { return {Be32(static_cast<uint32_t>(key))}; }
  // A FlowEnd as one value, never 0.
  using EndKey = uint64_t;
  static EndKey end_key(Address address, Be16 port, Protocol protocol) {
    static_assert(std::endian::native == std::endian::little);
    return end_key(address, port, key_part(protocol));
  }
  // The same, `part` being the protocol's: see key_part.
  static EndKey end_key(Address address, Be16 port, EndKey part) {
    return part | uint64_t{port.raw()} << 32 | address.bits.raw();
  }
  // Whether two keys differ in nothing but what `part` stands for.
  static bool is_same_end(EndKey a, EndKey b) { return (a ^ b) << 16 == 0; }
  static constexpr EndKey key_part(Protocol protocol) {
    return (static_cast<EndKey>(usual_state(protocol)) << 8 | static_cast<EndKey>(protocol)) << 48;
  }
  static uint64_t hash(const HashKey& key, EndKey end) { return mix(key, end); }
  // Cheaper, for keys that nobody outside chooses: it spreads by its high bits. `multiplier` odd.
  static uint64_t spread(uint64_t multiplier, EndKey end) { return multiplier * end; }
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

// One end of a flow, the flow's protocol, and the state that its connection is in as a rule: the
// first bytes of that connection's entry (lb/connection.h).
template <class F>
struct FlowEnd : End<F> {
  using Key = typename F::EndKey;

  Protocol protocol;
  State state;

  static FlowEnd of(const End<F>& end, Protocol protocol) {
    FlowEnd result;
    result.set(F::end_key(end.address, end.port, protocol));
    return result;
  }
  Key key() const { return std::bit_cast<Key>(*this); }
  // All at once: GCC makes detours over the stack of anything else.
  void set(Key key) { std::memcpy(this, &key, sizeof key); }
};
static_assert(sizeof(FlowEnd<V4>) == sizeof(V4::EndKey));

}  // namespace lb
