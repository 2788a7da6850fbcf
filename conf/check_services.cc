#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "conf/check.h"
#include "conf/format.h"

namespace conf {
namespace {

constexpr std::string_view kNoServerOfItself =
    "another host's address: the director cannot be its own real server";

class ServiceChecker {
 public:
  ServiceChecker(const Config& config, const Vocabulary& vocabulary, const Reach& reach,
                 Findings& findings)
      : config_(config), vocabulary_(vocabulary), reach_(reach), findings_(findings) {}

  void check() {
    for (size_t i = 0; i < config_.services.size(); ++i) {
      const std::string at = fmt::format("/services/{}", i);
      if (!findings_.usable(at)) continue;
      const Service& service = config_.services[i];
      check_identity(service, at);
      check_options(service, at);
      check_quorum(service, at);
      if (service.health_check)
        check_probe(*service.health_check, at + "/health_check", service, at);
      Unique<lb::Endpoint> servers("address", findings_);
      for (size_t j = 0; j < service.servers.size(); ++j) {
        check_server(service, at, service.servers[j], fmt::format("{}/servers/{}", at, j), servers);
      }
      if (service.sorry_server) {
        check_way(service, at, *service.sorry_server, at + "/sorry_server", servers);
      }
    }
  }

 private:
  void check_identity(const Service& service, const std::string& at) {
    const bool given_name = service.name != service.derived_name();
    if (given_name && findings_.usable(at + "/name")) {
      if (service.name == "json") {
        mismatch(findings_, at + "/name", "json",
                 "another name: as the last word of a command it asks for its reply in JSON");
      }
      names_.add(service.name, service.name, at + "/name");
    }
    const std::string pointer = at + "/address";
    if (!findings_.usable(pointer)) return;
    if (!check_host(service.address.address, reach_, pointer, findings_)) return;
    if (!findings_.usable(at + "/protocol")) return;
    addresses_.add({service.protocol, service.address}, service.derived_name(), pointer);
  }

  void check_options(const Service& service, const std::string& at) {
    if (service.address.port == 0 && service.persistence_timeout == 0 &&
        findings_.usable(at + "/address") && findings_.usable(at + "/persistence_timeout")) {
      mismatch(findings_, at + "/address", service.address.to_string(),
               "a port from 1 to 65535: only a service with a persistence_timeout may have every "
               "port");
    }
    if (service.one_packet && service.protocol != lb::Protocol::kUdp &&
        findings_.usable(at + "/protocol") && findings_.usable(at + "/one_packet")) {
      findings_.add(at + "/one_packet",
                    "found true, expected false: only UDP is scheduled by the packet");
    }
    if (service.sloppy_tcp && service.protocol != lb::Protocol::kTcp &&
        findings_.usable(at + "/protocol") && findings_.usable(at + "/sloppy_tcp")) {
      findings_.add(at + "/sloppy_tcp", "found true, expected false: only TCP begins with a SYN");
    }
  }

  void check_thresholds(const Server& server, const std::string& at) {
    const std::string pointer = at + "/lower_threshold";
    if (server.lower_threshold <= server.upper_threshold) return;
    if (!findings_.usable(pointer) || !findings_.usable(at + "/upper_threshold")) return;
    findings_.add(pointer, fmt::format("found {}, expected at most the upper_threshold, {}",
                                       server.lower_threshold, server.upper_threshold));
  }

  void check_quorum(const Service& service, const std::string& at) {
    const std::string pointer = at + "/quorum_hysteresis";
    if (service.quorum_hysteresis < service.quorum) return;
    if (!findings_.usable(pointer) || !findings_.usable(at + "/quorum")) return;
    findings_.add(pointer, fmt::format("found {}, expected less than the quorum, {}",
                                       service.quorum_hysteresis, service.quorum));
  }

  void check_probe(const HealthCheck& check, const std::string& at, const Service& service,
                   const std::string& service_at) {
    // A program on the director itself may know about its servers.
    if (check.address && !check.address->is_loopback() && findings_.usable(at + "/address")) {
      check_host(*check.address, reach_, at + "/address", findings_);
    }
    if (!findings_.complete(at) || !findings_.usable(service_at + "/address")) return;
    const CheckType* type = vocabulary_.find_check(check.type);
    if (type == nullptr) return;
    if (type->contradiction != nullptr) {
      if (const auto wrong = type->contradiction(check.options)) {
        mismatch(findings_, child(at, wrong->option),
                 std::get<std::string>(check.options.at(wrong->option)), wrong->expected);
      }
    }
    if (type->port != CheckType::Port::kNeeded) return;
    if (service.address.port != 0 || check.port != 0) return;
    findings_.add(at, fmt::format("missing key \"port\": the service has every port, and a check "
                                  "of type \"{}\" needs one",
                                  check.type));
  }

  void check_server(const Service& service, const std::string& service_at, const Server& server,
                    const std::string& at, Unique<lb::Endpoint>& servers) {
    check_thresholds(server, at);
    if (server.health_check) {
      check_probe(*server.health_check, at + "/health_check", service, service_at);
    }
    check_way(service, service_at, server, at, servers);
  }

