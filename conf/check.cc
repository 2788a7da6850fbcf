#include "conf/check.h"

#include <fmt/format.h>

namespace conf {

void mismatch(Findings& findings, const std::string& pointer, const std::string& found,
              const std::string& expected) {
  findings.add(pointer, fmt::format("found {}, expected {}", in_quotes(found), expected));
}

bool check_host(const lb::IpAddress& address, const Reach& reach, const std::string& pointer,
                Findings& findings) {
  if (!is_unicast(address)) {
    mismatch(findings, pointer, address.to_string(), "a host's address");
    return false;
  }
  if (const auto network = reach.edge_of(address)) {
    mismatch(findings, pointer, address.to_string(),
             fmt::format("a host's address, not the network or broadcast address of {}",
                         network->to_string()));
    return false;
  }
  return true;
}

void check_sockets(const Config& config, Findings& findings) {
  Unique<std::string> paths("path", findings);
  for (size_t i = 0; i < config.control.sockets.size(); ++i) {
    const std::string pointer = fmt::format("/control/sockets/{}/path", i);
    const std::string& path = config.control.sockets[i].path;
    if (findings.usable(pointer)) paths.add(path, path, pointer);
  }
}

void check_metrics(const Config& config, Findings& findings) {
  if (!config.control.metrics || !findings.usable("/control/metrics")) return;
  const Interface* interface = config.interface_with(config.control.metrics->address);
  if (interface == nullptr || interface->kernel_interface) return;
  mismatch(findings, "/control/metrics", config.control.metrics->to_string(),
           fmt::format("an address that the kernel has: that of interface {} is lbd's alone, for "
                       "want of a kernel_interface",
                       interface->name));
}

void check(const Config& config, const Vocabulary& vocabulary, Findings& findings) {
  const Reach reach(config);
  check_interfaces(config, reach, findings);
  check_routes(config, reach, findings);
  check_services(config, vocabulary, reach, findings);
  check_masquerade(config, findings);
  check_vips(config, reach, findings);
  check_sockets(config, findings);
  check_metrics(config, findings);
}

}  // namespace conf
