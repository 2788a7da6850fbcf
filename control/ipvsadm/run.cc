#include "control/ipvsadm/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "control/ipvsadm/listing.h"
#include "control/ipvsadm/options.h"

namespace control::ipvsadm {
namespace {

// Scripts look for the version in this line, so it names the ipvsadm that is followed.
constexpr std::string_view kVersionLine =
    "ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n";

constexpr std::string_view kHelp =
    R"(Usage:
  ipvsadm -L|l [virtual-service] [options]
  ipvsadm -h
  ipvsadm -v

Commands:
Either long or short options are allowed.
  --list            -L|-l     list the table
  --help            -h        display this help message
  --version         -v        display the version of ipvsadm that lbd follows
Commands that change, save or restore the table are refused by this version of lbd.

virtual-service:
  --tcp-service|-t  service-address   service-address is IP:port
  --udp-service|-u  service-address   service-address is IP:port

Options:
  --connection   -c                   output of current connections
  --timeout                           output of timeouts (tcp tcpfin udp)
  --daemon                            output of daemon information (lbd has no sync daemon)
  --stats                             output of counters
  --rate                              output of rates per second
  --exact        -X                   expand numbers (display exact values)
  --thresholds                        output of thresholds
  --persistent-conn                   output of persistent connections
  --tun-info                          output of tunnel information
  --nosort                            services and servers in the order of the file
  --sort                              does nothing, for backwards compatibility
  --numeric      -n                   port numbers instead of names (addresses always are numeric)
)";

Reply list_one(std::vector<ServiceFacts> services, const ListOptions& options) {
  if (const auto* wanted = std::get_if<ServiceSelection>(&options.service)) {
    const auto found = std::ranges::find_if(services, [&](const ServiceFacts& service) {
      return service.protocol == wanted->protocol && service.address == wanted->address;
    });
    if (found != services.end()) return list_services({*found}, options, system_port_name);
  }
  return std::unexpected(CommandError{"No such service", 1});
}

Reply list(Facts& facts, const ListOptions& options) {
  if (options.connection) {
    const auto page =
        facts.connections({.service = {}, .client = {}, .client_port = {}, .limit = {}});
    if (!page) return std::unexpected(CommandError{page.error()});
    return list_connections(page->connections, options, system_port_name);
  }
  if (options.timeout) return list_timeouts(facts.timeouts());
  if (options.daemon) return "";
  if (!std::holds_alternative<std::monostate>(options.service)) {
    return list_one(facts.services(), options);
  }
  return list_title(facts.info().connection_capacity) +
         list_services(facts.services(), options, system_port_name);
}

}  // namespace

Reply run(Facts& facts, std::span<const std::string_view> words) {
  const auto request = parse(words);
  if (!request) return std::unexpected(request.error());
  switch (request->verb) {
    case Verb::kList:
      return list(facts, request->list);
    case Verb::kHelp:
      return std::string(kVersionLine) + std::string(kHelp);
    case Verb::kVersion:
      return std::string(kVersionLine);
    case Verb::kChange:
      return std::unexpected(CommandError{
          fmt::format(
              "this lbd does not change services while running yet: edit {} and restart lbd",
              facts.info().config_file),
          2});
    case Verb::kSave:
    case Verb::kRestore:
      return std::unexpected(CommandError{
          fmt::format(
              "this lbd neither saves nor restores ipvsadm tables yet: its services are in {}",
              facts.info().config_file),
          2});
  }
  std::unreachable();
}

}  // namespace control::ipvsadm
