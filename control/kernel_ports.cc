#include "control/kernel_ports.h"

#include <fmt/format.h>

#include <fstream>

namespace control {

std::optional<std::string> why_ports_collide(const conf::Config& config,
                                             const std::string& port_range) {
  uint32_t first = 0;
  uint32_t last = 0;
  if (!(std::ifstream(port_range) >> first >> last)) {
    first = 32768;
    last = 60999;
  }
  for (size_t i = 0; i < config.masquerade.size(); ++i) {
    const conf::Masquerade& rule = config.masquerade[i];
    if (rule.last_port < first || rule.first_port > last) continue;
    for (const conf::Interface& interface : config.interfaces) {
      if (interface.name != rule.interface || !interface.kernel_interface) continue;
      return fmt::format(
          "/masquerade/{}/ports: found \"{}\", expected ports outside of {}-{}, which the kernel "
          "gives out on {}, the twin of {}: choose others, or set net.ipv4.ip_local_port_range",
          i, rule.ports(), first, last, *interface.kernel_interface, interface.name);
    }
  }
  return std::nullopt;
}

}  // namespace control
