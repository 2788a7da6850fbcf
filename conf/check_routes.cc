#include <fmt/format.h>

#include "conf/check.h"

namespace conf {
namespace {

void check_gateway(const lb::IpAddress& gateway, const Reach& reach, const std::string& pointer,
                   Findings& findings) {
  if (!check_host(gateway, reach, pointer, findings)) return;
  if (reach.is_own(gateway) || reach.is_virtual(gateway)) {
    mismatch(findings, pointer, gateway.to_string(),
             "a router's address, not one of the director's");
  } else if (findings.complete("/interfaces") && !reach.on_link(gateway)) {
    mismatch(findings, pointer, gateway.to_string(),
             "an address in an interface's prefix or of a static neighbour");
  }
}

}  // namespace

void check_routes(const Config& config, const Reach& reach, Findings& findings) {
  Unique<lb::Prefix> destinations("destination", findings);
  for (size_t i = 0; i < config.routes.size(); ++i) {
    const lb::Prefix& destination = config.routes[i].destination;
    const std::string at = fmt::format("/routes/{}", i);
    if (findings.usable(at + "/destination")) {
      const lb::Prefix network = destination.network();
      if (!destination.is_network()) {
        mismatch(findings, at + "/destination", destination.to_string(),
                 fmt::format("\"{}\", without host bits", network.to_string()));
      }
      destinations.add(network, network.to_string(), at + "/destination");
      if (const Interface* interface = reach.connected_by(network)) {
        mismatch(findings, at + "/destination", network.to_string(),
                 fmt::format("no destination that interface {} has on its link", interface->name));
      }
    }
    if (findings.usable(at + "/gateway")) {
      check_gateway(config.routes[i].gateway, reach, at + "/gateway", findings);
    }
  }
}

}  // namespace conf
