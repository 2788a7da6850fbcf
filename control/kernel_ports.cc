#include "control/kernel_ports.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>

namespace control {
namespace {

struct Ports {
  uint32_t first = 0;
  uint32_t last = 0;
  bool has(uint32_t port) const { return first <= port && port <= last; }
};

Ports given_out(const KernelPortFiles& files) {
  Ports ports;
  if (std::ifstream(files.range) >> ports.first >> ports.last) return ports;
  return {32768, 60999};
}

// "8080,9148-9150", or nothing.
std::vector<Ports> reserved(const KernelPortFiles& files) {
  std::vector<Ports> result;
  std::ifstream file(files.reserved);
  for (uint32_t first; file >> first;) {
    Ports& ports = result.emplace_back(first, first);
    if (file.peek() == '-') file.ignore() >> ports.last;
    if (file.peek() == ',') file.ignore();
  }
  return result;
}

}  // namespace

std::optional<std::string> why_ports_collide(const conf::Config& config,
                                             const KernelPortFiles& files) {
  const Ports ports = given_out(files);
  for (size_t i = 0; i < config.masquerade.size(); ++i) {
    const conf::Masquerade& rule = config.masquerade[i];
    if (rule.last_port < ports.first || rule.first_port > ports.last) continue;
    for (const conf::Interface& interface : config.interfaces) {
      if (interface.name != rule.interface || !interface.kernel_interface) continue;
      return fmt::format(
          "/masquerade/{}/ports: found \"{}\", expected ports outside of {}-{}, which the kernel "
          "gives out on {}, the twin of {}: choose others, or set net.ipv4.ip_local_port_range",
          i, rule.ports(), ports.first, ports.last, *interface.kernel_interface, interface.name);
    }
  }
  return std::nullopt;
}

std::vector<std::string> ports_taken_from_kernel(const conf::Config& config,
                                                 const KernelPortFiles& files) {
  std::map<lb::IpAddress, std::string> twins;  // by address
  for (const conf::Interface& interface : config.interfaces) {
    if (!interface.kernel_interface) continue;
    for (const lb::Prefix& prefix : interface.addresses) {
      twins.emplace(prefix.address, *interface.kernel_interface);
    }
  }
  std::vector<std::string> lines;
  if (twins.empty()) return lines;
  const Ports ports = given_out(files);
  const std::vector<Ports> spared = reserved(files);
  for (const conf::Service& service : config.services) {
    const uint16_t port = service.address.port;
    const auto twin = twins.find(service.address.address);
    const auto has_it = [&](const Ports& some) { return some.has(port); };
    if (twin == twins.end() || !ports.has(port) || std::ranges::any_of(spared, has_it)) continue;
    lines.push_back(fmt::format(
        "service {}: {} gives out port {} to the kernel's own connections as well, which get no "
        "answer then: add it to net.ipv4.ip_local_reserved_ports",
        service.name, twin->second, port));
  }
  return lines;
}

}  // namespace control
