// The part of live changes that sees off what leaves: servers and services that were deleted, to
// their last connection's end or until they are cut.
#include <fmt/format.h>

#include <algorithm>

#include "control/live_changes.h"

namespace control {

// Before the snapshot without it is published.
void LiveChanges::leave(const ServiceKey& key, const conf::Server& server,
                        const Farewell& farewell) {
  running_.roster.leave(key, server, farewell, next_publication(), running_.now());
  leavers_.insert(key);
}

void LiveChanges::leave(const conf::Service& service, const Farewell& farewell) {
  const ServiceKey key = key_of(service);
  // Those that were deleted before it go with it.
  for (auto& [address, server] : running_.roster.find(key)->servers) {
    if (server.leaving) Roster::hasten(*server.leaving, farewell, running_.now());
  }
  for (const conf::Server& server : service.servers) leave(key, server, farewell);
  if (service.sorry_server) leave(key, *service.sorry_server, farewell);
  if (running_.monitor != nullptr) running_.monitor->forget(key);
  running_.roster.leave(key);
  leavers_.insert(key);
}

Change LiveChanges::hasten(std::string_view name, const std::optional<lb::Endpoint>& address,
                           const Farewell& farewell) {
  bool known = false;
  for (const ServiceKey& key : leavers_) {
    Roster::Service& service = *running_.roster.find(key);
    if (!service.last.is_called(name)) continue;
    if (!address && !service.leaving) continue;
    for (auto& [each, server] : service.servers) {
      if (!server.leaving || (address && each != *address)) continue;
      Roster::hasten(*server.leaving, farewell, running_.now());
      known = true;
    }
  }
  if (!known) {
    const Refusal::Kind kind =
        address ? Refusal::Kind::kNoSuchServer : Refusal::Kind::kNoSuchService;
    return std::unexpected(Refusal{kind, fmt::format("nothing of {} is leaving", name)});
  }
  cut_what_is_due();
  return {};
}

void LiveChanges::cut_what_is_due() {
  const auto now = running_.now();
  for (const ServiceKey& key : leavers_) {
    for (auto& [address, server] : running_.roster.find(key)->servers) {
      if (!server.leaving || server.leaving->cut || !server.leaving->deadline) continue;
      if (*server.leaving->deadline > now) continue;
      server.leaving->cut = true;
      to_cut_.push_back(server.slot);
    }
  }
  if (to_cut_.empty() && to_forget_opening_.empty()) return;
  running_.orders->cut(std::exchange(to_cut_, {}), std::exchange(to_forget_opening_, {}));
  running_.hurry();
}

// Whether nothing more can come from a server that leaves: no connection is left, and none can
// come; of a service that keeps none, what it was asked has had its time.
bool LiveChanges::has_ended(const Roster::Service& service, Roster::Server& server) const {
  // A connection that changes from active to inactive may for a moment be neither.
  constexpr unsigned kLooks = 2;
  constexpr std::chrono::seconds kLateReplies{10};
  Roster::Leaving& leaving = *server.leaving;
  if (leaving.publication > running_.publisher->settled()) return false;
  if (service.last.one_packet) {
    const auto late = leaving.since + kLateReplies;
    if (running_.now() < std::min(late, leaving.deadline.value_or(late))) return false;
  }
  leaving.looks = running_.connections_of(server.slot) == 0 ? leaving.looks + 1 : 0;
  return leaving.looks >= kLooks;
}

LiveChanges::Released LiveChanges::release_what_has_ended(const ServiceKey& key) {
  Roster::Service& service = *running_.roster.find(key);
  std::vector<lb::Endpoint> ended;
  for (auto& [address, server] : service.servers) {
    if (!server.leaving || !has_ended(service, server)) continue;
    service.departed += running_.tally->totals(server.slot);
    ended.push_back(address);
  }
  for (const lb::Endpoint& address : ended) running_.roster.release(key, address);
  std::vector<uint32_t> cut_off;
  for (Roster::Server& server : service.cut_off) {
    if (!has_ended(service, server)) continue;
    service.departed += running_.tally->totals(server.slot);
    cut_off.push_back(server.slot);
  }
  for (const uint32_t slot : cut_off) running_.roster.release_cut_off(key, slot);
  if (!service.leaving || !service.servers.empty() || !service.cut_off.empty()) {
    return ended.empty() ? Released::kNothing : Released::kServers;
  }
  running_.roster.release(key);
  return Released::kService;
}

void LiveChanges::see_off() {
  bool services_gone = false;
  std::vector<ServiceKey> answering;  // services of which fewer may still answer
  for (auto at = leavers_.begin(); at != leavers_.end();) {
    const ServiceKey key = *at;
    const Released released = release_what_has_ended(key);
    services_gone = services_gone || released == Released::kService;
    const Roster::Service* service = running_.roster.find(key);
    const bool waits =
        service != nullptr && (service->leaving || !service->cut_off.empty() ||
                               std::ranges::any_of(service->servers, [](const auto& server) {
                                 return server.second.leaving.has_value();
                               }));
    if (released == Released::kServers && service->last.one_packet) answering.push_back(key);
    at = waits ? std::next(at) : leavers_.erase(at);
  }
  if (!services_gone && answering.empty()) return;
  auto next = std::make_unique<Snapshot>(running_.publisher->snapshot());
  for (const ServiceKey& key : answering) {
    if (const auto place = place_of(key)) put(*next, running_.config.services[*place]);
  }
  publish_endpoints(std::move(next));
}

}  // namespace control
