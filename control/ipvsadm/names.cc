#include "control/ipvsadm/names.h"

#include <fmt/format.h>
#include <netdb.h>

#include <array>
#include <map>
#include <utility>

namespace control::ipvsadm {

namespace {

std::string system_port_name(uint16_t port, lb::Protocol protocol) {
  servent entry{};
  servent* found = nullptr;
  std::array<char, 1024> buffer{};
  const std::string name(lb::to_string(protocol));
  getservbyport_r(htons(port), name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? fmt::to_string(port) : found->s_name;
}

}  // namespace

PortName system_port_names() {
  using Known = std::map<std::pair<uint16_t, lb::Protocol>, std::string>;
  return [known = Known()](uint16_t port, lb::Protocol protocol) mutable {
    const auto [entry, fresh] = known.try_emplace({port, protocol});
    if (fresh) entry->second = system_port_name(port, protocol);
    return entry->second;
  };
}

std::string endpoint_name(const lb::Endpoint& endpoint, lb::Protocol protocol, bool numeric,
                          const PortName& port_name) {
  const std::string port = numeric || endpoint.port == 0 ? fmt::to_string(endpoint.port)
                                                         : port_name(endpoint.port, protocol);
  const std::string address = endpoint.address.to_string();
  return endpoint.address.is_ipv4() ? fmt::format("{}:{}", address, port)
                                    : fmt::format("[{}]:{}", address, port);
}

std::string scheduler_flags(const ServiceFacts& service) {
  std::string flags;
  for (const std::string option : {"fallback", "port"}) {
    const auto found = service.scheduler_options.find(option);
    if (found == service.scheduler_options.end()) continue;
    const bool* set = std::get_if<bool>(&found->second);
    if (set == nullptr || !*set) continue;
    flags += fmt::format("{}{}-{}", flags.empty() ? "" : ",", service.scheduler, option);
  }
  return flags;
}

std::string persistence_mask(const ServiceFacts& service) {
  if (service.persistence_timeout == 0) return {};
  const lb::IpAddress host = conf::Service{}.persistence_netmask;
  return service.persistence_netmask == host ? "" : service.persistence_netmask.to_string();
}

}  // namespace control::ipvsadm
