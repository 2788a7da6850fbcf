#include "control/ipvsadm/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace control::ipvsadm {
namespace {

// ipvsadm's word for a forwarding method.
std::string forward_name(std::string_view forward) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kNames{{
      {"nat", "Masq"},
      {"dr", "Route"},
      {"tunnel", "Tunnel"},
  }};
  const auto found =
      std::ranges::find(kNames, forward, &std::pair<std::string_view, std::string_view>::first);
  return std::string(found == kNames.end() ? forward : found->second);
}

// IPv4 names are cut to their column; IPv6 ones push the rest to the right.
std::string cut(std::string name, const lb::Endpoint& endpoint, size_t width) {
  if (endpoint.address.is_ipv4() && name.size() > width) name.resize(width);
  return name;
}

constexpr std::string_view kRemoteTitle = "  -> RemoteAddress:Port\n";

std::string titles(const ListOptions& options) {
  constexpr std::string_view kLocal = "Prot LocalAddress:Port";
  if (options.stats) {
    return fmt::format("{:<33} {:>8} {:>8} {:>8} {:>8} {:>8}\n{}", kLocal, "Conns", "InPkts",
                       "OutPkts", "InBytes", "OutBytes", kRemoteTitle);
  }
  if (options.rate) {
    return fmt::format("{:<33} {:>8} {:>8} {:>8} {:>8} {:>8}\n{}", kLocal, "CPS", "InPPS", "OutPPS",
                       "InBPS", "OutBPS", kRemoteTitle);
  }
  if (options.thresholds) {
    return fmt::format("{:<33} {:<10} {:<10} {:<10} {:<10}\n{}", kLocal, "Uthreshold", "Lthreshold",
                       "ActiveConn", "InActConn", kRemoteTitle);
  }
  if (options.persistent_conn) {
    return fmt::format("{:<33} {:<9} {:<11} {:<10} {:<10}\n{}", kLocal, "Weight", "PersistConn",
                       "ActiveConn", "InActConn", kRemoteTitle);
  }
  return fmt::format(
      "Prot LocalAddress:Port Scheduler Flags\n"
      "  -> RemoteAddress:Port           Forward {}Weight ActiveConn InActConn\n",
      options.tun_info ? "TunnelInfo    " : "");
}

std::string totals(const Traffic& traffic, bool exact) {
  return large_number(traffic.connections, exact) + large_number(traffic.packets_in, exact) +
         large_number(traffic.packets_out, exact) + large_number(traffic.bytes_in, exact) +
         large_number(traffic.bytes_out, exact);
}

uint64_t rounded(double rate) { return static_cast<uint64_t>(std::llround(std::max(0.0, rate))); }

// What follows the scheduler's name.
std::string flags(const ServiceFacts& service) {
  std::string text;
  if (const std::string of_scheduler = scheduler_flags(service); !of_scheduler.empty()) {
    text += fmt::format(" ({})", of_scheduler);
  }
  if (service.persistence_timeout != 0) {
    text += fmt::format(" persistent {}", service.persistence_timeout);
    const std::string mask = persistence_mask(service);
    if (!mask.empty()) text += " mask " + mask;
  }
  return text + (service.one_packet ? " ops" : "");
}

std::string service_line(const ServiceFacts& service, const ListOptions& options,
                         const PortName& port_name) {
  const std::string name =
      cut(fmt::format("{:<4} {}", service.protocol == lb::Protocol::kTcp ? "TCP" : "UDP",
                      endpoint_name(service.address, service.protocol, options.numeric, port_name)),
          service.address, 33);
  if (options.stats) return fmt::format("{:<33}{}\n", name, totals(service.totals, options.exact));
  if (!options.rate) return fmt::format("{} {}{}\n", name, service.scheduler, flags(service));
  const Rates& rates = service.rates;
  std::string line = fmt::format("{:<33}", name);
  for (const double rate :
       {rates.connections, rates.packets_in, rates.packets_out, rates.bytes_in, rates.bytes_out}) {
    line += large_number(rounded(rate), options.exact);
  }
  return line + '\n';
}

