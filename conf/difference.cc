#include "conf/difference.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "conf/write.h"

namespace conf {
namespace {

using nlohmann::json;

std::vector<KeyChange> key_changes(const json& before, const json& after) {
  std::set<std::string> keys;
  for (const auto& [key, value] : before.items()) keys.insert(key);
  for (const auto& [key, value] : after.items()) keys.insert(key);
  std::vector<KeyChange> changes;
  for (const std::string& key : keys) {
    const auto text = [&](const json& object) {
      return object.contains(key) ? object[key].dump() : std::string("none");
    };
    if (text(before) != text(after)) changes.push_back({key, text(before), text(after)});
  }
  return changes;
}

Server with_state_of(Server server, const Server& other) {
  server.state = other.state;
  return server;
}

ServiceChange service_change(const Service& before, const Service& after) {
  ServiceChange change{&before, &after, {}, {}, {}, {}};
  const ServiceSettings &old_settings = before, &new_settings = after;
  if (old_settings != new_settings) {
    change.keys = key_changes(to_json(old_settings), to_json(new_settings));
  }
  std::map<lb::Endpoint, const Server*> old_servers, new_servers;
  for (const Server& server : before.servers) old_servers.emplace(server.address, &server);
  for (const Server& server : after.servers) new_servers.emplace(server.address, &server);
  std::vector<lb::Endpoint> old_order, new_order;
  for (const Server& server : after.servers) {
    const auto old = old_servers.find(server.address);
    if (old == old_servers.end()) {
      change.added.push_back(&server);
      continue;
    }
    new_order.push_back(server.address);
    const Server wanted = with_state_of(server, *old->second);
    if (wanted == *old->second) continue;
    change.changed.push_back(
        {server.address, key_changes(to_json(*old->second, before), to_json(wanted, after))});
  }
  for (const Server& server : before.servers) {
    if (new_servers.contains(server.address)) {
      old_order.push_back(server.address);
    } else {
      change.removed.push_back(&server);
    }
  }
  change.reordered = old_order != new_order;
  return change;
}

void compare_services(const Config& before, const Config& after, Difference& result) {
  using Key = std::pair<lb::Protocol, lb::Endpoint>;
  std::map<Key, const Service*> old_services;
  for (const Service& service : before.services) {
    old_services.emplace(Key(service.protocol, service.address), &service);
  }
  std::vector<const Service*> old_order, new_order;  // of those that stay, as they were
  for (const Service& service : after.services) {
    const auto old = old_services.find({service.protocol, service.address});
    if (old == old_services.end()) {
      result.added.push_back(&service);
      continue;
    }
    new_order.push_back(old->second);
    if (*old->second != service) {
      ServiceChange change = service_change(*old->second, service);
      const bool none = change.keys.empty() && change.added.empty() && change.removed.empty() &&
                        change.changed.empty() && !change.reordered;
      if (!none) result.changed.push_back(std::move(change));
    }
    old_services.erase(old);
  }
  for (const Service& service : before.services) {
    if (old_services.contains({service.protocol, service.address})) {
      result.removed.push_back(&service);
    } else {
      old_order.push_back(&service);
    }
  }
  result.reordered = old_order != new_order;
}

void compare_interfaces(const Config& before, const Config& after, Difference& result) {
  if (before.interfaces.size() != after.interfaces.size()) {
    result.needs_restart.push_back("/interfaces");
    return;
  }
  for (size_t i = 0; i < before.interfaces.size(); ++i) {
    const Interface& old = before.interfaces[i];
    const Interface& wanted = after.interfaces[i];
    const std::string at = fmt::format("/interfaces/{}", i);
    if (old.name != wanted.name) result.needs_restart.push_back(at + "/name");
    if (old.devices != wanted.devices) result.needs_restart.push_back(at + "/device");
    if (old.mtu != wanted.mtu) result.needs_restart.push_back(at + "/mtu");
    if (old.kernel_interface != wanted.kernel_interface) {
      result.needs_restart.push_back(at + "/kernel_interface");
    }
    for (KeyChange& change : key_changes(to_json(old), to_json(wanted))) {
      if (change.key != "addresses" && change.key != "virtual_addresses" &&
          change.key != "neighbours") {
        continue;
      }
      change.key = fmt::format("interfaces {} {}", wanted.name, change.key);
      result.rest.push_back(std::move(change));
    }
  }
}

}  // namespace

Difference difference(const Config& before, const Config& after) {
  Difference result;
  if (before.eal != after.eal) result.needs_restart.push_back("/eal");
  compare_interfaces(before, after, result);
  if (before.connections != after.connections) {
    result.needs_restart.push_back("/connections/capacity");
  }
  if (before.idle != after.idle) result.needs_restart.push_back("/idle");
  if (before.mbufs != after.mbufs) result.needs_restart.push_back("/mbufs");
  if (before.control != after.control) result.needs_restart.push_back("/control");
  compare_services(before, after, result);
  if (before.routes != after.routes || before.masquerade != after.masquerade ||
      before.timeouts != after.timeouts || before.vips != after.vips) {
    Config old, wanted;
    old.vips = before.vips;
    wanted.vips = after.vips;
    old.routes = before.routes;
    old.masquerade = before.masquerade;
    old.timeouts = before.timeouts;
    wanted.routes = after.routes;
    wanted.masquerade = after.masquerade;
    wanted.timeouts = after.timeouts;
    for (KeyChange& change : key_changes(to_json(old), to_json(wanted))) {
      if (change.key == "vips") change.key = "vips at the next start";
      result.rest.push_back(std::move(change));
    }
  }
  return result;
}

}  // namespace conf
