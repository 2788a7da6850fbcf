#include "control/roster.h"

#include <utility>

#include "control/quorum.h"

namespace control {

uint32_t SlotPool::take() {
  if (next_ < size_ && returned_.size() < kQuarantine) return next_++;
  const uint32_t slot = returned_.front();
  returned_.pop_front();
  return slot;
}

std::vector<uint32_t> Roster::enter(const conf::Service& service, Time now) {
  std::vector<uint32_t> fresh;
  const auto [at, is_new] = services_.try_emplace(key_of(service));
  Service& entry = at->second;
  if (is_new) {
    entry.slot = services_free_.take();
    if (by_slot_.size() <= entry.slot) by_slot_.resize(entry.slot + 1);
    by_slot_[entry.slot] = &at->first;
  }
  entry.leaving = false;
  entry.last = service;
  const auto find_or_add = [&](const conf::Server& server) {
    auto [at, is_fresh] = entry.servers.try_emplace(server.address);
    if (at->second.is_cut()) {
      entry.cut_off.push_back(std::exchange(at->second, {}));
      is_fresh = true;
    }
    if (is_fresh) fresh.push_back(at->second.slot = servers_free_.take());
    return &*at;
  };
  entry.in_order.resize(service.servers.size());
  for (size_t i = 0; i < service.servers.size(); ++i) {
    const conf::Server& server = service.servers[i];
    auto& at = entry.in_order[i];
    if (at == nullptr || at->first != server.address || at->second.is_cut()) {
      at = find_or_add(server);
    }
    enter(at->second, server, now);
  }
  if (service.sorry_server) {
    Server& sorry = find_or_add(*service.sorry_server)->second;
    // It may have been one of those that are checked, and down.
    sorry.health = Health::kUnchecked;
    enter(sorry, *service.sorry_server, now);
  }
  return fresh;
}

void Roster::enter(Server& member, const conf::Server& server, Time now) {
  const bool accepts = is_wanted(server) && member.health != Health::kDown;
  if (accepts && (!member.accepts || member.leaving)) member.accepts_since = now;
  member.accepts = accepts;
  if (server.weight > 0) member.last_weight = server.weight;
  member.leaving.reset();
}

void Roster::set_health(const ServiceKey& key, const conf::Server& server, Health health,
                        Time now) {
  Server& member = services_.at(key).servers.at(server.address);
  member.health = health;
  const bool accepts = is_wanted(server) && health != Health::kDown;
  if (accepts && !member.accepts) member.accepts_since = now;
  member.accepts = accepts;
}

void Roster::leave(const ServiceKey& key, const conf::Server& server, const Farewell& farewell,
                   uint64_t publication, Time now) {
  Leaving leaving{.last = server, .publication = publication, .since = now, .deadline = {}};
  hasten(leaving, farewell, now);
  services_.at(key).servers.at(server.address).leaving = std::move(leaving);
}

void Roster::leave(const ServiceKey& key) {
  Service& service = services_.at(key);
  service.leaving = true;
  // One that comes back meanwhile begins anew.
  service.quorum.reset();
  service.loss_told = false;
}

void Roster::hasten(Leaving& leaving, const Farewell& farewell, Time now) {
  std::optional<Time> deadline;
  if (farewell.kind == Farewell::Kind::kCut) {
    deadline = now;
  } else if (farewell.deadline_seconds) {
    deadline = now + std::chrono::seconds(*farewell.deadline_seconds);
  }
  if (!deadline) return;
  leaving.deadline = std::min(*deadline, leaving.deadline.value_or(*deadline));
  if (*leaving.deadline <= now) leaving.had_time = false;
}

void Roster::release(const ServiceKey& key, const lb::Endpoint& server) {
  Service& service = services_.at(key);
  const auto at = service.servers.find(server);
  servers_free_.give(at->second.slot);
  service.in_order.clear();
  service.servers.erase(at);
}

void Roster::release_cut_off(const ServiceKey& key, uint32_t server_slot) {
  servers_free_.give(server_slot);
  std::erase_if(services_.at(key).cut_off,
                [&](const Server& server) { return server.slot == server_slot; });
}

void Roster::release(const ServiceKey& key) {
  const auto at = services_.find(key);
  by_slot_[at->second.slot] = nullptr;
  services_free_.give(at->second.slot);
  services_.erase(at);
}

const Roster::Service* Roster::find(const ServiceKey& key) const {
  const auto found = services_.find(key);
  return found == services_.end() ? nullptr : &found->second;
}

Roster::Service* Roster::find(const ServiceKey& key) {
  const auto found = services_.find(key);
  return found == services_.end() ? nullptr : &found->second;
}

const Roster::Service* Roster::at(uint32_t service_slot) const {
  const bool taken = service_slot < by_slot_.size() && by_slot_[service_slot] != nullptr;
  return taken ? &services_.at(*by_slot_[service_slot]) : nullptr;
}

Roster enter_all(const conf::Config& config) {
  Roster roster;
  for (const conf::Service& service : config.services) {
    roster.enter(service, {});
    judge_quorum(service, *roster.find(key_of(service)));
  }
  return roster;
}

}  // namespace control
