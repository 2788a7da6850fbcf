#include "conf/write.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "conf/keys.h"

namespace conf {
namespace {

using nlohmann::json;

// A list even when `values` is empty, which a plain json{} is not.
template <class T, class Write>
json list(const std::vector<T>& values, Write write) {
  json result = json::array();
  for (const T& value : values) result.push_back(write(value));
  return result;
}

json text(const auto& value) { return value.to_string(); }

json options_json(const Options& options) {
  json result = json::object();
  for (const auto& [name, value] : options) {
    std::visit([&](const auto& plain) { result[name] = plain; }, value);
  }
  return result;
}

json seconds(uint32_t milliseconds) {
  if (milliseconds % 1000 == 0) return milliseconds / 1000;
  return milliseconds / 1000.0;
}

json check_json(const HealthCheck& check) {
  json result = {{"type", check.type}};
  if (!check.is_made()) return result;
  result["interval"] = seconds(check.interval_ms);
  result["timeout"] = seconds(check.timeout_ms);
  result["fall"] = check.fall;
  result["rise"] = check.rise;
  result["start_down"] = check.start_down;
  if (check.address) result["address"] = text(*check.address);
  if (check.port != 0) result["port"] = check.port;
  result.update(options_json(check.options));
  return result;
}

// Port 0 is no port: the server has every one of the service's.
json way_json(const Server& server, const ServiceSettings& service) {
  json result = {{"address", server.address.to_short_string()}, {"forward", server.forward}};
  // Also when only the service has some: left out, the server would inherit them.
  if (!server.forward_options.empty() || !service.forward_options.empty()) {
    result["forward_options"] = options_json(server.forward_options);
  }
  return result;
}

}  // namespace

json to_json(const Interface& interface) {
  const auto neighbour = [](const Neighbour& entry) -> json {
    return {{"address", text(entry.address)}, {"mac", text(entry.mac)}};
  };
  json result = {{"name", interface.name},
                 {"device", interface.devices},
                 {"addresses", list(interface.addresses, text<lb::Prefix>)},
                 {"virtual_addresses", list(interface.virtual_addresses, text<lb::IpAddress>)},
                 {"neighbours", list(interface.neighbours, neighbour)},
                 {"mtu", interface.mtu}};
  if (interface.kernel_interface) result["kernel_interface"] = *interface.kernel_interface;
  if (interface.devices.size() == 1) result["device"] = interface.devices.front();
  return result;
}

namespace {

json route_json(const Route& route) {
  return {{"destination", text(route.destination)}, {"gateway", text(route.gateway)}};
}

}  // namespace

json to_json(const Server& server, const ServiceSettings& service) {
  json result = way_json(server, service);
  result["weight"] = server.weight;
  result["state"] = to_string(server.state);
  result["upper_threshold"] = server.upper_threshold;
  result["lower_threshold"] = server.lower_threshold;
  if (server.health_check) result["health_check"] = check_json(*server.health_check);
  return result;
}

json to_json(const ServiceSettings& settings) {
  json result = {{"protocol", to_string(settings.protocol)},
                 {"address", text(settings.address)},
                 {"scheduler", settings.scheduler},
                 {"forward", settings.forward},
                 {"persistence_timeout", settings.persistence_timeout},
                 {"persistence_netmask", text(settings.persistence_netmask)},
                 {"expire_quiescent_template", settings.expire_quiescent_template},
                 {"one_packet", settings.one_packet},
                 {"sloppy_tcp", settings.sloppy_tcp},
                 {"announce", settings.announce},
                 {"slow_start", settings.slow_start},
                 {"quorum", settings.quorum},
                 {"quorum_hysteresis", settings.quorum_hysteresis},
                 {"quorum_up", settings.quorum_up},
                 {"quorum_down", settings.quorum_down}};
  if (settings.health_check) result["health_check"] = check_json(*settings.health_check);
  if (settings.on_down) result["on_down"] = to_string(*settings.on_down);
  if (settings.sorry_server) result["sorry_server"] = way_json(*settings.sorry_server, settings);
  if (settings.name != settings.derived_name()) result["name"] = settings.name;
  if (!settings.scheduler_options.empty()) {
    result["scheduler_options"] = options_json(settings.scheduler_options);
  }
  if (!settings.forward_options.empty()) {
    result["forward_options"] = options_json(settings.forward_options);
  }
  return result;
}

json to_json(const Service& service) {
  const ServiceSettings& settings = service;
  json result = to_json(settings);
  result["servers"] =
      list(service.servers, [&](const Server& entry) { return to_json(entry, settings); });
  return result;
}

namespace {

json masquerade_json(const Masquerade& rule) {
  return {{"source", text(rule.source)}, {"interface", rule.interface}, {"ports", rule.ports()}};
}

json timeouts_json(const Timeouts& timeouts) {
  json result = json::object();
  for (const TimeoutKey& key : kTimeoutKeys) result[std::string(key.name)] = timeouts.*key.seconds;
  return result;
}

json socket_json(const Socket& socket) {
  json result{{"path", socket.path},
              {"mode", fmt::format("{:04o}", socket.mode)},
              {"level", to_string(socket.level)}};
  if (!socket.group.empty()) result["group"] = socket.group;
  return result;
}

}  // namespace

json to_json(const Config& config) {
  json result = {
      {"eal", config.eal},
      {"interfaces",
       list(config.interfaces, [](const Interface& entry) { return to_json(entry); })},
      {"routes", list(config.routes, route_json)},
      {"services", list(config.services, [](const Service& entry) { return to_json(entry); })},
      {"masquerade", list(config.masquerade, masquerade_json)},
      {"timeouts", timeouts_json(config.timeouts)},
      {"connections", {{"capacity", config.connections.capacity}}},
      {"idle", {{"after_polls", config.idle.after_polls}, {"sleep_us", config.idle.sleep_us}}},
      {"vips", to_string(config.vips)},
      {"control", {{"sockets", list(config.control.sockets, socket_json)}}}};
  if (config.mbufs) result["mbufs"] = *config.mbufs;
  if (config.control.metrics) result["control"]["metrics"] = text(*config.control.metrics);
  return result;
}

}  // namespace conf
