// The part of live changes that follows the servers' health.
#include <algorithm>

#include "control/live_changes.h"
#include "control/log.h"
#include "control/quorum.h"

namespace control {
namespace {

void log_change(const conf::Service& service, const health::Change& change) {
  const std::string text = change.server.to_short_string();
  if (change.health == Health::kDown) {
    log::warning("server {} of {} is down: {}", text, service.name, change.reason);
  } else {
    log::notice("server {} of {} is up", text, service.name);
  }
}

}  // namespace

// After enter().
void LiveChanges::follow_checks(const conf::Service& service) {
  if (running_.monitor == nullptr) return;
  running_.monitor->follow(service);
  const ServiceKey key = key_of(service);
  const auto now = running_.now();
  for (const conf::Server& server : service.servers) {
    running_.roster.set_health(key, server, running_.monitor->health(key, server.address), now);
  }
}

void LiveChanges::judge(const conf::Service& service) {
  Roster::Service& entry = *running_.roster.find(key_of(service));
  const bool served = sorry_server_serves(service, entry);
  const bool first = !entry.quorum.has_value();
  if (!judge_quorum(service, entry)) return;
  quorum_changes_.push_back({service, *entry.quorum, live_weight(service, entry), first});
  // TCP may go on at the sorry server to its end, but a UDP client might stay with it for ever.
  if (served && service.on_down_kind() != conf::OnDown::kKeep) {
    to_cut_.push_back(entry.servers.at(service.sorry_server->address).slot);
  }
}

void LiveChanges::begin() {
  for (const conf::Service& service : running_.config.services) {
    running_.roster.find(key_of(service))->quorum.reset();
    follow_checks(service);
    judge(service);
  }
}

void LiveChanges::follow_health(const std::vector<health::Change>& changes) {
  std::map<ServiceKey, std::map<lb::Endpoint, const health::Change*>> by_service;
  for (const health::Change& change : changes) by_service[change.service][change.server] = &change;
  auto next = std::make_unique<Snapshot>(running_.publisher->snapshot());
  std::vector<uint32_t> opening;
  for (const auto& [key, servers] : by_service) {
    const auto place = place_of(key);
    if (!place) continue;  // gone since
    const conf::Service& service = running_.config.services[*place];
    const Roster::Service& entry = *running_.roster.find(key);
    for (const conf::Server& server : service.servers) {
      const auto found = servers.find(server.address);
      if (found == servers.end()) continue;
      const health::Change& change = *found->second;
      log_change(service, change);
      // What it is by now, should more have happened.
      const Health health = running_.monitor->health(key, server.address);
      running_.roster.set_health(key, server, health, running_.now());
      if (health != Health::kDown) continue;
      const uint32_t slot = entry.servers.at(server.address).slot;
      if (service.on_down_kind() != conf::OnDown::kKeep) to_cut_.push_back(slot);
      if (service.on_down_kind() != conf::OnDown::kReset) opening.push_back(slot);
    }
    put(*next, service);
  }
  to_forget_opening_ = std::move(opening);
  publish_edited(std::move(next));
}

}  // namespace control