std::string server_line(const ServerFacts& server, lb::Protocol protocol,
                        const ListOptions& options, const PortName& port_name) {
  const std::string name =
      cut(endpoint_name(server.address, protocol, options.numeric, port_name), server.address, 28);
  // As keepalived's inhibit_on_failure has it, and as LVS drains; what is configured -S tells.
  const bool is_out = server.health == "down" || server.state == "drain" || server.state == "maint";
  const uint32_t weight = is_out ? 0 : server.weight;
  const uint32_t active = server.active_connections, inactive = server.inactive_connections;
  if (options.stats) {
    return fmt::format("  -> {:<28}{}\n", name, totals(server.totals, options.exact));
  }
  if (options.rate) {
    const Rates& rates = server.rates;
    // Only the bytes are abbreviated here, unlike in the service's own line.
    return fmt::format("  -> {:<28} {:>8} {:>8} {:>8}{}{}\n", name, rounded(rates.connections),
                       rounded(rates.packets_in), rounded(rates.packets_out),
                       large_number(rounded(rates.bytes_in), options.exact),
                       large_number(rounded(rates.bytes_out), options.exact));
  }
  if (options.thresholds) {
    return fmt::format("  -> {:<28} {:<10} {:<10} {:<10} {:<10}\n", name, server.upper_threshold,
                       server.lower_threshold, active, inactive);
  }
  if (options.persistent_conn) {
    return fmt::format("  -> {:<28} {:<9} {:<11} {:<10} {:<10}\n", name, weight,
                       server.persistent_clients, active, inactive);
  }
  const std::string forward = forward_name(server.forward);
  const std::string tunnel =
      options.tun_info ? fmt::format("{:<13} ", forward == "Tunnel" ? "ipip" : "n/a") : "";
  return fmt::format("  -> {:<28} {:<7} {}{:<6} {:<10} {:<10}\n", name, forward, tunnel, weight,
                     active, inactive);
}

}  // namespace

void sort(std::vector<ServiceFacts>& services) {
  std::ranges::stable_sort(services, {}, [](const ServiceFacts& service) {
    return std::tuple(service.address.address.family(), service.protocol, service.address);
  });
  for (ServiceFacts& service : services) {
    std::ranges::stable_sort(service.servers, {}, &ServerFacts::address);
  }
}

std::string large_number(uint64_t value, bool exact) {
  if (exact) return value < 100'000'000 ? fmt::format("{:>9}", value) : fmt::format(" {}", value);
  if (value < 100'000'000) return fmt::format("{:>9}", value);
  if (value < 1'000'000'000) return fmt::format("{:>8}K", value / 1000);
  if (value < 100'000'000'000) return fmt::format("{:>8}M", value / 1'000'000);
  if (value < 100'000'000'000'000) return fmt::format("{:>8}G", value / 1'000'000'000);
  return fmt::format("{:>8}T", value / 1'000'000'000'000);
}

std::string list_title(uint64_t size) {
  return fmt::format("IP Virtual Server version 1.2.1 (size={})\n", size);
}

std::string list_services(std::vector<ServiceFacts> services, const ListOptions& options,
                          const PortName& port_name) {
  if (!options.nosort) sort(services);
  std::string out = titles(options);
  for (const ServiceFacts& service : services) {
    out += service_line(service, options, port_name);
    for (const ServerFacts& server : service.servers) {
      out += server_line(server, service.protocol, options, port_name);
    }
    if (service.sorry_server_serves) {
      out += server_line(*service.sorry_server, service.protocol, options, port_name);
    }
  }
  return out;
}

std::string list_connections(std::span<const ConnectionFacts> connections,
                             const ListOptions& options, const PortName& port_name) {
  std::string out = "IPVS connection entries\n";
  out += fmt::format("pro expire {:<11} {:<18} {:<18} ", "state", "source", "virtual");
  out += options.persistent_conn ? fmt::format("{:<18} {:<16} pe_data\n", "destination", "pe name")
                                 : "destination\n";
  for (const ConnectionFacts& connection : connections) {
    // With LVS these are iptables' affair.
    if (connection.masqueraded) continue;
    const auto name = [&](const lb::Endpoint& endpoint) {
      return endpoint_name(endpoint, connection.protocol, options.numeric, port_name);
    };
    const auto expires = static_cast<uint64_t>(std::max(0.0, connection.expires_seconds));
    out += fmt::format("{:<3} {:<6} {:<11} {:<18} {:<18} {}\n",
                       connection.protocol == lb::Protocol::kTcp ? "TCP" : "UDP",
                       fmt::format("{:02}:{:02}", expires / 60, expires % 60), connection.state,
                       name(connection.client), name(connection.virtual_address),
                       name(connection.server));
  }
  return out;
}

std::string list_timeouts(const TimeoutFacts& timeouts) {
  return fmt::format("Timeout (tcp tcpfin udp): {} {} {}\n", timeouts.tcp, timeouts.tcp_fin,
                     timeouts.udp);
}

}  // namespace control::ipvsadm
