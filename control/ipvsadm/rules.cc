#include "control/ipvsadm/rules.h"

#include <fmt/format.h>

#include "control/ipvsadm/listing.h"

namespace control::ipvsadm {
namespace {

std::string_view forward_options(std::string_view forward) {
  return forward == "nat" ? "-m" : forward == "tunnel" ? "-i" : "-g";
}

std::string service_rule(const ServiceFacts& service, const std::string& name) {
  std::string line = fmt::format("-A {} -s {}", name, service.scheduler);
  if (service.persistence_timeout != 0) {
    line += fmt::format(" -p {}", service.persistence_timeout);
    const std::string mask = persistence_mask(service);
    if (!mask.empty()) line += " -M " + mask;
  }
  if (service.one_packet) line += " -o";
  const std::string flags = scheduler_flags(service);
  if (!flags.empty()) line += " -b " + flags;
  return line + '\n';
}

std::string server_rule(const ServerFacts& server, const std::string& service,
                        const std::string& name) {
  std::string line = fmt::format("-a {} -r {} {} -w {}", service, name,
                                 forward_options(server.forward), server.weight);
  if (server.forward == "tunnel") line += " --tun-type ipip";
  if (server.upper_threshold != 0) line += fmt::format(" -x {}", server.upper_threshold);
  if (server.lower_threshold != 0) line += fmt::format(" -y {}", server.lower_threshold);
  return line + '\n';
}

}  // namespace

std::string rules(std::vector<ServiceFacts> services, bool numeric, const PortName& port_name) {
  sort(services);
  std::string out;
  for (const ServiceFacts& service : services) {
    const auto name = [&](const lb::Endpoint& endpoint) {
      return endpoint_name(endpoint, service.protocol, numeric, port_name);
    };
    const std::string selection =
        (service.protocol == lb::Protocol::kTcp ? "-t " : "-u ") + name(service.address);
    out += service_rule(service, selection);
    for (const ServerFacts& server : service.servers) {
      out += server_rule(server, selection, name(server.address));
    }
  }
  return out;
}

}  // namespace control::ipvsadm
