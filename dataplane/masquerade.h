// Masquerade for what real servers start themselves: it leaves under the director's own address and
// a port from a range, and comes back as any connection does. Linux: xt_MASQUERADE. A port serves
// many outside ends at once; it is taken only towards one.
#pragma once

#include <optional>
#include <vector>

#include "lb/connections.h"
#include "lb/routes.h"

namespace dataplane {

template <class F>
struct MasqueradeRule {
  lb::Prefix source;              // of the real servers
  uint32_t interface = 0;         // by which it leaves
  typename F::Address address{};  // that interface's first
  uint16_t first_port = 1024;
  uint16_t last_port = 32767;

  // Whether it gives connections that end.
  bool gives(const lb::End<F>& end) const {
    return address == end.address && end.port.value() >= first_port &&
           end.port.value() <= last_port;
  }
};

template <class F>
class Masquerade {
 public:
  Masquerade() = default;
  explicit Masquerade(std::vector<MasqueradeRule<F>> rules) : rules_(std::move(rules)) {}

  bool empty() const { return rules_.empty(); }
  const std::vector<MasqueradeRule<F>>& rules() const { return rules_; }

  // Whether replies may come to this end, so that a packet for it comes from outside.
  bool covers(const lb::End<F>& end) const {
    for (const MasqueradeRule<F>& rule : rules_) {
      if (rule.gives(end)) return true;
    }
    return false;
  }

  // The rule for a packet of `source` that leaves by `interface`, or nullptr.
  const MasqueradeRule<F>* find(typename F::Address source, uint32_t interface) const {
    for (const MasqueradeRule<F>& rule : rules_) {
      if (rule.interface == interface && rule.source.contains(F::to_ip(source))) return &rule;
    }
    return nullptr;
  }

 private:
  std::vector<MasqueradeRule<F>> rules_;
};

// A port of the rule's range that no connection towards `outside` has, the source's own if it may
// be; nullopt when all are taken.
template <class F>
std::optional<lb::Be16> pick_port(const lb::Connections<F>& connections,
                                  const MasqueradeRule<F>& rule, const lb::End<F>& source,
                                  const lb::End<F>& outside, lb::Protocol protocol);

}  // namespace dataplane