  // Whether packets get there.
  void check_way(const Service& service, const std::string& service_at, const Server& server,
                 const std::string& at, Unique<lb::Endpoint>& servers) {
    const std::string pointer = at + "/address";
    if (!findings_.usable(pointer)) return;
    if (!check_host(server.address.address, reach_, pointer, findings_)) return;
    // Without a port of its own, its port is as unknown as the service's.
    const bool port_known = findings_.usable(service_at + "/address");
    if (port_known && !servers.add(server.address, server.address.to_string(), pointer)) return;
    const bool method_known =
        findings_.usable(at + "/forward") && findings_.usable(service_at + "/forward");
    const Method* method = method_known ? vocabulary_.find_method(server.forward) : nullptr;
    if (port_known && method) check_port(service, server, *method, pointer);
    check_path(server.address.address, method, pointer);
  }

  void check_port(const Service& service, const Server& server, const Method& method,
                  const std::string& pointer) {
    if (service.address.port == 0 && server.address.port != 0) {
      return mismatch(findings_, pointer, server.address.to_string(),
                      "an address without port: the service has every port");
    }
    if (service.address.port != 0 && server.address.port == 0) {
      return mismatch(findings_, pointer, server.address.to_string(), "a port from 1 to 65535");
    }
    if (!method.keeps_port || server.address.port == service.address.port) return;
    mismatch(findings_, pointer, server.address.to_string(),
             fmt::format("the service's port {}: forwarding by \"{}\" keeps the port",
                         service.address.port, method.name));
  }

  void check_path(const lb::IpAddress& address, const Method* method, const std::string& pointer) {
    if (!address.is_ipv4()) {
      return mismatch(findings_, pointer, address.to_string(), std::string(kNoIpv6));
    }
    if (reach_.is_own(address) || reach_.is_virtual(address)) {
      return mismatch(findings_, pointer, address.to_string(), std::string(kNoServerOfItself));
    }
    if (!findings_.complete("/interfaces")) return;
    if (method && method->on_link && !reach_.without_router(address)) {
      return mismatch(
          findings_, pointer, address.to_string(),
          fmt::format("an address in an interface's prefix or of a static neighbour, and "
                      "behind no route: forwarding by \"{}\" crosses no router",
                      method->name));
    }
    if (method && method->needs_address &&
        std::ranges::all_of(config_.interfaces, &std::vector<lb::Prefix>::empty,
                            &Interface::addresses)) {
      return mismatch(findings_, pointer, address.to_string(),
                      fmt::format("an interface with an address: forwarding by \"{}\" sends from "
                                  "the director's own",
                                  method->name));
    }
    if (!findings_.complete("/routes") || reach_.reachable(address)) return;
    mismatch(findings_, pointer, address.to_string(),
             "an address that an interface's prefix, a static neighbour or a route reaches");
  }

  const Config& config_;
  const Vocabulary& vocabulary_;
  const Reach& reach_;
  Findings& findings_;
  Unique<std::string> names_{"name", findings_};
  Unique<std::pair<lb::Protocol, lb::Endpoint>> addresses_{"protocol and address", findings_};
};

}  // namespace

std::vector<Error> check_beside_others(const Config& config, const Service& service,
                                       std::optional<size_t> place) {
  Findings findings;
  std::map<lb::IpAddress, std::string> servers;
  for (size_t i = 0; i < service.servers.size(); ++i) {
    servers.emplace(service.servers[i].address.address, fmt::format("/servers/{}", i));
  }
  if (service.sorry_server) {
    servers.emplace(service.sorry_server->address.address, "/sorry_server");
  }
  for (size_t i = 0; i < config.services.size(); ++i) {
    if (i == place) continue;
    const Service& other = config.services[i];
    if (other.name == service.name) {
      mismatch(findings, "/name", service.name,
               "a different name than that of " + other.derived_name());
    }
    if (other.protocol == service.protocol && other.address == service.address) {
      mismatch(findings, "/address", service.derived_name(),
               "a different protocol and address than those of " + other.name);
    }
    // Once, however many services have that address.
    if (const auto server = servers.extract(other.address.address)) {
      mismatch(findings, server.mapped() + "/address", server.key().to_string(),
               std::string(kNoServerOfItself));
    }
    const auto has_our_address = [&](const Server& server) {
      return server.address.address == service.address.address;
    };
    if (std::ranges::any_of(other.servers, has_our_address) ||
        (other.sorry_server && has_our_address(*other.sorry_server))) {
      mismatch(findings, "/address", service.address.to_string(),
               "an address that no real server of " + other.name + " has");
    }
  }
  return findings.in_file_order({});
}

void check_services(const Config& config, const Vocabulary& vocabulary, const Reach& reach,
                    Findings& findings) {
  ServiceChecker(config, vocabulary, reach, findings).check();
}

}  // namespace conf
