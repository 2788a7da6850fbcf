#include "dataplane/masquerade.h"

#include <algorithm>
#include <bitset>

namespace dataplane {
namespace {

// The ports that connections towards one outside end have at an address, given the first of them.
template <class F>
std::bitset<65536> taken_ports(const lb::Connections<F>& connections, typename F::Address address,
                               lb::EntryIndex index) {
  std::bitset<65536> taken;
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
  const uint32_t range = rule.last_port - rule.first_port + 1u;
  const uint32_t own = source.port.value();
  const bool own_fits = own >= rule.first_port && own <= rule.last_port;
  // Servers draw their ports at random, so what lies outside the range is spread by wrapping it in.
  const uint32_t start = own_fits ? own - rule.first_port : own % range;
  const auto port_at = [&](uint32_t step) {
    return static_cast<uint16_t>(rule.first_port + (start + step) % range);
  };
  // One by one as long as the range is not crowded, so that a new connection does not cost the more
  // the more there are.
  constexpr uint32_t kTries = 64;
  const lb::ConnectionTable<F>& table = connections.table();
  const uint64_t hash = table.hash(outside, protocol);
  const lb::EntryIndex first = table.find_first(hash, outside, protocol);
  uint32_t step = 0;
  for (; step < std::min(range, kTries); ++step) {
    const lb::End<F> end{rule.address, lb::Be16(port_at(step))};
    if (table.find_among(first, lb::Direction::kInbound, end) == lb::kNoEntry) return end.port;
  }
  if (step == range) return std::nullopt;
  const std::bitset<65536> taken = taken_ports(connections, rule.address, first);
  for (; step < range; ++step) {
    if (!taken.test(port_at(step))) return lb::Be16(port_at(step));
  }
  return std::nullopt;
}

template std::optional<lb::Be16> pick_port(const lb::Connections<lb::V4>&,
                                           const MasqueradeRule<lb::V4>&, const lb::End<lb::V4>&,
                                           const lb::End<lb::V4>&, lb::Protocol);

}  // namespace dataplane
