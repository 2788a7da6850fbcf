#include "control/plan_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "control/human.h"

namespace control {
namespace {

std::string keys_text(const std::vector<conf::KeyChange>& keys) {
  std::vector<std::string> parts;
  for (const conf::KeyChange& change : keys) {
    parts.push_back(fmt::format("{} {} becomes {}", change.key, change.from, change.to));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string drains(uint64_t connections) {
  if (connections == 0) return "no connections";
  return fmt::format("{} connection{} drain{}", grouped(connections), connections == 1 ? "" : "s",
                     connections == 1 ? "s" : "");
}

}  // namespace

std::string restart_text(const conf::Difference& difference) {
  return fmt::format("nothing was changed: {} need{} a restart of lbd",
                     fmt::join(difference.needs_restart, ", "),
                     difference.needs_restart.size() == 1 ? "s" : "");
}

std::vector<std::string> plan_text(const conf::Difference& difference,
                                   const CountConnections& connections) {
  std::vector<std::string> lines;
  for (const conf::Service* service : difference.removed) {
    lines.push_back(fmt::format("service {} leaves, {}", service->name,
                                drains(connections(key_of(*service), nullptr))));
  }
  for (const conf::Service* service : difference.added) {
    lines.push_back(fmt::format("service {} comes: {} {}, {}, {} server{}", service->name,
                                lb::to_string(service->protocol), service->address.to_string(),
                                service->scheduler, service->servers.size(),
                                service->servers.size() == 1 ? "" : "s"));
  }
  for (const conf::ServiceChange& change : difference.changed) {
    const std::string& name = change.after->name;
    if (!change.keys.empty()) {
      lines.push_back(fmt::format("service {}: {}", name, keys_text(change.keys)));
    }
    for (const conf::Server* server : change.removed) {
      lines.push_back(fmt::format("server {} of {} leaves, {}", server->address.to_short_string(),
                                  name,
                                  drains(connections(key_of(*change.before), &server->address))));
    }
    for (const conf::Server* server : change.added) {
      lines.push_back(fmt::format("server {} of {} comes: weight {}, {}",
                                  server->address.to_short_string(), name, server->weight,
                                  server->forward));
    }
    for (const conf::ServerChange& server : change.changed) {
      lines.push_back(fmt::format("server {} of {}: {}", server.address.to_short_string(), name,
                                  keys_text(server.keys)));
    }
    if (change.reordered) lines.push_back(fmt::format("servers of {} change their order", name));
  }
  if (difference.reordered) lines.push_back("services change their order");
  for (const conf::KeyChange& change : difference.rest) {
    lines.push_back(keys_text({change}));
  }
  return lines;
}

}  // namespace control
