#include "dataplane/masquerade.h"

#include <bitset>

namespace dataplane {
namespace {

// The ports that connections towards one outside end have at an address.
template <class F>
std::bitset<65536> taken_ports(const lb::Connections<F>& connections, typename F::Address address,
                               const lb::End<F>& outside, lb::Protocol protocol) {
  std::bitset<65536> taken;
  const lb::ConnectionTable<F>& table = connections.table();
  lb::EntryIndex index = table.find_first(table.hash(outside, protocol), outside, protocol);
  for (; index != lb::kNoEntry; index = connections.entry(index).sibling_next) {
    const lb::End<F>& end = connections.entry(index).virtual_end;
    if (end.address == address) taken.set(end.port.value());
  }
  return taken;
}

}  // namespace

template <class F>
std::optional<lb::Be16> pick_port(const lb::Connections<F>& connections,
                                  const MasqueradeRule<F>& rule, const lb::End<F>& source,
                                  const lb::End<F>& outside, lb::Protocol protocol) {
  const std::bitset<65536> taken = taken_ports(connections, rule.address, outside, protocol);
  const uint32_t range = rule.last_port - rule.first_port + 1u;
  const uint32_t own = source.port.value();
  const bool own_fits = own >= rule.first_port && own <= rule.last_port;
  // Servers draw their ports at random, so what lies outside the range is spread by wrapping it in.
  const uint32_t start = own_fits ? own - rule.first_port : own % range;
  for (uint32_t step = 0; step < range; ++step) {
    const uint32_t port = rule.first_port + (start + step) % range;
    if (!taken.test(port)) return lb::Be16(static_cast<uint16_t>(port));
  }
  return std::nullopt;
}

template std::optional<lb::Be16> pick_port(const lb::Connections<lb::V4>&,
                                           const MasqueradeRule<lb::V4>&, const lb::End<lb::V4>&,
                                           const lb::End<lb::V4>&, lb::Protocol);

}  // namespace dataplane
